"""Recalibration from out-of-fold logits, the same for every model."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.logistic import fit_lines, fit_offsets

# Slope per standard deviation of the logits: above 0 and without saturation, so that ranks survive.
_SLOPES = (0.01, 10.0)
_RIDGE = 1e-3  # in units of rows: nothing beside overlapping ones, enough for separable ones


def fit_recalibration(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fit the logistic recalibration `sigmoid(slope * logit + intercept)`.

    Args:
        logits: `(rows,)` finite out-of-fold logits.
        labels: `(rows,)` 0 or 1.

    Returns:
        Slope, 0.01 to 10 per standard deviation of the logits, and intercept. Logits
        that do not vary keep slope 1; labels of one class are met with the chance
        (events + 1/2) / (rows + 1).

    Raises:
        ConfigError: If the two do not align, are empty or are not finite.

    Source:
        Cox 1958, Biometrika 45:562; Platt 1999 for its use; a ridge of 0.001 and the bounds
        are our own, because separable folds have no finite slope and ranks must survive.
    """
    logits, labels = _checked(logits, labels, 1)
    ones = np.ones((len(labels), 1))
    if labels.min() == labels.max():
        chance = (labels.sum() + 0.5) / (len(labels) + 1)
        return 1.0, float(logit(chance) - logits.mean())
    intercept, slope = fit_lines(logits, labels, ones, ridge=_RIDGE)[:, 0]
    bounded = _bounded(slope, float(logits.std()))
    if bounded == slope:
        return float(slope), float(intercept)
    intercept = fit_offsets(bounded * (logits - logits.mean()), labels, ones)[0]
    return bounded, float(intercept - bounded * logits.mean())


def apply_recalibration(logits: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Return calibrated probabilities.

    Args:
        logits: Any shape.
        slope: From `fit_recalibration`.
        intercept: From `fit_recalibration`.

    Returns:
        Probabilities of the same shape.
    """
    return expit(slope * np.asarray(logits, dtype=np.float64) + intercept)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Fit the temperature that divides a multiclass model's logits.

    Args:
        logits: `(rows, classes)` finite out-of-fold logits, or log probabilities.
        labels: `(rows,)` class index.

    Returns:
        The temperature, 0.01 to 100.

    Raises:
        ConfigError: If the two do not align, are empty or are not finite.

    Source:
        Guo et al. 2017, arXiv:1706.04599, equation 9.
    """
    logits, labels = _checked(logits, labels, 2)
    rows, index = np.arange(len(labels)), labels.astype(int)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, index].mean())

    reach = np.log(100)
    best = minimize_scalar(loss, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def apply_temperature(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return calibrated class probabilities.

    Args:
        logits: `(rows, classes)`.
        temperature: From `fit_temperature`.

    Returns:
        `(rows, classes)` that sum to 1.
    """
    return softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)


def _bounded(slope: float, spread: float) -> float:
    if not np.isfinite(slope):  # the logits do not vary
        return 1.0
    return float(np.clip(slope, _SLOPES[0] / spread, _SLOPES[1] / spread))


def _checked(logits: np.ndarray, labels: np.ndarray, axes: int) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    aligned = logits.ndim == axes and labels.shape == logits.shape[:1] and len(labels)
    if not aligned or not np.isfinite(logits).all() or not np.isfinite(labels).all():
        raise ConfigError(
            f"Recalibration: got logits {logits.shape} and labels {labels.shape}; expected finite "
            f"values, {axes} axes of logits and one label per row. Leave unknown labels out."
        )
    return logits, labels
