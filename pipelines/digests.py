"""One short hash per sample of all that was recorded of it."""

import hashlib

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.series import RaggedSeries

_BYTES = 8


def sample_digests(arrays: CohortArrays) -> np.ndarray:
    """Hash what was recorded of each sample, so that it is known again under another name.

    Args:
        arrays: Inputs of any kinds; labels and ids are not looked at.

    Returns:
        `(samples,)` strings of 16 hexadecimal digits; empty where nothing was recorded. Padding
        and the images' place in their store change nothing; another unit or order of columns does.
    """
    return np.array([_digest(arrays, row) for row in range(len(arrays))], dtype=object)


def _digest(arrays: CohortArrays, row: int) -> str:
    digest, blank = hashlib.blake2b(digest_size=_BYTES), True
    for name in sorted(arrays.inputs):
        content = _recorded(arrays.inputs[name], row)
        if content.size:
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(content).tobytes())
            blank = False
    return "" if blank else digest.hexdigest()


def _recorded(values: object, row: int) -> np.ndarray:
    """Return what there is of one sample, without padding; empty where there is nothing."""
    if isinstance(values, ImageBags):
        slots = values.slots[row]
        return values.pixels[slots[slots >= 0]]
    if isinstance(values, RaggedSeries):
        steps = values.recorded(np.array([row]))
        return _filled(steps)
    cells = np.asarray(values[row])  # type: ignore[index]
    if cells.dtype.kind == "i":
        return cells[: len(cells) - int((cells[::-1] != 0).argmax())] if cells.any() else cells[:0]
    return _filled(cells)


def _filled(steps: np.ndarray) -> np.ndarray:
    """Cut the tail of steps that hold nothing; one NaN stands for all of them."""
    seen = np.isfinite(steps).any(axis=tuple(range(1, steps.ndim)))
    last = len(seen) - int(seen[::-1].argmax()) if seen.any() else 0
    kept = steps[:last]
    return np.where(np.isfinite(kept), kept, np.float32(np.nan))
