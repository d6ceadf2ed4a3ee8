"""Bags of images that are read batch by batch from pixels somewhere else."""

import math
from typing import Any

import numpy as np

from hybrid_zoo.pipelines.lazy import LazyArray


class ImageBags(LazyArray):
    """`(samples, images, height, width, channels)` float32, NaN where a bag has no image.

    Args:
        pixels: `(files, height, width, channels)`, or with a depth, such as a memory map.
        slots: `(samples, images)` position of each image in `pixels`; -1 for none.
    """

    def __init__(self, pixels: np.ndarray, slots: np.ndarray) -> None:
        self.pixels, self.slots = np.asarray(pixels), slots  # a view: a memory map indexes slower
        self._sums: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole, as of an array."""
        return (*self.slots.shape, *self.pixels.shape[1:])

    def stored(self, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return some bags as they are stored.

        Args:
            rows: Positions, a slice or a boolean mask of the samples.

        Returns:
            `(rows, images, ...)` in the dtype of `pixels`, and `(rows, images)` whether there is
            an image; where there is none the pixels are 0.
        """
        slots = self.slots[rows]
        there = slots >= 0
        if there.all():
            return self.pixels[slots], there
        bags = np.zeros((*slots.shape, *self.pixels.shape[1:]), dtype=self.pixels.dtype)
        bags[there] = self.pixels[slots[there]]
        return bags, there

    def moments(self, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and variance of the pixels of some bags.

        Args:
            rows: Positions, a slice or a boolean mask of the samples.

        Returns:
            Two `(channels,)` float64; 0 and 0 where there is no image.
        """
        if self._sums is None:  # once: folds and trials only add up the files they hold
            self._sums = np.array([pixel_sums(file) for file in self.pixels], dtype=float)
            self._sums = self._sums.reshape(len(self.pixels), 2, self.shape[-1])
        slots = self.slots[rows]
        slots = slots[slots >= 0]
        count = max(1, len(slots)) * math.prod(self.pixels.shape[1:-1])
        return moments_of(self._sums[slots].sum(axis=0), count)

    def samples(self, rows: Any) -> np.ndarray:
        """Return some bags as `(rows, images, ...)` float32.

        Args:
            rows: Positions, a slice or a boolean mask of the samples.
        """
        bags, there = self.stored(rows)
        values = bags.astype(np.float32)
        values[~there] = np.nan
        return values


def pixel_sums(pixels: np.ndarray) -> np.ndarray:
    """Return the sum of all pixels and of their squares.

    Args:
        pixels: `(..., channels)`.

    Returns:
        `(2, channels)` float64.
    """
    flat = pixels.reshape(-1, pixels.shape[-1]).astype(float)
    return np.stack([flat.sum(axis=0), (flat**2).sum(axis=0)])


def moments_of(sums: np.ndarray, count: float) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance.

    Args:
        sums: As of `pixel_sums`.
        count: Pixels that were summed; at least 1.

    Returns:
        Two `(channels,)` float64.
    """
    mean, square = sums / count
    variance = np.maximum(square - mean**2, 0)
    # What is left of a constant by rounding is no variance.
    return mean, np.where(variance > 1e-12 * square, variance, 0)
