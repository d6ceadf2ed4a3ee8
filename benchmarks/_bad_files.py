"""Image files that no reader should trust: twenty kinds that are broken, eight that mislead."""

import gzip
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pydicom
from PIL import Image
from pydicom.data import get_testdata_file


def picture(seed: int, side: int = 48) -> np.ndarray:
    """A smooth picture that is different for every seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = sum(np.sin(rng.uniform(2, 12) * x + rng.uniform(2, 12) * y) for _ in range(4))
    return ((waves - waves.min()) / np.ptp(waves) * 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(seed: int, **options) -> bytes:
    return encoded(Image.fromarray(picture(seed)), "PNG", **options)


def jpeg(seed: int, **options) -> bytes:
    return encoded(Image.fromarray(picture(seed)), "JPEG", quality=95, **options)


def sample(name: str) -> bytes:
    with open(get_testdata_file(name, download=False), "rb") as file:
        return file.read()


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 255]) + data[position + 1 :]


def chunked_png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = [
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def nifti() -> bytes:
    import nibabel

    return nibabel.Nifti1Image(np.zeros((8, 8, 8), dtype=np.int16), np.eye(4)).to_bytes()


MALFORMED: dict[str, Callable[[int], bytes]] = {
    "empty": lambda seed: b"",
    "text": lambda seed: b"sample_id,path\n" * 50,
    "zeros": lambda seed: bytes(4000),
    "noise": lambda seed: np.random.default_rng(seed).bytes(4000),
    "html": lambda seed: b"<html><body>404 Not Found</body></html>",
    "zip": lambda seed: b"PK\x03\x04" + bytes(500),
    "png cut": lambda seed: png(seed)[: -300 - seed % 200],
    "png header only": lambda seed: png(seed)[:33],
    "png flipped": lambda seed: flipped(png(seed, compress_level=0), 900),
    "png without width": lambda seed: chunked_png(0, 48, 8, 0, b""),
    "png bomb": lambda seed: chunked_png(60_000, 60_000, 8, 0, bytes(1000)),
    "png animated": lambda seed: png(
        seed, save_all=True, append_images=[Image.fromarray(255 - picture(seed))]
    ),
    "jpeg cut": lambda seed: jpeg(seed)[: 500 + seed % 100],
    "jpeg header only": lambda seed: jpeg(seed)[:20],
    "gif": lambda seed: encoded(Image.fromarray(picture(seed)), "GIF"),
    "webp": lambda seed: encoded(Image.fromarray(picture(seed)), "WEBP"),
    "bmp": lambda seed: encoded(Image.fromarray(picture(seed)), "BMP"),
    "dicom cut": lambda seed: sample("MR_small.dcm")[: 3000 + seed % 1000],
    "dicom without pixels": lambda seed: sample("reportsi.dcm"),
    "nifti cut": lambda seed: gzip.compress(nifti())[:-20],
}


def _monochrome1(pixels: np.ndarray) -> bytes:
    dataset = pydicom.dcmread(get_testdata_file("MR_small.dcm", download=False))
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME1", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 8, 7
    for name in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
        dataset.pop(name, None)
    dataset.PixelData = (255 - pixels.astype(np.uint16)).tobytes()
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def misleading() -> dict[str, tuple[bytes, np.ndarray | None]]:
    """File kind to its bytes and the true pixels; None where only a hash can tell."""
    grey = picture(1)
    deep = grey.astype(np.uint16) * 257
    colour = np.stack([deep, deep[::-1], deep[:, ::-1]], axis=-1)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colour)
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = jpeg(1)
    alpha = np.dstack([grey, np.zeros_like(grey)])
    ct = sample("CT_small.dcm")
    stored = pydicom.dcmread(io.BytesIO(ct))
    return {
        "16-bit grey PNG": (encoded(Image.fromarray(deep), "PNG"), deep[..., None]),
        "16-bit colour PNG": (chunked_png(48, 48, 16, 2, rows), colour),
        "EXIF rotation": (png(1, exif=exif), np.rot90(grey, -1)[..., None]),
        "transparent pixels": (encoded(Image.fromarray(alpha), "PNG"), grey[..., None]),
        "1-bit PNG": (
            encoded(Image.fromarray(grey > 99), "PNG"),
            (grey > 99)[..., None] * np.uint8(255),
        ),
        "MONOCHROME1": (_monochrome1(grey), grey[..., None]),
        "signed CT": (ct, stored.pixel_array.astype(int)[..., None] + int(stored.RescaleIntercept)),
        "JPEG with flipped bits": (flipped(whole, len(whole) // 2), None),
    }
