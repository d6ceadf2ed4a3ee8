"""Columns that know the answer: told by their values, whatever they are called."""

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.words import says

HIGHEST = 0.95
"""AUROC of a single column above which it is taken for the answer itself."""

_FEWEST = 5  # known rows of each class, below which nothing can be said
_CHANCE = 1e-3  # that all known rows are of one class although knowing says nothing
_PER_LEVEL = 5  # rows of a level that says something of its own


def knows_the_answer(column: pd.Series, kind: Column, labels: pd.Series) -> str:
    """Say why a column seems to hold the answer; empty if it does not.

    Args:
        column: Clean text.
        kind: What it is.
        labels: `(rows,)` class of each row, NaN where unknown.

    Returns:
        The reason, with the AUROC of the column alone (mean of one class against the rest), or of
        whether it is known.
    """
    rows = labels.notna()
    counts = labels[rows].value_counts()
    classes = counts.index[counts >= _FEWEST]
    if len(classes) < 2:
        return ""
    recorded = column[rows].notna()
    if _for_one_class_only(recorded, labels[rows]):
        return "known for one class of the target only"
    values: dict[str, pd.Series | pd.DataFrame] = {}
    if kind.kind in ("numeric", "categorical", "constant"):
        values["it"] = _coded(column[rows], kind, labels[rows], classes)
    values["whether it is known"] = recorded.astype(float)
    for what, scores in values.items():
        auroc = _macro(scores, labels[rows], classes)
        if auroc > HIGHEST:
            return f"{what} alone tells the target with an AUROC of {auroc:.2f}"
    return ""


def _for_one_class_only(recorded: pd.Series, labels: pd.Series) -> bool:
    """Tell whether a column is known for one class alone, and not by chance."""
    own = labels[recorded]
    if own.nunique() != 1 or len(own) < _FEWEST:
        return False
    share = float((labels == own.iloc[0]).mean())
    return share ** len(own) < _CHANCE


def _coded(
    column: pd.Series, kind: Column, labels: pd.Series, classes: pd.Index
) -> pd.DataFrame | pd.Series:
    """Return numbers, or for levels how often each class stands with them; rare levels as one."""
    if kind.kind == "numeric":
        return pd.to_numeric(column, errors="coerce")
    counts = column.value_counts()
    levels = column.where(~column.isin(counts.index[counts < _PER_LEVEL]), "rare")
    means = [(labels == one).groupby(levels).transform("mean") for one in classes]
    return pd.concat(means, axis=1, keys=list(classes))


def _macro(scores: pd.Series | pd.DataFrame, labels: pd.Series, classes: pd.Index) -> float:
    found = []
    for one in classes:
        own = scores[one] if isinstance(scores, pd.DataFrame) else scores
        found.append(_auroc(own, labels == one))
    return float(np.mean(found))


def _auroc(scores: pd.Series, positive: pd.Series) -> float:
    """AUROC over known scores, whichever way they point; 0.5 where a class has too few."""
    known = scores.notna()
    ranks, positive = scores[known].rank(), positive[known]
    events, others = int(positive.sum()), int((~positive).sum())
    if min(events, others) < _FEWEST:
        return 0.5
    area = (ranks[positive].sum() - events * (events + 1) / 2) / (events * others)
    return max(area, 1 - area)


def telling_variables(events: pd.DataFrame, labels: pd.Series) -> dict[str, str]:
    """Name variables of the events that know the answer, by name or by their mean per sample.

    Args:
        events: `sample_id, variable, value`.
        labels: Class of each sample, by its id.

    Returns:
        Variable to the reason.
    """
    numbers = pd.to_numeric(events["value"], errors="coerce")
    numbers = numbers.where(np.isfinite(numbers))
    means = numbers.groupby([events["sample_id"], events["variable"]]).mean().unstack("variable")
    found = {}
    for name in means:
        column = means[name].reindex(labels.index)
        kind = Column(name=str(name), kind="numeric", why="", levels=0, known=0, rows=0)
        reason = knows_the_answer(column, kind, labels)
        reason = "named like an outcome" if says(str(name), "outcome") else reason
        if reason:
            found[str(name)] = reason
    return found
