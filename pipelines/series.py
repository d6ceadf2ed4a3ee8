"""Series of unequal length, kept end to end and padded batch by batch."""

from typing import Any

import numpy as np


class RaggedSeries:
    """`(samples, steps, variables)`, or `(samples, steps)`, float32 without its padding.

    Indexing along the samples gives a NumPy array of all steps, NaN after a sample's last one;
    every other use of NumPy sees all of it.

    Args:
        values: `(all steps, variables)` or `(all steps,)`, sample after sample.
        starts: `(samples + 1,)` where each sample begins in `values`, and the end.
        steps: Steps of the whole, at least those of the longest sample.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, values: np.ndarray, starts: np.ndarray, steps: int) -> None:
        self.values, self.starts, self.steps = values, starts, steps
        self.lengths = np.diff(starts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole, as of an array."""
        return (len(self), self.steps, *self.values.shape[1:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def padded(self, rows: np.ndarray, steps: int | None = None) -> np.ndarray:
        """Return some samples, padded to the longest of them.

        Args:
            rows: `(rows,)` positions, a slice or a boolean mask of the samples.
            steps: Pad to this many steps instead.

        Returns:
            `(rows, steps, variables)` or `(rows, steps)`, at least one step.
        """
        starts, lengths = self.starts[:-1][rows], self.lengths[rows]
        steps = steps or max(1, int(lengths.max(initial=0)))
        padded = np.full((len(lengths), steps, *self.values.shape[1:]), np.nan, dtype=np.float32)
        there = np.arange(steps) < lengths[:, None]
        padded[there] = self.values[(starts[:, None] + np.arange(steps))[there]]
        return padded

    def recorded(self, rows: Any) -> np.ndarray:
        """Return the steps of some samples, end to end.

        Args:
            rows: Positions, a slice or a boolean mask of the samples.

        Returns:
            `(steps, variables)` or `(steps,)`; a view where all samples are asked for.
        """
        if isinstance(rows, slice) and rows == slice(None):
            return self.values
        starts, lengths = self.starts[:-1][rows], self.lengths[rows]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self.values[np.repeat(starts, lengths) + within]

    def __getitem__(self, rows: Any) -> np.ndarray:
        first, *rest = rows if isinstance(rows, tuple) else (rows,)
        if first is Ellipsis:
            return np.asarray(self)[rows]
        if np.ndim(first) == 0 and not isinstance(first, slice):
            return self.padded(np.array([first]), self.steps)[(0, *rest)]
        return self.padded(_positions(first), self.steps)[(slice(None), *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


def _positions(rows: Any) -> Any:
    """Let a list of positions, also an empty one, index as an array."""
    if isinstance(rows, slice):
        return rows
    rows = np.asarray(rows)
    return rows if rows.dtype == bool else rows.astype(np.int64)
