"""Tells whether data are the same as those of an earlier search."""

import contextlib
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

import hybrid_zoo
from hybrid_zoo import pipelines, tuning
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.series import RaggedSeries

_SAMPLED = 4096  # rows of an array that is larger than ...
_LARGE = 2**26  # ... so many bytes


def fingerprint(values: Any) -> str:
    """Return a hash of arrays, in any nest of lists and dicts.

    Args:
        values: Arrays, texts and numbers. Of an array above 64 MB, 4,096 rows speak for all.

    Returns:
        32 hexadecimal digits.
    """
    found = hashlib.sha256()
    _add(found, values)
    return found.hexdigest()[:32]


def space_identity(space: keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    """Return a search space as JSON, the same for a chief and for its workers.

    Args:
        space: KerasTuner's, which changes order and defaults on its way to a worker.
    """
    with contextlib.redirect_stdout(None):  # KerasTuner prints the values of conditions
        arrived = keras_tuner.HyperParameters.from_proto(space.to_proto())
    return arrived.get_config()["space"]


@cache
def code_fingerprint() -> str:
    """Return a hash of this package's source: what another version would do may differ."""
    folders = map(Path, [*hybrid_zoo.__path__, *pipelines.__path__, *tuning.__path__])
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return fingerprint([path.read_text(encoding="utf-8") for path in files])


def _add(found: Any, values: Any) -> None:
    parts = _parts_of(values)
    if parts is not None:
        for part in parts:
            _add(found, part)
    elif isinstance(values, (str, int, float)) or values is None:
        found.update(repr(values).encode())
    else:
        _add_array(found, np.asarray(values))


def _parts_of(values: Any) -> list[Any] | None:
    """What a value is made of; None for an array, text or number."""
    if isinstance(values, Mapping):
        return [part for pair in values.items() for part in pair]
    if isinstance(values, ImageBags):
        return [values.slots, values.pixels]
    if isinstance(values, RaggedSeries):
        return [values.starts, values.values]
    return list(values) if isinstance(values, (list, tuple)) else None


def _add_array(found: Any, array: np.ndarray) -> None:
    found.update(f"{array.dtype.str} {array.shape}".encode())
    if array.dtype.kind in "OU":
        found.update("\0".join(map(str, array.ravel().tolist())).encode())
        return
    if array.nbytes > _LARGE:
        array = array[:: max(1, len(array) // _SAMPLED)]
    found.update(np.ascontiguousarray(array).tobytes())
