"""Arrays of a PyTorch file, read without PyTorch.

The format is the one before PyTorch 1.6: pickles of a magic number, the protocol, the sizes of
numbers, the state dict and the keys of its storages; then each storage, its count in 8 bytes first.
"""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hybrid_zoo.errors import ConfigError, CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.layers.torch_pickle import Storage, Tensor, Unpickler

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
ZIPPED = b"PK"
LARGEST = 2**30
"""Bytes of a file, which is read at once, so that its digest is that of what is used."""

COUNT = 8
"""Bytes of the count before a storage."""

Shape = tuple[int, ...]


def read_torch(who: str, path: Path, sha256: str | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of a state dict that `torch.save` wrote in its format before version 1.6.

    Args:
        who: Name of the encoder, for messages.
        path: The file.
        sha256: Its digest in hexadecimal digits, compared before anything is read; None for any.

    Returns:
        Name to array, read-only, float32 or int64.

    Raises:
        ConfigError: For a file of the newer format.
        UnsafeArtifactError: For anything but tensors of the two types, and for a huge file.
        CorruptArtifactError: For another digest, and a file that is cut or damaged.

    Source:
        `_legacy_load` of torch/serialization.py, whose format it reads.
    """
    where = f"{who}: {path.name!r}"
    content = _content(where, path, sha256)
    if content.startswith(ZIPPED):
        raise ConfigError(
            f"{where} is of the format of PyTorch 1.6 and later; expected the one before. Write it "
            "with torch.save(state, path, _use_new_zipfile_serialization=False)."
        )
    file, unpickler = BytesIO(content), Unpickler(where)
    magic, protocol, system = [unpickler.load(file) for _ in range(3)]
    if (magic, protocol) != (MAGIC, PROTOCOL) or not _is_little(system):
        raise _damaged(where, "it does not begin as PyTorch's files do")
    tensors = _tensors(unpickler, file)
    storages = _storages(unpickler, file)
    arrays = _arrays(where, content, file.tell(), storages)
    return {name: _view(tensor, arrays) for name, tensor in tensors.items()}


def check_arrays(
    who: str, path: Path, arrays: Mapping[str, np.ndarray], expected: Mapping[str, Shape]
) -> None:
    """Refuse arrays that are not those of an architecture.

    Args:
        who: Name of the encoder, for messages.
        path: Of the file, for messages.
        arrays: Name to array.
        expected: Name to shape.

    Raises:
        ConfigError: If one is missing, too many, not finite, or of another shape or type.
    """
    names = [*expected, *(name for name in arrays if name not in expected)]
    found = [_flaw(name, arrays.get(name), expected.get(name)) for name in names]
    flaws = [flaw for flaw in found if flaw]
    if flaws:
        more = f", and {len(flaws) - 1} more" if len(flaws) > 1 else ""
        raise ConfigError(
            f"{who}: {path.name!r} does not fit: {flaws[0]}{more}. Pass the weights of {who}."
        )


def _flaw(name: str, array: np.ndarray | None, shape: Shape | None) -> str:
    """Say what is wrong with an array; nothing if it is as it should be."""
    if array is None:
        return f"it lacks {name!r}"
    if shape is None:
        return f"it holds {name!r:.80} as well"
    if array.shape != shape or array.dtype.kind != "f":
        return f"{name!r} is {array.dtype} {array.shape}, expected float32 {shape}"
    return "" if np.isfinite(array).all() else f"{name!r} holds numbers that are not finite"


def _content(where: str, path: Path, sha256: str | None) -> bytes:
    """Return a file's bytes, once size and digest are as they should be."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UnsafeArtifactError(
                f"{where} has {size} bytes, expected at most {LARGEST}. Do not load it."
            )
        content = path.read_bytes()
    except OSError as error:
        raise CorruptArtifactError(f"{where} cannot be read: {error.strerror}.") from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, found):
        raise CorruptArtifactError(
            f"{where} has the SHA-256 {found}, expected {sha256}: it is not the published file. "
            "Install its package again."
        )
    return content


def _tensors(unpickler: Unpickler, file: BytesIO) -> dict[str, Tensor]:
    """Return the state dict, whose storages still lack their values."""
    state = unpickler.load(file)
    if not isinstance(state, dict):
        raise unpickler.refused(f"a {type(state).__name__} instead of a state dict")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise unpickler.refused(f"{name!r:.60}, a {type(value).__name__} that is no tensor")
    return state


def _storages(unpickler: Unpickler, file: BytesIO) -> list[Storage]:
    """Return the storages in the order in which their values follow."""
    keys, known = unpickler.load(file), unpickler.storages
    texts = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not texts or sorted(keys) != sorted(known):
        raise _damaged(unpickler.where, "its list of storages is not that of its tensors")
    return [known[key] for key in keys]


def _arrays(where: str, content: bytes, start: int, storages: list[Storage]) -> dict:
    """Return key to numbers of each storage; they fill the rest of the file."""
    arrays = {}
    for storage in storages:
        count = int.from_bytes(content[start : start + COUNT], "little")
        start += COUNT
        end = start + storage.dtype.itemsize * storage.count
        if count != storage.count or end > len(content):
            raise _damaged(
                where,
                f"storage {storage.key!r:.40} claims {storage.count} numbers and has {count}, "
                f"with {max(0, len(content) - start)} bytes left",
            )
        arrays[storage.key] = np.frombuffer(content, storage.dtype, storage.count, start)
        start = end
    if start != len(content):
        raise _damaged(where, f"{len(content) - start} bytes follow its last storage")
    return arrays


def _view(tensor: Tensor, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a tensor's array, without a copy: many tensors may look into one storage."""
    flat = arrays[tensor.storage.key][tensor.offset :]
    steps = [
        flat.itemsize * step if side > 1 else 0
        for side, step in zip(tensor.shape, tensor.strides, strict=True)
    ]
    return as_strided(flat, tensor.shape, steps, writeable=False)


def _is_little(system: Any) -> bool:
    return isinstance(system, dict) and system.get("little_endian") is True


def _damaged(where: str, flaw: str) -> CorruptArtifactError:
    return CorruptArtifactError(
        f"{where} is cut or damaged: {flaw}. Copy it again from its source."
    )
