"""What the training rows say about the columns of a modality."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class ColumnStatistics(NamedTuple):
    """Statistics along the last axis; see `Modality` for each."""

    mean: tuple[float, ...]
    variance: tuple[float, ...]
    skewed: tuple[bool, ...]
    known: tuple[tuple[bool, ...], ...]
    mode: tuple[int, ...]


def column_statistics(
    values: Any, rows: np.ndarray | slice, kinds: Sequence[str], *, logarithm: bool
) -> ColumnStatistics:
    """Describe the columns of an array by some of its rows.

    Args:
        values: `(samples, ..., columns)`, NaN for not observed; or what is never held as a whole
            and gives the mean and variance of some rows as `moments(rows)`, or their steps without
            padding as `recorded(rows)`.
        rows: Training rows.
        kinds: "numeric", "categorical" or "event", per column.
        logarithm: Whether a skewed column may be read as its logarithm.

    Returns:
        One entry per column; `known` and `mode` have one per categorical column.
    """
    if hasattr(values, "moments"):
        means, variances = values.moments(rows)
        spread = tuple(float(variance) or 1.0 for variance in variances)
        return ColumnStatistics(tuple(map(float, means)), spread, (False,) * len(spread), (), ())
    training = values.recorded(rows) if hasattr(values, "recorded") else values[rows]
    found = [_statistics(training[..., i], kind, logarithm) for i, kind in enumerate(kinds)]
    mean, variance, skewed = zip(*found, strict=True)
    codes = [i for i, kind in enumerate(kinds) if kind == "categorical"]
    return ColumnStatistics(mean, variance, skewed, *_categories(training, values, codes))


def _statistics(column: np.ndarray, kind: str, logarithm: bool) -> tuple[float, float, bool]:
    """Mean, variance and whether they are of the logarithm."""
    seen = _observed(column)
    if kind != "numeric" or seen.size == 0:
        return 0.0, 1.0, False
    skewed = logarithm and _is_skewed(seen)
    seen = np.log1p(seen) if skewed else seen
    return float(seen.mean()), float(seen.var()) or 1.0, skewed


def _observed(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)].astype("float64")


def _is_skewed(seen: np.ndarray) -> bool:
    """A non-negative column whose third standardised moment exceeds 2 is read as a logarithm."""
    if seen.size < 3 or seen.min() < 0 or seen.std() == 0:
        return False
    return bool(np.mean(((seen - seen.mean()) / seen.std()) ** 3) > 2)


def _categories(
    training: np.ndarray, everything: np.ndarray, columns: Sequence[int]
) -> tuple[tuple[tuple[bool, ...], ...], tuple[int, ...]]:
    """Known codes and mode of each of some columns."""
    known = tuple(_known_codes(training[..., i], everything[..., i]) for i in columns)
    return known, tuple(_mode(training[..., i]) for i in columns)


def _known_codes(codes: np.ndarray, everything: np.ndarray) -> tuple[bool, ...]:
    """One flag per code of all rows, so that every fold's model has the same shape."""
    highest = int(_observed(everything).max(initial=0))
    return tuple(np.isin(np.arange(highest + 1), _observed(codes)).tolist())


def _mode(codes: np.ndarray) -> int:
    """The most frequent code, the lowest of several; 0 if there is none."""
    return int(np.bincount(_observed(codes).astype(int), minlength=1).argmax())
