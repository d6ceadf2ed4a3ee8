"""AUROC for parts of the patients: by what was recorded, by declared group, by site."""

from collections.abc import Mapping

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.bootstrap import Interval, bootstrap_auroc, draw_resamples, interval
from hybrid_zoo.evaluation.metrics import auroc_over_folds
from hybrid_zoo.evaluation.scores import Scores

SMALLEST_CELL = 10  # patients

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
    """Measure AUROC with its interval in every level of every grouping.

    Args:
        scores: The predictions.
        levels: `(kind, name)` to `(rows,)` levels, where kind is "availability", "group" or "site";
            None, NaN and "" become the level "unknown".
        models: The models to measure.
        resamples: Patient resamples per level.
        seed: The random state.

    Returns:
        One dict per level and model: kind, name, level, model, n (samples), n_patients, events
        (None for a multiclass target), auroc and suppressed. In a level of fewer than 10 patients
        all numbers are None; where there is no contrast of classes only `auroc` is.

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
        for level in np.unique(names):
            part = scores.take(names == level, models)
            head: Subgroup = {"kind": kind, "name": name, "level": str(level)}
            table += [head | row for row in _measure(part, resamples, seed)]
    return table


def _level(value: object) -> str:
    unknown = value is None or value != value or value == ""
    return "unknown" if unknown else str(value)


def _measure(part: Scores, resamples: int, seed: int) -> list[Subgroup]:
    samples, first = np.unique(part.samples, return_index=True)
    suppressed = part.n_patients < SMALLEST_CELL
    sizes: Subgroup = {
        "n": None if suppressed else len(samples),
        "n_patients": None if suppressed else part.n_patients,
        "events": None if suppressed or part.classes else int(part.labels[first].sum()),
        "suppressed": suppressed,
    }
    areas: dict[str, Interval | None] = dict.fromkeys(part.models)
    if not suppressed:
        areas = _areas(part, resamples, seed)
    return [{"model": m} | sizes | {"auroc": areas[m]} for m in part.models]


def _areas(part: Scores, resamples: int, seed: int) -> dict[str, Interval | None]:
    values = auroc_over_folds(part)
    if not np.isfinite(list(values.values())).any():
        return dict.fromkeys(part.models)
    draws = bootstrap_auroc(part, draw_resamples(part, resamples=resamples, seed=seed))
    return {m: interval(values[m], draws[m]) for m in part.models}
