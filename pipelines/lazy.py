"""Arrays that are read by samples and never held as a whole."""

from typing import Any

import numpy as np


class LazyArray:
    """What indexes along its first axis, the samples, like the float32 array it stands for.

    Any other use of NumPy sees all of it.
    """

    dtype = np.dtype(np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def samples(self, rows: Any) -> np.ndarray:
        """Return some samples as a NumPy array, NaN where there is nothing.

        Args:
            rows: `(rows,)` positions, a slice or a boolean mask.
        """
        raise NotImplementedError

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            return np.asarray(self)[key]
        if isinstance(first, slice):
            return self.samples(first)[(slice(None), *rest)]
        rows = np.asarray(first)
        if rows.ndim == 0:
            return self.samples(rows[None])[(0, *rest)]
        return self.samples(rows if rows.dtype == bool else rows.astype(int))[(slice(None), *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.samples(slice(None)).astype(dtype or self.dtype, copy=False)
