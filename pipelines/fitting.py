"""Brings decoded images of any size to the size and channels that a cohort asks for."""

import numpy as np
from PIL import Image, ImageOps

from hybrid_zoo.pipelines.schema import Images

_BILINEAR = Image.Resampling.BILINEAR
_WINDOWED = np.iinfo(np.uint16).max


def fit(pixels: np.ndarray, options: Images) -> np.ndarray:
    """Cut or pad, resize, window, and turn grey or RGB.

    A size of two sides takes the middle frame, one of three resamples all frames to its depth.
    `resize: crop` cuts about the centre to the aspect ratio asked for, `resize: pad` keeps
    everything and fills up with the image's lowest value, as a whole number. Both are bilinear
    with antialiasing.

    Args:
        pixels: `(frames, height, width, channels)`.
        options: Size, channels, resize and window.

    Returns:
        `([depth,] height, width, channels)` in the dtype of `pixels`; uint16 with a window, whose
        lower edge becomes 0 and whose upper edge 65535.
    """
    *depth, height, width = options.size
    if not depth:
        pixels = pixels[len(pixels) // 2][None]
    if options.window is not None:
        pixels = _windowed(pixels, *options.window)
    dtype = pixels.dtype
    pixels = _to_channels(pixels, options.channels)
    pixels = np.stack([_resized(frame, height, width, options.resize) for frame in pixels])
    if depth:
        pixels = _to_depth(pixels, *depth)
    if dtype.kind != "f" and pixels.dtype != dtype:
        pixels = np.rint(pixels)
    return (pixels if depth else pixels[0]).astype(dtype, copy=False)


def _windowed(pixels: np.ndarray, centre: float, width: float) -> np.ndarray:
    share = (pixels.astype(np.float32) - (centre - width / 2)) / width
    return np.rint(share.clip(0, 1) * _WINDOWED).astype(np.uint16)


def _to_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    if pixels.shape[-1] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=-1)
    # ITU-R 601 luma, as Pillow's and OpenCV's grey
    grey = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.rint(grey)[..., None] if pixels.dtype.kind != "f" else grey[..., None]


def _resized(frame: np.ndarray, height: int, width: int, resize: str) -> np.ndarray:
    """Return `(height, width, channels)`: as it came if it fits, else float32."""
    if frame.shape[:2] == (height, width):
        return frame
    planes = []
    for channel in range(frame.shape[-1]):
        plane = Image.fromarray(frame[..., channel].astype(np.float32))
        if resize == "pad":
            lowest = int(np.floor(frame.min()))
            plane = ImageOps.pad(plane, (width, height), _BILINEAR, color=lowest)
        else:
            plane = ImageOps.fit(plane, (width, height), _BILINEAR)
        planes.append(np.asarray(plane))
    return np.stack(planes, axis=-1)


def _to_depth(pixels: np.ndarray, depth: int) -> np.ndarray:
    """Resample `(frames, height, width, channels)` along its first axis, with antialiasing."""
    if len(pixels) == depth:
        return pixels
    flat = np.ascontiguousarray(pixels.reshape(len(pixels), -1), dtype=np.float32)
    return np.asarray(Image.fromarray(flat).resize((flat.shape[1], depth), _BILINEAR)).reshape(
        depth, *pixels.shape[1:]
    )
