"""Turn every model's logits into calibrated probabilities and decisions, by one rule."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.evaluation.calibration import (
    apply_recalibration,
    apply_temperature,
    fit_recalibration,
    fit_temperature,
)
from hybrid_zoo.evaluation.thresholds import GOALS, best_f1_threshold, threshold_at_sensitivity


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """One model on one target in one round.

    Args:
        line: Slope and intercept on the logit; for multiclass 1 / temperature and 0.
        out_of_fold: `(samples,)` or `(samples, classes)` probabilities of the training rows.
        scored: Likewise of the scored rows; NaN elsewhere in both.
        threshold: Of the decision; NaN for multiclass.
        goals: Sensitivity goal to its threshold; empty for multiclass.
    """

    line: tuple[float, float]
    out_of_fold: np.ndarray
    scored: np.ndarray
    threshold: float
    goals: dict[float, float]


def calibrate(
    out_of_fold: np.ndarray,
    scored: np.ndarray,
    labels: np.ndarray,
    wanted: Mapping[str, float] | None = None,
) -> Calibrated:
    """Fit recalibration and threshold on out-of-fold logits, apply them to the scored ones.

    Args:
        out_of_fold: `(samples,)` or `(samples, classes)` logits, NaN outside the training rows.
        scored: Likewise, NaN outside the scored rows.
        labels: `(samples,)`; NaN is unknown.
        wanted: The cohort's operating point, such as `{"sensitivity": 0.9}`; best F1 without.

    Returns:
        Probabilities, threshold and the line.

    Source:
        Cox 1958 for the line, Guo et al. 2017, arXiv:1706.04599, for the temperature; both leave
        the ranks, and so the AUROC, as they are.
    """
    seen = out_of_fold if out_of_fold.ndim == 1 else out_of_fold[:, 0]
    rows = np.isfinite(seen) & np.isfinite(labels)
    if out_of_fold.ndim == 2:
        temperature = fit_temperature(out_of_fold[rows], labels[rows])
        return Calibrated(
            line=(1 / temperature, 0.0),
            out_of_fold=apply_temperature(out_of_fold, temperature),
            scored=apply_temperature(scored, temperature),
            threshold=float("nan"),
            goals={},
        )
    line = fit_recalibration(out_of_fold[rows], labels[rows])
    probabilities = apply_recalibration(out_of_fold, *line)
    known = labels[rows], probabilities[rows]
    return Calibrated(
        line=line,
        out_of_fold=probabilities,
        scored=apply_recalibration(scored, *line),
        threshold=_threshold(*known, wanted or {}),
        goals={goal: threshold_at_sensitivity(*known, goal) for goal in GOALS},
    )


def _threshold(labels: np.ndarray, probabilities: np.ndarray, wanted: Mapping[str, float]) -> float:
    if "sensitivity" in wanted:
        return threshold_at_sensitivity(labels, probabilities, wanted["sensitivity"])
    return best_f1_threshold(labels, probabilities)
