"""One figure for how a model ranks, over all its targets and their classes."""

from collections.abc import Mapping

import numpy as np
from scipy.special import softmax

from hybrid_zoo.evaluation.ranking import auroc


def mean_auroc(logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> float:
    """Average AUROC over targets, and over classes one against the rest.

    Args:
        logits: Target to `(rows,)` or `(rows, classes)`.
        labels: Target to `(rows,)`; NaN is unknown.

    Returns:
        The mean over the targets that hold both classes; NaN if none does.
    """
    areas = []
    for target, values in logits.items():
        known = np.isfinite(labels[target])
        label, score = labels[target][known], values[known]
        if score.ndim == 1:
            areas.append(_area(label == 1, score))
        else:
            # Logits of one class mean nothing across samples; probabilities do.
            share = softmax(score, axis=1)
            areas += [_area(label == k, share[:, k]) for k in range(share.shape[1])]
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def _area(positive: np.ndarray, score: np.ndarray) -> float:
    if positive.all() or not positive.any():
        return float("nan")
    return float(np.squeeze(auroc(positive.astype(float), score)))
