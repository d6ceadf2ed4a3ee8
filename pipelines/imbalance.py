"""What is done about classes that are rare: copies of their rows, weights, both, or nothing."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

Remedy = Literal["none", "weights", "oversample", "both"]


class Imbalance(NamedTuple):
    """One way to treat rare classes.

    Args:
        copies: Exponent of the ratio to the most frequent class that copies make up for: 1 makes
            classes equal, 0.5 goes half of the way in proportion.
        weights: Whether the loss weighs the classes, inversely to their share in the rows that
            remain to be learned from, copies included.
    """

    copies: float
    weights: bool


IMBALANCE: dict[str, Imbalance] = {
    "none": Imbalance(0.0, False),
    "weights": Imbalance(0.0, True),
    "oversample": Imbalance(1.0, False),
    "both": Imbalance(0.5, True),
}


def oversample(
    rows: np.ndarray, labels: Mapping[str, np.ndarray], how: Remedy, seed: int = 0
) -> np.ndarray:
    """Repeat the rows of rare classes.

    Each row is kept once. Where a row has several targets, the rarest of its classes decides.

    Args:
        rows: Training rows, as positions.
        labels: Target to the labels of all samples; NaN is unknown.
        how: A key of `IMBALANCE`.
        seed: Of the draw where a ratio is not a whole number.

    Returns:
        The rows in order, copies beside their original.

    Source:
        Random oversampling, as in Batista, Prati & Monard 2004, SIGKDD Explor 6(1):20; by own
        design the ratio is met in expectation, and several targets share one set of copies.
    """
    power = IMBALANCE[how].copies
    if not power:
        return rows
    wanted = np.ones(len(rows))
    for values in labels.values():
        known = np.flatnonzero(np.isfinite(values[rows]))
        classes, code, counts = np.unique(
            values[rows][known], return_inverse=True, return_counts=True
        )
        if len(classes) > 1:
            ratio = (counts.max() / counts) ** power
            wanted[known] = np.maximum(wanted[known], ratio[code])
    whole = np.floor(wanted)
    extra = np.random.default_rng(seed).random(len(rows)) < wanted - whole
    return np.repeat(rows, (whole + extra).astype(int))
