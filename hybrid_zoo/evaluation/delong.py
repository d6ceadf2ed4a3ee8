"""Variances and paired tests of correlated AUROCs, one sample per patient."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class PairedTest:
    """A difference of two AUROCs with its 95 % interval and two-sided p-value.

    Args:
        difference: First minus second.
        low: Lower bound.
        high: Upper bound.
        p: Two-sided p-value; NaN where the variance is 0 and the difference is not.
    """

    difference: float
    low: float
    high: float
    p: float


def placements(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute AUROCs and the placement of every row among those of the other class.

    Args:
        labels: `(rows,)` 0 or 1, both present.
        scores: `(models, rows)`, higher means more likely 1.

    Returns:
        AUROCs `(models,)`; V10 `(models, events)`, the share of non-events that each event beats;
        V01 `(models, others)`, the share of events that beat each non-event. Ties count one half.

    Source:
        Sun and Xu 2014, IEEE Signal Processing Letters 21:1389, Algorithm 2 (by midranks).
    """
    events = np.asarray(labels) == 1
    m, n = int(events.sum()), int((~events).sum())
    ranks = stats.rankdata(scores, axis=1)
    v10 = (ranks[:, events] - stats.rankdata(scores[:, events], axis=1)) / n
    v01 = 1 - (ranks[:, ~events] - stats.rankdata(scores[:, ~events], axis=1)) / m
    return v10.mean(axis=1), v10, v01


def delong_covariance(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUROCs and their covariance for independent rows.

    Args:
        labels: `(rows,)` 0 or 1, each present at least twice.
        scores: `(models, rows)`, higher means more likely 1.

    Returns:
        AUROCs `(models,)` and their covariance `(models, models)`.

    Source:
        DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, equations 3 to 6.
    """
    areas, v10, v01 = placements(labels, scores)
    s10, s01 = np.atleast_2d(np.cov(v10)), np.atleast_2d(np.cov(v01))
    return areas, s10 / v10.shape[1] + s01 / v01.shape[1]


def paired_test(
    areas: np.ndarray, covariance: np.ndarray, *, degrees: float = np.inf
) -> PairedTest:
    """Test whether two correlated AUROCs differ, and give the interval of their difference.

    Args:
        areas: `(2,)` AUROCs.
        covariance: `(2, 2)` of them.
        degrees: Degrees of freedom of the t reference; infinite is the normal one.

    Returns:
        First minus second. A variance of 0 gives p 1 for equal areas and NaN for different ones.

    Source:
        DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, equation 7 for one contrast.
    """
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 1e-15:  # rounding of a difference that does not vary
        p = 1.0 if abs(difference) < 1e-12 else float("nan")
        return PairedTest(difference, difference, difference, p)
    error = variance**0.5
    reach = float(stats.t.ppf(0.975, degrees)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, degrees))
    return PairedTest(difference, difference - reach, difference + reach, p)
