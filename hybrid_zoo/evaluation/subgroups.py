"""Parts of the patients: by what was recorded, by declared group, by site."""

from collections.abc import Mapping

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.bootstrap import Interval, Measured, bootstrap, draw_resamples, interval
from hybrid_zoo.evaluation.metrics import columns, confusion_metrics, ranking_of
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.suppression import SMALLEST_CELL, Counts, Hidden, hide_small

MEASURES = ("auroc", "observed_expected", "sensitivity", "specificity")

Subgroup = dict[str, str | int | bool | Interval | None]


def availability_levels(present: Mapping[str, np.ndarray]) -> np.ndarray:
    """Name each row's pattern of present modalities.

    Args:
        present: Modality to `(rows,)` bool.

    Returns:
        `(rows,)` strings such as "image+sequence"; "none" where nothing is present.
    """
    patterns = zip(*present.values(), strict=True)
    names = list(present)
    return np.array(
        ["+".join(n for n, p in zip(names, row, strict=True) if p) or "none" for row in patterns]
    )


def subgroup_table(
    scores: Scores,
    levels: Mapping[tuple[str, str], np.ndarray],
    *,
    models: tuple[str, ...] = ("hybrid",),
    resamples: int = 2000,
    seed: int = 0,
) -> list[Subgroup]:
    """Measure every level of every grouping, with intervals.

    Args:
        scores: The predictions.
        levels: `(kind, name)` to `(rows,)` levels, where kind is "availability", "group" or "site";
            None, NaN and "" become the level "unknown".
        models: The models to measure.
        resamples: Patient resamples per level.
        seed: The random state.

    Returns:
        One dict per level and model: kind, name, level, model, n (samples), n_patients, events
        (None for a multiclass target), suppressed, hide_counts, hide_events, and the intervals
        auroc, observed_expected (events over the sum of probabilities), sensitivity and specificity
        at the threshold. In a level of fewer than 10 patients all numbers are None; without a
        contrast of classes `auroc` is; a rate over fewer than 10 patients is. What `hide_counts`
        and `hide_events` say is not to be shown, because a suppressed cell would follow from it.

    Raises:
        ConfigError: If a grouping does not have one level per row.
    """
    table: list[Subgroup] = []
    for (kind, name), given in levels.items():
        if len(given) != len(scores):
            raise ConfigError(
                f"subgroup_table: {name!r} has {len(given)} levels; "
                f"expected {len(scores)}, one per row."
            )
        names = np.array([_level(value) for value in given])
        parts = {str(x): scores.take(names == x, models) for x in np.unique(names)}
        hidden = _hidden(list(parts.values()))
        for place, (level, part) in enumerate(parts.items()):
            head: Subgroup = {"kind": kind, "name": name, "level": level}
            head |= {"hide_counts": bool(hidden.overall[place])}
            head |= {"hide_events": bool(hidden.parts[0][place])}
            table += [head | row for row in _measure(part, resamples, seed)]
    return table


def _level(value: object) -> str:
    unknown = value is None or value != value or value == ""
    return "unknown" if unknown else str(value)


def _hidden(parts: list[Scores]) -> Hidden:
    """Choose the counts that may not be shown, of levels and of their events."""
    classes = range(max(len(parts[0].classes), 2))
    counts = Counts(
        samples=np.array([[_unique(p.samples, p.labels == k) for k in classes] for p in parts]),
        patients=np.array([[_unique(p.patients, p.labels == k) for k in classes] for p in parts]),
        overall=np.array([part.n_patients for part in parts]),
    )
    return hide_small([counts])


def _unique(names: np.ndarray, rows: np.ndarray) -> int:
    return len(np.unique(names[rows]))


def _measure(part: Scores, resamples: int, seed: int) -> list[Subgroup]:
    samples, first = np.unique(part.samples, return_index=True)
    suppressed = part.n_patients < SMALLEST_CELL
    sizes: Subgroup = {
        "n": None if suppressed else len(samples),
        "n_patients": None if suppressed else part.n_patients,
        "events": None if suppressed or part.classes else int(part.labels[first].sum()),
        "suppressed": suppressed,
    }
    nothing: dict[str, Interval | None] = dict.fromkeys(MEASURES)
    found = {} if suppressed else _intervals(part, resamples, seed)
    return [{"model": m} | sizes | nothing | found.get(m, {}) for m in part.models]


def _intervals(part: Scores, resamples: int, seed: int) -> dict[str, dict[str, Interval | None]]:
    draws = bootstrap(part, draw_resamples(part, resamples=resamples, seed=seed), _measures)
    found: dict[str, dict[str, Interval | None]] = {}
    for model in part.models:
        values = _measures(part, model, columns(None, len(part)))
        found[model] = {
            name: interval(float(value[0]), draws[model][name])
            for name, value in values.items()
            if np.isfinite(value[0]) and name not in _too_few(part)
        }
    return found


def _too_few(part: Scores) -> set[str]:
    """Name the rates whose denominator is fewer than 10 patients."""
    with_event = _unique(part.patients, part.labels == 1)
    without = _unique(part.patients, part.labels == 0)
    rates = {"sensitivity": with_event, "specificity": without, "observed_expected": with_event}
    return {name for name, patients in rates.items() if patients < SMALLEST_CELL}


def _measures(scores: Scores, model: str, weights: np.ndarray) -> Measured:
    area = {"auroc": ranking_of(scores, model, weights)[0]}
    if scores.classes:
        return area
    at_threshold = confusion_metrics(scores.labels, scores.decisions[model], weights)
    expected = scores.probabilities[model] @ weights
    return area | {
        "observed_expected": (scores.labels @ weights) / expected,
        "sensitivity": at_threshold["recall"],
        "specificity": at_threshold["specificity"],
    }
