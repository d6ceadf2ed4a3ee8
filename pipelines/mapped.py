"""Arrays that are views of files, which other processes need not be sent."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np


def mapped(values: np.ndarray) -> np.memmap | None:
    """Return the memory map of a file that an array is a view of; None if it is of none.

    Args:
        values: Any array.
    """
    root = values
    while isinstance(root.base, np.ndarray):  # a view of a memory map is one, of the wrong place
        root = root.base
    return root if isinstance(root, np.memmap) and root.filename else None


def pickled(content: Any) -> bytes:
    """Return a pickle in which the name of its file stands for each array that is one.

    Args:
        content: Anything that pickles.

    Returns:
        What `pickle.loads` reads on the same machine, as long as the files are there.
    """
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(content)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        file = mapped(obj) if isinstance(obj, np.ndarray) else None
        if file is None or obj.__array_interface__ != file.__array_interface__:
            return NotImplemented  # as pickle does by itself
        return _map, (Path(str(file.filename)), file.dtype, file.offset, file.shape)


def _map(file: Path, dtype: np.dtype, offset: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.memmap(file, dtype, "r", offset, shape))
