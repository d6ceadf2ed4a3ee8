"""Noise in units of what a model has seen."""

import numpy as np

from hybrid_zoo.explain.baseline import fixed_columns
from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.serving.rows import Arrays


def noisy(case: Case, rows: Arrays, noise: float, rng: np.random.Generator) -> Arrays:
    """Return copies of a patient with noise on their numbers; words, codes and events stay.

    Args:
        case: The patient.
        rows: As `Case.copies` returns.
        noise: Deviation of the noise, as `smooth_grad` takes it.
        rng: Of the noise.

    Returns:
        The same inputs.
    """
    noised = [name for name in case.present if rows[name].dtype.kind == "f"]
    return rows | {name: _noisy(case, name, rows[name], noise, rng) for name in noised}


def _noisy(
    case: Case, name: str, x: np.ndarray, noise: float, rng: np.random.Generator
) -> np.ndarray:
    drawn = noise * rng.standard_normal(x.shape)
    drawn[..., fixed_columns(case, name)] = 0
    statistics = None if x.ndim > 3 else case.opened.statistics(name)
    if statistics is None:
        return (x + drawn * _range(x)).astype("float32")
    _, deviation, log = statistics
    positive = np.maximum(x.astype("float64"), 0)
    of_logarithm = np.expm1(np.log1p(positive) + drawn * deviation)
    return np.where(log, of_logarithm, x + drawn * deviation).astype("float32")


def _range(x: np.ndarray) -> np.ndarray:
    """Highest minus lowest value of each image, of other inputs of each column; 0 of none."""
    axes = tuple(range(2, x.ndim)) if x.ndim > 3 else tuple(range(1, x.ndim - 1))
    seen = observed(x)
    lowest = np.min(x, axis=axes, keepdims=True, where=seen, initial=np.inf)
    highest = np.max(x, axis=axes, keepdims=True, where=seen, initial=-np.inf)
    return np.where(highest > lowest, highest - lowest, 0.0)
