"""How alike two maps are."""

import numpy as np
from scipy.stats import spearmanr


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's correlation over places that both maps speak of; 0 of a constant map.

    Args:
        a: Any shape; NaN where nothing is said.
        b: The same shape.
    """
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 3 or not np.ptp(a[both]) or not np.ptp(b[both]):
        return 0.0
    return float(spearmanr(a[both], b[both]).statistic)
