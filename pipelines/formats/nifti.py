"""NIfTI volumes."""

import zlib
from typing import Any

import numpy as np

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats.format import MOST_VOXELS, Format, require_size

_HEADER = 540  # bytes of the longer of the two headers
_GZIP = b"\x1f\x8b"
_BYTES_PER_VOXEL = 8


def _matches(data: bytes) -> bool:
    try:
        head = _inflate(data, _HEADER) if data.startswith(_GZIP) else data[:_HEADER]
    except zlib.error:
        return False
    return head[344:348] == b"n+1\0" or head[4:8] == b"n+2\0"


def _inflate(data: bytes, most: int) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data, most)


def _decode(data: bytes) -> np.ndarray:
    nibabel = _nibabel()
    if data.startswith(_GZIP):
        data = _unzip(data)
    kind = nibabel.Nifti2Image if data[4:8] == b"n+2\0" else nibabel.Nifti1Image
    volume = kind.from_bytes(data)
    if sum(side != 1 for side in volume.shape) > 3:
        raise DataError(f"NIfTI with {len(volume.shape)} axes, expected a volume")
    width, height, depth = _three(volume.shape)
    require_size(depth, height, width)
    if volume.get_data_dtype().names or volume.get_data_dtype().kind == "c":
        raise DataError("NIfTI whose voxels are not plain numbers")
    return _upright(nibabel.as_closest_canonical(volume))


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the sides of a volume, some of which may be left out where they are 1."""
    first, second, third = (*shape, 1, 1, 1)[:3]
    return first, second, third


def _unzip(data: bytes) -> bytes:
    """Inflate, but not beyond what the largest volume needs."""
    plain = zlib.decompressobj(wbits=31)
    found = plain.decompress(data, MOST_VOXELS * _BYTES_PER_VOXEL)
    if plain.unconsumed_tail:
        raise DataError("too many pixels")
    if not plain.eof:
        raise DataError("image damaged or truncated")
    return found


def _nibabel() -> Any:
    try:
        import nibabel
    except ImportError:
        raise ImportError("NIfTI files need nibabel: pip install 'hybrid-zoo[images]'") from None
    return nibabel


def _upright(volume: Any) -> np.ndarray:
    """Lay a canonical volume (right, anterior, superior) out as axial DICOM slices lie.

    Returns:
        `(depth, height, width, 1)`: feet to head, front to back, the patient's right to left.
    """
    values = np.asarray(volume.dataobj)
    values = values.reshape(_three(values.shape))
    values = values[::-1, ::-1].transpose(2, 1, 0)[..., None]
    finite = np.isfinite(values)
    if not finite.any():
        raise DataError("image with values that are not finite")
    if values.dtype in (np.uint8, np.uint16, np.int16):
        return np.ascontiguousarray(values)
    # A voxel outside the field of view may be NaN: it becomes the darkest one inside.
    return np.where(finite, values, values[finite].min()).astype(np.float32)


NIFTI = Format("NIfTI", _matches, _decode)
