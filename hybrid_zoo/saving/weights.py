"""The weights of a model file: plain arrays in HDF5, as many as the configuration declares."""

import json
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.saving.allowed import Registered
from hybrid_zoo.saving.archive import CONFIG, WEIGHTS

SIGNATURE = b"\x89HDF\r\n\x1a\n"
OPTIMIZER = "optimizer/"
DOUBLING = "SpectralNormalization"
"""The layer of Keras that stores the kernel of another one a second time."""

BFLOAT16 = 2
"""Bytes of a bfloat16, which HDF5 knows as raw bytes only."""

Shapes = dict[str, tuple[int, ...]]


def read_shapes(path: Path, name: str) -> Shapes:
    """Refuse a weights file that is more than a tree of plain arrays; no array is read.

    Args:
        path: The HDF5 file.
        name: Of the model file, for messages.

    Returns:
        Path of each array in the file to its shape.

    Raises:
        UnsafeArtifactError: For links, arrays that lie elsewhere, filters, text or other objects,
            and sizes that the file cannot hold.
        CorruptArtifactError: If it is no HDF5.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        known = file.read(len(SIGNATURE)) == SIGNATURE
    try:
        if not known:
            raise OSError("no HDF5 signature")
        with h5py.File(path, "r") as file:
            arrays = _walk(file, name)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CorruptArtifactError(
            f"{name}: {WEIGHTS} is damaged or no HDF5 ({error}). Copy it again from its source."
        ) from error
    declared = sum(math.prod(shape) * width for shape, width in arrays.values())
    if declared > size:
        raise UnsafeArtifactError(
            f"{name}: {WEIGHTS} has {size} bytes but declares arrays of {declared}. "
            "Do not load this file."
        )
    return {place: shape for place, (shape, _) in arrays.items()}


def check_fit(config: dict[str, Any], stored: Shapes, registered: Registered, name: str) -> None:
    """Refuse weights that are not those of the configuration, before any of them is allocated.

    Args:
        config: A configuration that passed `check_config`.
        stored: Path of each stored array to its shape.
        registered: What the configuration names outside of Keras and this package. Such classes
            may store what they like, so that only the total is held against the file then.
        name: Of the file, for messages.

    Raises:
        CorruptArtifactError: If the graph cannot be built, or a weight is missing, of another shape
            or too many.

    Source:
        Own design, because Keras allocates what the configuration asks for before it looks at the
        weights: 100 bytes of JSON would fill the memory.
    """
    try:
        expected = _declared(config, registered)
    except Exception as error:  # the settings are anybody's, and so is what Keras makes of them
        if registered:
            return  # a layer may create a variable from a value, which a scope does not allow
        raise CorruptArtifactError(
            f"{name}: {CONFIG} describes no model that can be built ({first_reason(error)}). "
            "Save the model again."
        ) from error
    own = {place: shape for place, shape in stored.items() if not place.startswith(OPTIMIZER)}
    lenient = bool(registered) or DOUBLING in json.dumps(config)
    if _total(expected) > _total(own) or not lenient:
        _compare(expected, own, name)


def first_reason(error: BaseException) -> str:
    """Return what began a chain of errors, which Keras wraps once per model, in a line.

    Args:
        error: The last one.
    """
    while error.__context__:
        error = error.__context__
    lines = f"{type(error).__name__}: {error}".splitlines()
    return f"{lines[0]:.200}"


def _walk(file: h5py.File, name: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """Return path to shape and bytes per number, of every array."""
    arrays: dict[str, tuple[tuple[int, ...], int]] = {}
    seen = {h5py.h5o.get_info(file.id).addr}
    groups = [("", file)]
    while groups:
        prefix, group = groups.pop()
        for key in group:
            place = f"{prefix}{key}"
            link = group.get(key, getlink=True)
            if link is None:
                raise KeyError(f"{place} is listed but not there")
            if not isinstance(link, h5py.HardLink):
                raise _refused(name, place, f"is a {type(link).__name__}")
            child = group[key]
            address = h5py.h5o.get_info(child.id).addr
            if address in seen:
                raise _refused(name, place, "is a second way to another place")
            seen.add(address)
            if isinstance(child, h5py.Group):
                groups.append((f"{place}/", child))
            elif isinstance(child, h5py.Dataset):
                _check_array(child, name, place)
                arrays[place] = child.shape, child.dtype.itemsize
            else:
                raise _refused(name, place, "is neither a group nor an array")
    return arrays


def _check_array(array: h5py.Dataset, name: str, place: str) -> None:
    """Refuse what Keras does not write; an array without a shape is none either."""
    flaws = {
        "lies outside of the file": array.external or array.is_virtual,
        "is split or filtered": array.chunks or array.id.get_create_plist().get_nfilters(),
        f"holds {array.dtype}": not _is_number(array.dtype),
        "has no shape": array.shape is None,
    }
    for flaw, holds in flaws.items():
        if holds:
            raise _refused(name, place, flaw)
    declared = math.prod(array.shape) * array.dtype.itemsize
    kept = array.id.get_storage_size()
    if declared != kept:
        raise _refused(name, place, f"declares {declared} bytes and keeps {kept}")


def _is_number(dtype: np.dtype) -> bool:
    if dtype.names or dtype.subdtype:
        return False
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.itemsize == BFLOAT16)


def _compare(expected: Shapes, found: Shapes, name: str) -> None:
    """Refuse weights of which not every shape is there as often as expected."""
    missing = Counter(expected.values()) - Counter(found.values())
    extra = Counter(found.values()) - Counter(expected.values())
    if missing or extra:
        examples = [
            *_examples(expected, missing, "is declared but not stored"),
            *_examples(found, extra, "is stored but not declared"),
        ]
        raise CorruptArtifactError(
            f"{name}: {WEIGHTS} does not fit {CONFIG}: {', '.join(examples)}; {_total(expected)} "
            f"numbers declared, {_total(found)} stored. Save the model again."
        )


def _declared(config: dict[str, Any], registered: Registered) -> Shapes:
    """Build the graph without its weights and return their paths and shapes."""

    def build() -> Shapes:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(
                _uncompiled(config), custom_objects=registered, safe_mode=True
            )
            return {f"{v.path} (weight {k})": tuple(v.shape) for k, v in enumerate(model.weights)}

    # Keras remembers per thread which variables still wait for their values; this thread forgets.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(build).result()


def _uncompiled(node: Any) -> Any:
    """Copy a configuration, which Keras uses up, without optimisers: these need real variables."""
    if isinstance(node, dict):
        return {key: _uncompiled(x) for key, x in node.items() if key != "compile_config"}
    return [_uncompiled(x) for x in node] if isinstance(node, list) else node


def _total(shapes: Shapes) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


def _examples(shapes: Shapes, odd: Counter, what: str) -> list[str]:
    """Name one array of an odd shape, if there is any."""
    return [f"{place:.200} {list(s)} {what}" for place, s in shapes.items() if s in odd][:1]


def _refused(name: str, place: str, flaw: str) -> UnsafeArtifactError:
    return UnsafeArtifactError(
        f"{name}: {WEIGHTS} holds {place!r}, which {flaw}; expected plain arrays, as Keras writes "
        "them. Do not load this file."
    )
