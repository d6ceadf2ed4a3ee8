"""Looks at one image file: where it is, whether it is whole, and what it holds."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats import decode

READY = "ready"  # what a scan worker says once it can decode


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
    try:
        path = (root / name).resolve()
        if Path(name).is_absolute() or not path.is_relative_to(root):
            return Inspected("outside the cohort folder", name)
        if not path.is_file():
            return Inspected("file missing", name)
        data = path.read_bytes()
    except (OSError, ValueError, RuntimeError):
        return Inspected("file unreadable", name)
    inside = path.relative_to(root).as_posix() if ".." in Path(name).parts else name
    sha256 = hashlib.sha256(data).hexdigest()
    differs = bool(expected) and sha256 != expected.strip().lower()
    reason, pixels = ("sha256 differs", None) if differs else _decoded(data)
    shape, dtype = _described(pixels)
    return Inspected(reason, inside, sha256, len(data), shape, dtype)


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
