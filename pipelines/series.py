"""Series of unequal length, kept end to end and padded batch by batch."""

from typing import Any

import numpy as np

from hybrid_zoo.pipelines.lazy import LazyArray


class RaggedSeries(LazyArray):
    """`(samples, steps, variables)`, or `(samples, steps)`, NaN after a sample's last step.

    Only the steps themselves are kept.

    Args:
        values: `(all steps, variables)` or `(all steps,)`, sample after sample.
        starts: `(samples + 1,)` where each sample begins in `values`, and the end.
        steps: Steps of the whole, at least those of the longest sample.
    """

    def __init__(self, values: np.ndarray, starts: np.ndarray, steps: int) -> None:
        self.values, self.starts, self.steps = values, starts, steps
        self.lengths = np.diff(starts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole, as of an array."""
        return (len(self.lengths), self.steps, *self.values.shape[1:])

    def padded(self, rows: Any, steps: int | None = None) -> np.ndarray:
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

    def samples(self, rows: Any) -> np.ndarray:
        """Return some samples, padded to the steps of the whole.

        Args:
            rows: Positions, a slice or a boolean mask of the samples.
        """
        return self.padded(rows, self.steps)
