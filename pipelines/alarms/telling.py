"""How well one score tells a label, and whether that can be chance."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from hybrid_zoo.pipelines.alarms.alarm import Question

Key = TypeVar("Key", bound=Hashable)
Scorer = Callable[[np.ndarray], np.ndarray]
"""Of row numbers; returns `(rows, ...)` scores."""

FOLDS = 5
_FEWEST = 10  # patients of a class
_DEVIATIONS = 3.5  # one column in 2,000 would be this far off by chance, and cohorts have many


class Bar(NamedTuple):
    """What counts as telling: an AUROC above `value` that is significantly above `floor`."""

    value: float
    floor: float


def telling(
    question: Question,
    scores: np.ndarray,
    patients: np.ndarray,
    bar: Bar,
    *,
    either_way: bool = True,
) -> float | None:
    """Return the AUROC of a score if it is above a bar, and not by chance.

    Args:
        question: Labels; unknown ones are left out.
        scores: `(samples,)`, NaN where there is none.
        patients: `(samples,)` numbers; they, not samples, are what is counted.
        bar: The bar.
        either_way: Whether low scores may mean the class too; not so for cross-fitted ones.

    Returns:
        None unless the AUROC is above `bar.value`, its logit is 3.5 standard errors above that of
        `bar.floor`, and 10 patients have each label. Of columns whose true AUROC is `bar.floor`
        fewer than 1 in 100 get so far with 60 patients, 1 in 2,000 with 300.

    Source:
        Standard error under an AUROC of `bar.floor`: Hanley and McNeil 1982, Radiology 143:29,
        eq. 1, by the delta method on the logit scale. A perfect column counts as half a discordant
        pair.
    """
    known = np.isfinite(question.labels) & np.isfinite(scores)
    labels = question.labels[known] == 1
    with_it, without = (len(np.unique(patients[known][part])) for part in (labels, ~labels))
    if min(with_it, without) < _FEWEST:
        return None
    area = float(roc_auc_score(labels, scores[known]))
    area = max(area, 1 - area) if either_way else area
    if area <= bar.value:
        return None
    capped = min(area, 1 - 0.5 / (with_it * without))
    error = _standard_error(bar.floor, with_it, without) / (bar.floor * (1 - bar.floor))
    return area if _logit(capped) - _logit(bar.floor) > _DEVIATIONS * error else None


def cross_fitted(
    question: Question,
    patients: np.ndarray,
    fit: Callable[[np.ndarray, np.ndarray], Scorer],
) -> np.ndarray | None:
    """Score every sample by what was fitted to other patients.

    Args:
        question: Labels.
        patients: `(samples,)` numbers.
        fit: Of row numbers and their labels; returns what scores rows.

    Returns:
        `(samples, ...)` scores, NaN where the label is unknown; None with fewer patients of a class
        than folds.
    """
    scores: np.ndarray | None = None
    for train, test in _folds(question, patients):
        found = fit(train, question.labels[train] == 1)(test)
        if scores is None:
            scores = np.full((len(patients), *found.shape[1:]), np.nan)
        scores[test] = found
    return scores


def strongest(found: Iterable[tuple[Key, float, str]]) -> dict[Key, tuple[float, str]]:
    """Keep the largest AUROC of each key.

    Args:
        found: Keys, AUROCs and what reached them.
    """
    best: dict[Key, tuple[float, str]] = {}
    for key, area, what in found:
        best[key] = max(best.get(key, (0.0, "")), (area, what))
    return best


def _folds(question: Question, patients: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows to fit and rows to score, stratified by whether a patient ever has the class."""
    known = np.flatnonzero(np.isfinite(question.labels))
    owners, owner = np.unique(patients[known], return_inverse=True)
    level = np.zeros(len(owners), dtype=int)
    np.maximum.at(level, owner, question.labels[known].astype(int))
    if min(level.sum(), len(level) - level.sum()) < FOLDS:
        return
    cut = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(level[:, None], level)
    for _, test in cut:
        held = np.isin(owner, test)
        yield known[~held], known[held]


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _standard_error(area: float, with_it: int, without: int) -> float:
    two_with, two_without = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area)
    variance += (with_it - 1) * (two_with - area**2) + (without - 1) * (two_without - area**2)
    return float(np.sqrt(variance / (with_it * without)))
