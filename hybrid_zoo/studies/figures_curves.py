"""The numbers behind the figures: ROC curves over folds, calibration in groups of equal size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from hybrid_zoo.errors import DataError

_SMALLEST_GROUP = 20  # samples

Curve = tuple[np.ndarray, np.ndarray]


def one_versus_rest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one model's predictions as events and their probabilities.

    Args:
        rows: Scored predictions of one model and one target, one row per class where multiclass.

    Returns:
        Columns sample_id, fold, class, event (0 or 1) and probability.

    Raises:
        DataError: If no label of a multiclass target is one of its classes.
    """
    classes = set(rows["class"]) - {""}
    if not classes:
        event = rows["label"].astype(float).astype(int)
    elif classes.isdisjoint(rows["label"]):
        raise DataError(
            "predictions.csv: no label of a multiclass target is among the names in `class`; "
            "expected the class name in both columns."
        )
    else:
        event = (rows["label"] == rows["class"]).astype(int)
    return rows.assign(event=event)[["sample_id", "fold", "class", "event", "probability"]]


def roc_per_fold(cases: pd.DataFrame) -> list[Curve]:
    """Compute the ROC curve of each fold.

    Args:
        cases: From `one_versus_rest`.

    Returns:
        False and true positive rates of each fold that holds both classes; for a multiclass target
        the mean over its classes.

    Source:
        Fawcett 2006, Pattern Recognition Letters 27:861, algorithm 1, and section 8.1 for vertical
        averaging.
    """
    curves = []
    for _, fold in cases.groupby("fold"):
        of_classes = [
            roc_curve(part["event"], part["probability"])[:2]
            for _, part in fold.groupby("class")
            if part["event"].nunique() == 2
        ]
        if of_classes:
            curves.append(mean_roc(of_classes))
    return curves


def mean_roc(curves: list[Curve]) -> Curve:
    """Average ROC curves vertically: the mean sensitivity at each false positive rate.

    Args:
        curves: Pairs of false and true positive rates.

    Returns:
        The one curve as it is, or the mean of several on 201 points; NaN without any.

    Source:
        Fawcett 2006, Pattern Recognition Letters 27:861, algorithm 3.
    """
    if not curves:
        return np.array([np.nan]), np.array([np.nan])
    if len(curves) == 1:
        return curves[0]
    grid = np.linspace(0, 1, 201)
    mean = np.mean([np.interp(grid, *curve) for curve in curves], axis=0)
    return np.append(0, grid), np.append(0, mean)


def calibration_curve(cases: pd.DataFrame) -> pd.DataFrame:
    """Compare predicted with observed risk in up to ten groups of equal size.

    Args:
        cases: From `one_versus_rest`; folds and classes are taken together, because every
            probability was calibrated in its own training part.

    Returns:
        Per group: predicted (mean), observed (share of events), low and high.

    Source:
        Wilson 1927, JASA 22:209, for the interval, with n the different samples of the group.
    """
    ordered = cases.sort_values(["probability", "sample_id"], kind="stable")
    samples = ordered["sample_id"].nunique()
    groups = int(np.clip(samples // _SMALLEST_GROUP, 1, 10))
    return pd.DataFrame(
        _group(ordered.iloc[rows]) for rows in np.array_split(np.arange(len(ordered)), groups)
    )


def _group(part: pd.DataFrame) -> dict[str, float]:
    n, share = part["sample_id"].nunique(), part["event"].mean()
    low, high = wilson(share, n)
    return {
        "predicted": part["probability"].mean(),
        "observed": share,
        "low": low,
        "high": high,
    }


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Args:
        share: 0 to 1.
        n: Of how many.

    Source:
        Wilson 1927, JASA 22:209.
    """
    z = 1.959964
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def calibration_models(block: Mapping[str, Any]) -> list[str]:
    """Choose the models of the calibration figure.

    Args:
        block: The target's block of `metrics.json`.

    Returns:
        The hybrid, the recommended model and the best single modality, each once.
    """
    wanted = ["hybrid", block["recommended"], block.get("best_single")]
    return [model for model in dict.fromkeys(wanted) if model in block["models"]]
