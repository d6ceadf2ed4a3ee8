"""PNG and JPEG files."""

from io import BytesIO

import numpy as np
import png
from PIL import Image, ImageOps

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats.format import Format, require_size

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_DEPTH, _COLOUR = 24, 25  # positions in a PNG's first chunk
_GREY = 0


def _decode_png(data: bytes) -> np.ndarray:
    image = _open(data)
    if getattr(image, "is_animated", False):
        raise DataError("animated PNG")
    image.verify()  # Pillow itself does not look at the check sums of the pixels
    if data[_DEPTH] == 16 and data[_COLOUR] != _GREY:
        return _sixteen_bit_colour(data)
    return _array(_open(data))


def _decode_jpeg(data: bytes) -> np.ndarray:
    return _array(_open(data))


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=["PNG", "JPEG"])
    except Image.DecompressionBombError:
        raise DataError("too many pixels") from None
    require_size(1, image.height, image.width)
    return image


def _array(image: Image.Image) -> np.ndarray:
    """Return `(1, height, width, channels)`: grey or RGB, alpha left out."""
    image = _upright(image)
    if image.mode.startswith("I"):  # 16-bit grey
        return np.asarray(image).astype(np.uint16)[None, ..., None]
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))[None, ..., None]
    return np.asarray(image.convert("RGB"))[None]


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  a damaged EXIF block says nothing about the pixels
        return image


def _sixteen_bit_colour(data: bytes) -> np.ndarray:
    """Pillow cuts such files down to eight bits without a word."""
    width, height, rows, info = png.Reader(bytes=data).asDirect()
    pixels = np.vstack([np.asarray(row, dtype=np.uint16) for row in rows])
    pixels = pixels.reshape(height, width, info["planes"])
    channels = 3 if info["planes"] >= 3 else 1
    exif = _open(data).getexif()
    return _turned(pixels[..., :channels], exif.get(0x0112, 1))[None]


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels as EXIF's orientation 1 to 8 asks for."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(
        orientation, (1, 1)
    )
    return pixels[::rows, ::columns]


PNG = Format("PNG", lambda data: data.startswith(_PNG), _decode_png)
JPEG = Format("JPEG", lambda data: data.startswith(_JPEG), _decode_jpeg)
