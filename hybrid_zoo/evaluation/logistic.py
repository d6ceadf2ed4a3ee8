"""Two-parameter logistic fits, for many sets of row weights at once."""

import numpy as np

_ITERATIONS = 40


def fit_offsets(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fit the intercept of a logistic model whose slope is fixed at 1.

    Args:
        logits: `(rows,)` the offset.
        labels: `(rows,)` 0 or 1.
        weights: `(rows, resamples)`, at least 0.

    Returns:
        `(resamples,)` intercepts; NaN where there is no finite one.

    Source:
        Cox 1958, Biometrika 45:562; Steyerberg 2019, Clinical Prediction Models
        ("calibration in the large").
    """
    x, y = _as(weights, logits)[:, None], _as(weights, labels)[:, None]
    intercept = np.zeros(weights.shape[1], dtype=weights.dtype)
    step = intercept
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(_ITERATIONS):
            p = _sigmoid(x + intercept)
            weighted = weights * p
            residual = (weights * y).sum(0) - weighted.sum(0)
            step = np.clip(residual / (weighted - weighted * p).sum(0), -2, 2)
            intercept = intercept + step
            if _small(step):
                break
    return np.where(np.abs(step) < 1e-3, intercept, np.nan)


def fit_lines(
    x: np.ndarray, labels: np.ndarray, weights: np.ndarray, *, ridge: float = 0.0
) -> np.ndarray:
    """Fit intercept and slope of a logistic model of one variable by Newton's method.

    Args:
        x: `(rows,)` the variable, often a logit.
        labels: `(rows,)` 0 or 1.
        weights: `(rows, resamples)`, at least 0.
        ridge: Half of this times the squared slope per standard deviation of `x` is added to the
            loss; it keeps separable data finite.

    Returns:
        `(2, resamples)` intercepts and slopes; NaN where there is no finite fit.

    Source:
        Cox 1958, Biometrika 45:562 (logistic recalibration); Newton steps are clipped at 2.
    """
    centre, spread = float(np.mean(x)), float(np.std(x))
    if not spread > 0:
        return np.full((2, weights.shape[1]), np.nan)
    z, y = _as(weights, (x - centre) / spread), _as(weights, labels)[:, None]
    powers = np.stack([np.ones_like(z), z, z * z])
    line = np.zeros((2, weights.shape[1]), dtype=weights.dtype)
    step = line
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(_ITERATIONS):
            step = _newton_step(line, powers, y, weights, ridge)
            line = line + step
            if _small(step):
                break
    line = np.where(np.abs(step).max(0) < 1e-3, line, np.nan).astype(np.float64)
    return np.stack([line[0] - line[1] * centre / spread, line[1] / spread])


def _newton_step(
    line: np.ndarray, powers: np.ndarray, y: np.ndarray, weights: np.ndarray, ridge: float
) -> np.ndarray:
    p = _sigmoid(line[0] + powers[1][:, None] * line[1])
    g0, g1 = powers[:2] @ (weights * (y - p))
    h00, h01, h11 = powers @ (weights * (p * (1 - p)))
    g1, h11 = g1 - ridge * line[1], h11 + ridge
    determinant = h00 * h11 - h01 * h01
    step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0]) / determinant
    return np.clip(step, -2, 2)


def _small(step: np.ndarray) -> bool:
    known = step[np.isfinite(step)]
    enough = 1e-10 if step.dtype == np.float64 else 1e-4  # Newton's next error is about its square
    return not known.size or bool(np.abs(known).max() < enough)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def _as(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values in the weights' precision, which decides that of the whole fit."""
    return np.asarray(values).astype(weights.dtype)
