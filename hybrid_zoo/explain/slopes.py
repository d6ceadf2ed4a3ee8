"""Logits and their derivatives, as arrays of any backend."""

from typing import NamedTuple

import numpy as np

from hybrid_zoo.serving.rows import Arrays


class Slopes(NamedTuple):
    """Logits along a path, and their derivatives.

    Args:
        scores: `(rows,)` float64.
        inputs: Input to `(rows, ...)` derivatives by its values; 0 of what was not observed.
        sites: Position in `Gradients.sites` to `(rows, ...)` derivatives times the whole change of
            the layer's output, summed over its last axis, of images without that.
    """

    scores: np.ndarray
    inputs: Arrays
    sites: dict[int, np.ndarray]
