"""The statistics of a table of patients."""

import math

import numpy as np

from hybrid_zoo.studies.characteristics import Characteristic
from hybrid_zoo.studies.words_numbers import number, whole

LONGEST_TAIL = 1.0  # skewness
_DIGITS = 3


def has_long_tail(values: np.ndarray) -> bool:
    """Tell whether a number is told by median and quartiles, since its mean would mislead.

    Args:
        values: `(samples,)`; NaN is left out.

    Returns:
        Whether the skewness (third standardised moment) lies beyond 1 either way.
    """
    known = values[np.isfinite(values)]
    spread = known.std() if known.size else 0.0
    if spread == 0:
        return False
    return bool(abs((((known - known.mean()) / spread) ** 3).mean()) > LONGEST_TAIL)


def mean_and_sd(values: np.ndarray) -> str:
    """Write mean and standard deviation, such as `61.2 (14.0)`.

    Args:
        values: `(samples,)` finite numbers, one or more.
    """
    spread = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    digits = _decimals(spread)
    return f"{number(float(values.mean()), digits)} ({number(spread, digits)})"


def median_and_quartiles(values: np.ndarray) -> str:
    """Write median and quartiles, such as `61 [50 to 72]`.

    Args:
        values: `(samples,)` finite numbers, one or more.
    """
    low, middle, high = (float(q) for q in np.percentile(values, [25, 50, 75]))
    digits = 0 if (values == np.round(values)).all() else _decimals(high - low)
    low_text, middle_text, high_text = (_rounded(q, digits) for q in (low, middle, high))
    return f"{middle_text} [{low_text} to {high_text}]"


def share(part: int, whole_of_it: int) -> str:
    """Write a count with its percentage, such as `103 (51.5 %)`.

    Args:
        part: The count.
        whole_of_it: What it is a share of; 0 leaves the percentage out.
    """
    if not whole_of_it:
        return whole(part)
    return f"{whole(part)} ({number(100 * part / whole_of_it, 1)} %)"


def standardised_difference(
    described: Characteristic, first: np.ndarray, second: np.ndarray
) -> float | None:
    """Measure how far two groups lie apart, in standard deviations.

    Args:
        described: The characteristic; samples without it are left out, unless it is about that.
        first: `(samples,)` bool.
        second: `(samples,)` bool.

    Returns:
        The absolute standardised mean difference; None where it is undefined.

    Source:
        Austin 2009, Statistics in Medicine 28:3083 (numbers and two levels); Yang and Dalton 2012,
        SAS Global Forum, paper 335 (several levels).
    """
    known = (described.codes != described.missing) | described.of_all
    groups = [known & first, known & second]
    if min(group.sum() for group in groups) < 2:
        return None
    if described.values is not None:
        a, b = (described.values[group] for group in groups)
        apart, spread = abs(a.mean() - b.mean()), math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        return float(apart / spread) if spread else (0.0 if apart == 0 else None)
    levels = np.arange(described.missing + described.of_all)
    shares = np.array([(described.codes[g][:, None] == levels).mean(axis=0) for g in groups])
    return _between_shares(shares[:, 1:])


def _between_shares(shares: np.ndarray) -> float:
    apart = shares[0] - shares[1]
    spread = np.mean([np.diag(p) - np.outer(p, p) for p in shares], axis=0)
    return float(math.sqrt(max(0.0, apart @ np.linalg.pinv(spread) @ apart)))


def _rounded(value: float, digits: int) -> str:
    """Write a quartile; between two whole numbers it may end in a half."""
    return number(value, digits if digits or value == round(value) else 1)


def _decimals(spread: float) -> int:
    """Return the decimals that give a spread three digits."""
    if not math.isfinite(spread) or spread <= 0:
        return 1
    return min(4, max(0, _DIGITS - 1 - math.floor(math.log10(spread))))
