"""Images as a page holds them in itself: alone, and with a map laid over."""

import base64
import io

import matplotlib
import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from hybrid_zoo.explain.plot import MAP

SIDE = 288
"""Pixels of the longer side of a picture, at least: below it pixels are repeated."""
VEIL = 0.6
"""How much of the image the strongest place of a map hides."""
LEVEL = 0.5
"""Share of the map's largest value that the contour follows."""
DASH = 8
"""Pixels of a dash of a broken contour."""


def grey(image: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return an image as it is shown: black to white between two values.

    Args:
        image: `(height, width, channels)` in raw units; NaN is black.
        limits: Value of black and of white.

    Returns:
        `(height, width, 3)`, 0 to 1.
    """
    low, high = limits
    shown = np.clip((np.nan_to_num(image, nan=low) - low) / ((high - low) or 1.0), 0, 1)
    return shown if shown.shape[-1] == 3 else np.repeat(shown.mean(axis=-1, keepdims=True), 3, -1)


def limits_of(images: np.ndarray) -> tuple[float, float]:
    """Return what is shown black and white: the values of a byte, or the least and the largest.

    Args:
        images: All of a bag.
    """
    seen = images[np.isfinite(images)]
    low, high = float(seen.min(initial=np.inf)), float(seen.max(initial=-np.inf))
    return (0.0, 255.0) if 0 <= low and 1 < high <= 255 else (low, high)


def as_address(image: np.ndarray) -> str:
    """Return an image as an address that a page holds in itself.

    Args:
        image: `(height, width, 3)`, 0 to 1.
    """
    return _png(_enlarged(image))


def overlaid(image: np.ndarray, found: np.ndarray) -> str:
    """Lay a map over an image, as an address that a page holds in itself.

    The colours' lightness rises with the map, and lines enclose what is above half of its largest
    value, broken ones what is below minus half of it: both are seen in grey print, too.

    Args:
        image: `(height, width, 3)`, 0 to 1.
        found: `(height, width)`; where it has values below 0, these are darkest.
    """
    most = float(np.nanmax(abs(found))) or 1.0
    share = np.nan_to_num(found) / most
    place = (share + 1) / 2 if (share < 0).any() else share
    colours = matplotlib.colormaps[MAP](place)[..., :3]
    veil = VEIL * np.clip(abs(share), 0, 1)[..., None]
    picture, large = _enlarged((1 - veil) * image + veil * colours), _enlarged(share)
    _outline(picture, large >= LEVEL)
    _outline(picture, large <= -LEVEL, dash=DASH)
    return _png(picture)


def legend_address() -> str:
    """Return the colours of the maps from low to high."""
    ramp = matplotlib.colormaps[MAP](np.linspace(0, 1, 128))[None, :, :3]
    return _png(np.repeat(ramp, 12, axis=0))


def _enlarged(x: np.ndarray) -> np.ndarray:
    times = max(1, -(-SIDE // max(x.shape[:2])))
    return x.repeat(times, axis=0).repeat(times, axis=1)


def _outline(picture: np.ndarray, inside: np.ndarray, dash: int = 0) -> None:
    """Draw the rim of a region into a picture, white on black, which stands out of any image."""
    rim = inside & ~binary_erosion(inside, iterations=2)
    picture[binary_dilation(rim, iterations=2)] = 0.0
    rows, columns = np.indices(rim.shape)
    shown = rim & ((rows + columns) // dash % 2 == 0) if dash else rim
    picture[shown] = 1.0


def _png(picture: np.ndarray) -> str:
    """A PNG that holds pixels and nothing else."""
    buffer = io.BytesIO()
    pixels = np.round(255 * picture).astype(np.uint8)
    is_grey = (pixels == pixels[..., :1]).all()
    image = Image.fromarray(pixels[..., 0] if is_grey else pixels)
    image.save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
