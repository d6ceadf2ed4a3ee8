"""Decision thresholds from out-of-fold probabilities, and what they give on the test side."""

from collections.abc import Mapping

import numpy as np

from hybrid_zoo.evaluation.metrics import confusion_metrics
from hybrid_zoo.evaluation.scores import Scores

GOALS = (0.80, 0.90)
_OTHERS = ("specificity", "precision", "npv")

OperatingPoint = dict[str, float | str | None]


def best_f1_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Find the threshold with the best F1 for "probability at or above it".

    Args:
        labels: `(rows,)` 0 or 1.
        probabilities: `(rows,)` out-of-fold, calibrated.

    Returns:
        A threshold halfway to the next lower probability, so that rounding flips nobody; the
        highest such one at a tie, and 0.5 without any event.

    Source:
        Lipton, Elkan and Narayanaswamy 2014, arXiv:1402.1892, for its properties.
    """
    cuts, hits, flagged = _cuts(labels, probabilities)
    if hits[-1] == 0:
        return 0.5
    return float(cuts[np.argmax(2 * hits / (flagged + hits[-1]))])


def threshold_at_sensitivity(
    labels: np.ndarray, probabilities: np.ndarray, goal: float = GOALS[0]
) -> float:
    """Find the highest threshold that reaches a sensitivity.

    Args:
        labels: `(rows,)` 0 or 1.
        probabilities: `(rows,)` out-of-fold, calibrated.
        goal: The sensitivity, above 0 and at most 1.

    Returns:
        The threshold; 0.5 without any event.
    """
    cuts, hits, _ = _cuts(labels, probabilities)
    if hits[-1] == 0:
        return 0.5
    return float(cuts[np.argmax(hits / hits[-1] >= goal - 1e-12)])


def operating_points(
    scores: Scores, thresholds: Mapping[str, Mapping[float, float | np.ndarray]]
) -> list[OperatingPoint]:
    """Describe each model on the test side at thresholds that were chosen before.

    Args:
        scores: A binary target's predictions.
        thresholds: Model to goal sensitivity to its threshold: one, or `(rows,)` where each fold
            has its own.

    Returns:
        One dict per model and goal: model, sensitivity_goal, threshold (the mean over rows),
        sensitivity, specificity, precision, npv; None where undefined.
    """
    return [
        _point(scores, model, goal, np.asarray(threshold))
        for model, goals in thresholds.items()
        for goal, threshold in goals.items()
    ]


def _point(scores: Scores, model: str, goal: float, threshold: np.ndarray) -> OperatingPoint:
    found = confusion_metrics(scores.labels, scores.probabilities[model] >= threshold)
    point: OperatingPoint = {"model": model, "sensitivity_goal": goal}
    point["threshold"] = float(np.mean(threshold))
    for name, metric in (("sensitivity", "recall"), *((n, n) for n in _OTHERS)):
        value = float(found[metric][0])
        point[name] = value if np.isfinite(value) else None
    return point


def _cuts(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every possible threshold, highest first, with events and rows at or above it."""
    order = np.argsort(-np.asarray(probabilities, dtype=np.float64), kind="stable")
    ordered = np.asarray(probabilities, dtype=np.float64)[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    values = ordered[ends]
    cuts = (values + np.append(values[1:], values[-1])) / 2
    return cuts, np.cumsum(np.asarray(labels)[order] == 1)[ends], ends + 1
