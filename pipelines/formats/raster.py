"""PNG and JPEG files."""

import contextlib
import struct
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageOps

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats.format import Format, require_size

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_SIDES = slice(16, 24)  # of a PNG's first chunk: width and height
_EXIF = (b"eXIf", b"Raw profile type")  # how a PNG may hold it
_COLOUR = 25  # position of the colour type in a PNG's first chunk
_GREY = (0, 4)  # without and with alpha
_ORIENTATION = 0x0112  # EXIF's tag


def _check_png(data: bytes) -> None:
    image = _open(data)
    if getattr(image, "is_animated", False):
        raise DataError("animated PNG")
    image.verify()  # neither Pillow nor OpenCV looks at the check sums of the pixels


def _decode_png(data: bytes) -> np.ndarray:
    width, height = struct.unpack(">II", data[_SIDES])
    require_size(1, height, width)
    # OpenCV, because Pillow cuts 16-bit colour down to 8 bits, and takes longer.
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None:  # OpenCV does not say why: a MemoryError here says that it was the memory
        np.empty((height, width, 4), dtype=np.uint16)
        raise DataError("image damaged or truncated")
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    pixels = pixels[..., :1] if data[_COLOUR] in _GREY else pixels[..., 2::-1]
    if any(mark in data for mark in _EXIF):
        pixels = _turned(pixels, _open(data).getexif().get(_ORIENTATION, 1))
    return pixels[None]


def _decode_jpeg(data: bytes) -> np.ndarray:
    image = _open(data)
    image.load()
    with contextlib.suppress(Exception):  # a damaged EXIF block says nothing about the pixels
        image = ImageOps.exif_transpose(image)
    pixels = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    return pixels.reshape(1, *pixels.shape[:2], -1)


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(BytesIO(data), formats=["PNG", "JPEG"])
    except Image.DecompressionBombError:
        raise DataError("too many pixels") from None
    require_size(1, image.height, image.width)
    return image


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels as EXIF's orientation 1 to 8 asks for."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(
        orientation, (1, 1)
    )
    return pixels[::rows, ::columns]


PNG = Format("PNG", lambda data: data.startswith(_PNG), _decode_png, _check_png)
JPEG = Format("JPEG", lambda data: data.startswith(_JPEG), _decode_jpeg)
