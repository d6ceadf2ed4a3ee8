"""Looks at one image file: where it is, whether it is whole, and what it holds."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats import decode

READY = "ready"  # what a scan worker says once it can decode
DIFFERS = "sha256 differs"


class Inspected(NamedTuple):
    """What a file is.

    Args:
        reason: Why it cannot be used; empty if it can.
        path: Its path inside the cohort folder, without `..`.
        sha256: Of its bytes; empty if they could not be read. Likewise the rest.
        bytes: Its size.
        shape: `frames x height x width x channels` as text.
        dtype: Of its pixels.
    """

    reason: str
    path: str
    sha256: str = ""
    bytes: int = 0
    shape: str = ""
    dtype: str = ""


def inspect(root: Path, name: str, expected: str = "") -> Inspected:
    """Read a file, compare its hash and decode it once in full.

    Args:
        root: The cohort folder, resolved.
        name: The path as the images table gives it.
        expected: SHA-256 that the images table gives; empty if it gives none.

    Returns:
        What was found; never raises for a bad file.
    """
    path = inside(root, name)
    if path is None:
        return Inspected("outside the cohort folder", name)
    try:
        if not path.is_file():
            return Inspected("file missing", name)
        data = path.read_bytes()
    except (OSError, ValueError):
        return Inspected("file unreadable", name)
    plain = path.relative_to(root).as_posix() if ".." in Path(name).parts else name
    sha256 = hashlib.sha256(data).hexdigest()
    reason, pixels = (DIFFERS, None) if differs(sha256, expected) else _decoded(data)
    shape, dtype = _described(pixels)
    return Inspected(reason, plain, sha256, len(data), shape, dtype)


def inside(root: Path, name: str) -> Path | None:
    """Return the file that a path leads to, links followed; None if that is outside.

    Args:
        root: The cohort folder, resolved.
        name: The path as the images table gives it.
    """
    try:
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):  # such as a null character, or a loop of links
        return root / name
    return path if path.is_relative_to(root) and not Path(name).is_absolute() else None


def holds(root: Path | None, value: object) -> bool:
    """Tell whether a value of a table is the path of a file inside a folder.

    Args:
        root: The folder; None holds nothing.
        value: Anything.
    """
    if root is None or not isinstance(value, str):
        return False
    path = inside(root.resolve(), value)
    return path is not None and path.is_file()


def differs(sha256: str, expected: str) -> bool:
    """Tell whether a file has another hash than the images table gives; an empty one is any.

    Args:
        sha256: Of the file.
        expected: As the table gives it.
    """
    return bool(expected) and sha256 != expected.strip().lower()


def _decoded(data: bytes) -> tuple[str, np.ndarray | None]:
    """Return why a file cannot be decoded, or its pixels."""
    try:
        return "", decode(data)
    except DataError as error:
        return str(error), None
    except ImportError as error:
        return f"cannot be decoded here: {error}", None


def _described(pixels: np.ndarray | None) -> tuple[str, str]:
    if pixels is None:
        return "", ""
    return "x".join(str(side) for side in pixels.shape), pixels.dtype.name
