"""What a file format is to a cohort."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.errors import DataError

MOST_PIXELS = 2**26
"""Pixels of one frame; a header that announces more is not decoded. A mammogram has 2**24.5."""

MOST_VOXELS = 2**28
"""Pixels of all frames of a file: 1,000 slices of a CT."""


@dataclass(frozen=True)
class Format:
    """One file format.

    Args:
        name: As messages call it.
        matches: Tells from the bytes of a file, never from its name, whether it is of this format.
        decode: Bytes to `(frames, height, width, channels)`, 1 or 3 channels, uint8, uint16, int16
            or float32, upright and bright where the picture is bright. `DataError` says why not.
        check: Refuses what decoding would not notice; left out for content that a scan has passed.
    """

    name: str
    matches: Callable[[bytes], bool]
    decode: Callable[[bytes], np.ndarray]
    check: Callable[[bytes], None] = lambda data: None


def require_size(frames: int, height: int, width: int) -> None:
    """Refuse an image by its header, before anything of its size is allocated.

    Args:
        frames: Number of frames or slices.
        height: In pixels.
        width: In pixels.

    Raises:
        DataError: If a side is less than 1, a frame larger than `MOST_PIXELS`, or all of them
            together larger than `MOST_VOXELS`.
    """
    if min(frames, height, width) < 1:
        raise DataError("image without pixels")
    if height * width > MOST_PIXELS or frames * height * width > MOST_VOXELS:
        raise DataError("too many pixels")
