"""Few levels per column, for boosting on histograms."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class Binned(TransformerMixin, BaseEstimator):
    """Replace each value by the number of its bin between quantiles; NaN stays NaN.

    Args:
        max_bins: Most bins of a column.

    Source:
        The bins are those of scikit-learn's `HistGradientBoostingClassifier` without weights. With
        class weights it sorts each column once per quantile, which took longer than the boosting.
    """

    def __init__(self, max_bins: int = 255) -> None:
        self.max_bins = max_bins

    def fit(self, x: np.ndarray, y: np.ndarray | None = None) -> Self:
        """Learn the thresholds.

        Args:
            x: `(rows, columns)`, NaN where unknown.
            y: Not used.
        """
        self.thresholds_ = [self._between(column[~np.isnan(column)]) for column in x.T]
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Return the bins.

        Args:
            x: As of `fit`.
        """
        bins = [np.searchsorted(t, column) for t, column in zip(self.thresholds_, x.T, strict=True)]
        return np.where(np.isnan(x), np.nan, np.stack(bins, axis=1))

    def _between(self, known: np.ndarray) -> np.ndarray:
        levels = np.unique(known)
        if len(levels) <= self.max_bins:
            return (levels[1:] + levels[:-1]) / 2
        inner = np.linspace(0, 100, self.max_bins + 1)[1:-1]
        return np.unique(np.percentile(known, inner, method="averaged_inverted_cdf"))
