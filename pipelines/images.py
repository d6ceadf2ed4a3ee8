"""Checks and decodes the image files of a cohort."""

import hashlib
import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.schema import Images
from hybrid_zoo.pipelines.tables import Quarantine

Progress = Callable[[int, int], None]
_MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
# What Pillow raises on damaged files; a decoder fed with noise fails in many ways.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)
_THREADS = min(8, os.cpu_count() or 1)


def check_images(
    rows: pd.DataFrame, folder: Path, quarantine: Quarantine, progress: Progress | None = None
) -> pd.DataFrame:
    """Keep the image rows whose file is inside the folder, whole, and a PNG or JPEG image.

    Every file is decoded once in full. A header that announces more than
    `PIL.Image.MAX_IMAGE_PIXELS` (89 megapixels) is not decoded.

    Args:
        rows: With `path`, and `sha256` where known; row numbers as index.
        folder: Where paths start.
        quarantine: Takes the others, each with its file and reason.
        progress: Called with the number of files checked and of all files.

    Returns:
        The good rows; a path with `..` that stays inside is rewritten without.
    """
    root = folder.resolve()
    hashes = rows["sha256"] if "sha256" in rows else pd.Series(None, rows.index, dtype=object)
    jobs = list(zip(rows["path"], hashes, strict=True))
    found = list(_parallel(lambda job: _check_file(root, *job), jobs, progress))
    reasons = pd.Series([reason for reason, _ in found], index=rows.index, dtype=object)
    for number, reason, name in zip(rows.index, reasons, rows["path"], strict=True):
        if reason is not None:
            quarantine.add("images", [number], reason, "path", name)
    paths = pd.Series([path for _, path in found], index=rows.index, dtype="str")
    return rows.assign(path=paths)[reasons.isna()]


def decode_bags(
    paths: pd.Series, slots: np.ndarray, bags: np.ndarray, folder: Path, options: Images
) -> None:
    """Decode images into their places.

    Each image is rotated as its EXIF tag says, turned grey or RGB, cropped about its centre to the
    aspect ratio of `options.size`, and resized to it (bilinear with antialiasing). Values stay as
    stored: 0..255, or 0..65535 for a 16-bit grey PNG. Alpha is ignored.

    Args:
        paths: `(rows,)` relative paths.
        slots: `(rows, 2)` sample and image position of each.
        bags: `(samples, images, height, width, channels)` float32, filled in place.
        folder: Where paths start.
        options: Size and channels.

    Raises:
        DataError: If a file is not what it was when it was checked.
    """

    def fill(job: tuple[str, np.ndarray]) -> None:
        path, (sample, position) = job
        bags[sample, position] = _pixels(folder, path, options)

    for _ in _parallel(fill, list(zip(paths, slots, strict=True)), None):
        pass


def _parallel(work: Callable[[Any], Any], jobs: list[Any], progress: Progress | None) -> Iterator:
    """Yield the results in order; Pillow releases the interpreter lock while it decodes."""
    # Warning filters belong to the process: set once here, they hold in every thread.
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for done, result in enumerate(pool.map(work, jobs), 1):
            yield result
            if progress is not None:
                progress(done, len(jobs))


def _check_file(root: Path, name: str, sha256: Any) -> tuple[str | None, str]:
    """Return why a file cannot be used (None: it can), and its path without `..`."""
    try:
        path = (root / name).resolve()
        if Path(name).is_absolute() or not path.is_relative_to(root):
            return "outside the cohort folder", name
        if not path.is_file():
            return "file missing", name
        data = path.read_bytes()
    except (OSError, ValueError, RuntimeError):
        return "file unreadable", name
    if isinstance(sha256, str) and hashlib.sha256(data).hexdigest() != sha256.strip().lower():
        return "sha256 differs", name
    inside = path.relative_to(root).as_posix() if ".." in Path(name).parts else name
    return _fault(data), inside


def _fault(data: bytes) -> str | None:
    if not data:
        return "file empty"
    if not data.startswith(tuple(_MAGIC)):
        return "not a PNG or JPEG image"
    try:
        _open(data).load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return "too many pixels"
    except _DAMAGE:
        return "image damaged or truncated"
    return None


def _open(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data), formats=list(_MAGIC.values()))


def _pixels(folder: Path, path: str, options: Images) -> np.ndarray:
    """Return `(height, width, channels)` float32."""
    try:
        image = _upright(_open((folder / path).read_bytes()))
        height, width = options.size
        fitted = ImageOps.fit(
            _to_channels(image, options.channels), (width, height), Image.Resampling.BILINEAR
        )
    except _DAMAGE as error:
        raise DataError(
            f"Image {path} could be read when the cohort was checked and cannot be read now "
            f"({type(error).__name__}); read the cohort again."
        ) from None
    pixels = np.asarray(fitted, dtype=np.float32)
    # One grey plane serves as many channels as are asked for (16-bit images have no RGB form).
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], options.channels, axis=-1)


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGE:  # a damaged EXIF block says nothing about the pixels
        return image


def _to_channels(image: Image.Image, channels: int) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("F")
    if channels == 3:
        return image.convert("RGB")
    # Through RGB, so that palette images and those with an alpha channel become grey alike.
    grey = image if image.mode == "L" else image.convert("RGB").convert("L")
    return grey.convert("F")


def order_images(rows: pd.DataFrame, sample_ids: Iterable[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Put the images of each sample in order of hours, the latest last.

    Args:
        rows: Image rows of one modality.
        sample_ids: All samples, in order.

    Returns:
        The rows in order, and `(rows, 2)` sample and image position of each.
    """
    rows = rows.sort_values(["hours", "path"], na_position="first", kind="stable")
    samples = pd.Index(sample_ids).get_indexer(pd.Index(rows["sample_id"]))
    positions = rows.groupby("sample_id").cumcount().to_numpy()
    return rows, np.stack([samples, positions], axis=1).astype(np.int64)
