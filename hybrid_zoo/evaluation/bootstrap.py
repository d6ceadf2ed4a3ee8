"""Intervals by resampling whole patients, with the same resamples for every model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.evaluation.metrics import metrics_of, ranking_of
from hybrid_zoo.evaluation.scores import Scores

Interval = dict[str, float | None]
Measured = dict[str, np.ndarray]

_CELLS = 250_000  # weights per chunk: 2 MB stay in the processor's cache
_ROUNDS = 50


@dataclass(frozen=True)
class Resamples:
    """How often each resample drew each patient.

    Args:
        counts: `(patients, resamples)` small integers.
        patient: `(rows,)` position of each row's patient in `counts`.
        redrawn: How many resamples lacked a class in some fold and were drawn anew.
        incomplete: How many still lack one after 50 rounds of that and are used as they are; there
            AUROC is averaged over the remaining folds and classes.
    """

    counts: np.ndarray
    patient: np.ndarray
    redrawn: int
    incomplete: int

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield the row weights `(rows, some resamples)` in float64, in order."""
        width = max(16, _CELLS // len(self.patient))
        for start in range(0, self.counts.shape[1], width):
            yield self.counts[self.patient, start : start + width].astype(np.float64)


def draw_resamples(scores: Scores, *, resamples: int = 2000, seed: int = 0) -> Resamples:
    """Draw patients with replacement, as many as there are, many times.

    Args:
        scores: The predictions; only patients, labels and folds are looked at.
        resamples: How many sets to draw.
        seed: The random state.

    Returns:
        The counts. A resample without some fold's events or non-events, or some class that the
        fold does hold, is redrawn, because AUROC does not exist there.

    Source:
        Field and Welsh 2007, JRSS B 69:369 (the cluster bootstrap).
    """
    rng = np.random.default_rng(seed)
    names, patient = np.unique(scores.patients, return_inverse=True)
    needed = _needed(scores, patient, len(names))
    counts = _draw(rng, len(names), resamples)
    redrawn, lacking = 0, _lacking(counts, needed)
    for _ in range(_ROUNDS):
        if not lacking.size:
            break
        redrawn += lacking.size
        counts[:, lacking] = _draw(rng, len(names), lacking.size)
        lacking = lacking[_lacking(counts[:, lacking], needed)]
    return Resamples(counts, patient, redrawn, int(lacking.size))


def bootstrap(
    scores: Scores, resamples: Resamples, measure: Callable[[Scores, str, np.ndarray], Measured]
) -> dict[str, Measured]:
    """Compute some metrics of every model on every resample.

    Args:
        scores: The predictions.
        resamples: From `draw_resamples` on the same rows.
        measure: Of scores, model and row weights `(rows, some resamples)`: name to as many values.

    Returns:
        Model to metric to `(resamples,)` values, paired over models; NaN where undefined.
    """
    parts: dict[str, list[Measured]] = {model: [] for model in scores.models}
    for weights in resamples.chunks():
        for model in scores.models:
            parts[model].append(measure(scores, model, weights))
    return {
        model: {name: np.concatenate([part[name] for part in chunks]) for name in chunks[0]}
        for model, chunks in parts.items()
    }


def bootstrap_metrics(scores: Scores, resamples: Resamples) -> dict[str, dict[str, np.ndarray]]:
    """Compute every metric of every model on every resample.

    Args:
        scores: The predictions.
        resamples: From `draw_resamples` on the same rows.

    Returns:
        Model to metric to `(resamples,)` values, paired over models; NaN where undefined.
    """
    return bootstrap(scores, resamples, metrics_of)


def bootstrap_auroc(scores: Scores, resamples: Resamples) -> dict[str, np.ndarray]:
    """Compute AUROC alone, of every model on every resample.

    Args:
        scores: The predictions.
        resamples: From `draw_resamples` on the same rows.

    Returns:
        Model to `(resamples,)` values.
    """
    values = bootstrap(scores, resamples, _auroc_only)
    return {model: of_model["auroc"] for model, of_model in values.items()}


def interval(value: float, draws: np.ndarray) -> Interval:
    """Return a value with the 95 % percentile interval of its resamples.

    Args:
        value: The value on the data themselves.
        draws: `(resamples,)`; NaN draws are left out.

    Returns:
        `{"value", "low", "high"}`; all None when the value is undefined.

    Source:
        Efron 1981, Canadian Journal of Statistics 9:139 (the percentile interval).
    """
    known = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not known.size:
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(known, [2.5, 97.5])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _auroc_only(scores: Scores, model: str, weights: np.ndarray) -> dict[str, np.ndarray]:
    return {"auroc": ranking_of(scores, model, weights)[0]}


def _draw(rng: np.random.Generator, patients: int, resamples: int) -> np.ndarray:
    """Count drawn patients; the same distribution as a multinomial, at a fraction of its time."""
    counts = np.empty((patients, resamples), dtype=np.uint16)
    for column in range(resamples):
        counts[:, column] = np.bincount(rng.integers(patients, size=patients), minlength=patients)
    return counts


def _needed(scores: Scores, patient: np.ndarray, patients: int) -> np.ndarray:
    """Return `(fold-class pairs present, patients)` 1 where the patient has such a row."""
    pairs = np.stack([scores.folds, scores.labels], axis=1)
    kinds, kind = np.unique(pairs, axis=0, return_inverse=True)
    holds = np.zeros((len(kinds), patients), dtype=np.float32)
    holds[kind.ravel(), patient] = 1
    several = np.array([(kinds[:, 0] == fold).sum() > 1 for fold in kinds[:, 0]])
    return holds[several]


def _lacking(counts: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return the positions of resamples that hold no row of some needed kind."""
    return np.flatnonzero(((needed @ counts.astype(np.float32)) == 0).any(axis=0))
