"""Metrics of the ranking alone, for many sets of row weights at once."""

import numpy as np


def auroc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Compute the weighted area under the ROC curve; ties count one half.

    Args:
        labels: `(rows,)` 0 or 1.
        scores: `(rows,)`, higher means more likely 1.
        weights: `(rows,)` or `(rows, resamples)`, at least 0; all 1 when left out.

    Returns:
        `(resamples,)`, `(1,)` for one set of weights; NaN where a class has no weight.

    Source:
        Hanley and McNeil 1982, Radiology 143:29 (P(case above non-case) + half of ties).
    """
    return ranking(labels, scores, columns(weights, len(labels)))[0]


def auprc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Compute the weighted average precision (the area under the precision-recall steps).

    Args:
        labels: `(rows,)` 0 or 1.
        scores: `(rows,)`, higher means more likely 1.
        weights: `(rows,)` or `(rows, resamples)`, at least 0; all 1 when left out.

    Returns:
        `(resamples,)`, `(1,)` for one set of weights; NaN where a class has no weight.

    Source:
        scikit-learn's `average_precision_score`: sum of (R_n - R_(n-1)) P_n, without interpolation.
    """
    return ranking(labels, scores, columns(weights, len(labels)))[1]


def columns(weights: np.ndarray | None, rows: int) -> np.ndarray:
    """Return weights as `(rows, resamples)`.

    Args:
        weights: None (all 1), `(rows,)` or `(rows, resamples)`.
        rows: The number of rows.

    Returns:
        `(rows, resamples)`, one column unless there are several sets.
    """
    weights = np.ones(rows) if weights is None else np.asarray(weights)
    return weights[:, None] if weights.ndim == 1 else weights


def ranking(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUROC and average precision from one sort.

    Args:
        labels: `(rows,)` 0 or 1.
        scores: `(rows,)`, higher means more likely 1.
        weights: `(rows, resamples)`, at least 0.

    Returns:
        AUROC and average precision, each `(resamples,)`; NaN where a class has no weight.

    Source:
        Own design, because one pass serves all resamples: the sums run over event rows only.
    """
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    ordered = np.asarray(scores)[order]
    first = np.searchsorted(-ordered, -ordered, side="left")
    last = np.searchsorted(-ordered, -ordered, side="right")  # exclusive
    events = np.flatnonzero(np.asarray(labels)[order] == 1)
    flagged = _running(weights[order])
    weight = weights[order[events]]
    hits = _running(weight)
    before, through = np.searchsorted(events, first[events]), np.searchsorted(events, last[events])
    hits_through, flagged_through = hits[through], flagged[last[events]]
    passed = flagged[first[events]] - hits[before] + flagged_through - hits_through
    n_events = hits[-1].astype(np.float64)
    n_others = flagged[-1] - n_events
    with np.errstate(invalid="ignore", divide="ignore"):
        beaten = weight.sum(0, dtype=np.float64) * n_others - 0.5 * _dot(weight, passed)
        area = beaten / (n_events * n_others)
        precision = hits_through / np.maximum(flagged_through, np.finfo(np.float32).tiny)
        average = np.where(n_others > 0, _dot(weight, precision) / n_events, np.nan)
    return area, average


def _running(values: np.ndarray) -> np.ndarray:
    """Return the sums of the first 0, 1, ... rows."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]), dtype=values.dtype)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the column-wise products' sums, always accumulated in float64."""
    return np.einsum("nr,nr->r", left, right, dtype=np.float64)
