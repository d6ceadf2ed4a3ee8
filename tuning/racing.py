"""Stop a configuration that will hardly catch up with the best one."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.stats import norm

_PRIOR = 2  # fold differences that the first guess of their spread counts as


class Race:
    """Decide after each fold whether a configuration goes on to the next one.

    It is stopped when the predicted chance that its mean over all folds beats the best
    configuration's so far falls below `chance`: after k of K folds whose scores differ by d on
    average, with a spread of s, that chance is `norm.cdf(d / (s * sqrt(1 / k - 1 / K)))`.

    Args:
        folds: K.
        highest: Whether a higher score is better.
        chance: The least one, in (0, 0.5); the rate of error that each look may add.

    Source:
        Stopping for futility by predictive power, Spiegelhalter, Freedman & Blackburn 1986,
        doi:10.1016/0197-2456(86)90003-6, with a flat prior for the mean. s is pooled over the
        finished configurations; at first the spread between folds stands in for it.
    """

    def __init__(self, folds: int, *, highest: bool, chance: float = 0.05) -> None:
        self.folds, self.chance, self._sign = folds, chance, 1 if highest else -1
        self._best: np.ndarray | None = None
        self._squares, self._freedom = 0.0, 0

    def hopeless(self, scores: Sequence[float]) -> bool:
        """Tell whether to stop after these folds.

        Args:
            scores: Of the configuration's folds so far, in order.
        """
        done = len(scores)
        if self._best is None or not 0 < done < self.folds:
            return False
        behind = self._sign * float(np.mean(np.subtract(scores, self._best[:done])))
        deviation = self._spread() * sqrt(1 / done - 1 / self.folds)
        if deviation == 0:
            return behind < 0
        return bool(norm.cdf(behind / deviation) < self.chance)

    def finish(self, scores: Sequence[float]) -> None:
        """Learn from a configuration that ran all folds.

        Args:
            scores: Of all folds, in order.
        """
        found = np.asarray(scores, float)
        if self._best is None:
            self._best = found
            return
        differences = found - self._best
        self._squares += float(np.sum((differences - differences.mean()) ** 2))
        self._freedom += self.folds - 1
        if self._sign * differences.mean() > 0:
            self._best = found

    def expected(self, scores: Sequence[float]) -> float:
        """Return the mean over all folds that a stopped configuration would be expected to have.

        Args:
            scores: Of its folds so far, at least one.
        """
        if self._best is None:
            return float(np.mean(scores))
        behind = np.mean(np.subtract(scores, self._best[: len(scores)]))
        return float(self._best.mean() + behind)

    def _spread(self) -> float:
        first = 2 * float(np.var(self._best, ddof=1)) if self._best is not None else 0.0
        return sqrt((_PRIOR * first + self._squares) / (_PRIOR + self._freedom))
