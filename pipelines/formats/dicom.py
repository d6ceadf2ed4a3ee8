"""DICOM files: any transfer syntax that pydicom and pylibjpeg read."""

from io import BytesIO
from typing import Any

import numpy as np

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats.format import Format, require_size

_GREY = ("MONOCHROME1", "MONOCHROME2")


def _decode(data: bytes) -> np.ndarray:
    pydicom = _pydicom()
    dataset = pydicom.dcmread(BytesIO(data))
    if "PixelData" not in dataset:
        raise DataError("DICOM without an image")
    frames = int(dataset.get("NumberOfFrames") or 1)
    require_size(frames, int(dataset.Rows), int(dataset.Columns))
    if int(dataset.BitsAllocated) > 16:
        raise DataError("DICOM with more than 16 bits per pixel")
    pixels = pydicom.pixels.pixel_array(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = _eight_bits(pydicom.pixels.apply_color_lut(pixels, dataset))
    colours = 1 if dataset.PhotometricInterpretation in _GREY else 3
    shape = (frames, int(dataset.Rows), int(dataset.Columns), colours)
    if pixels.size != np.prod(shape):
        raise DataError("DICOM whose pixels do not match its header")
    pixels = pixels.reshape(shape)
    return _scaled(pixels, dataset) if colours == 1 else _plain(pixels)


def _eight_bits(colours: np.ndarray) -> np.ndarray:
    """Palettes are written with 8 bits per colour, or with 16 of which the low ones say nothing."""
    return (colours >> (8 if colours.max() > 255 else 0)).astype(np.uint8)


def _pydicom() -> Any:
    try:
        import pydicom
        import pydicom.pixels
    except ImportError:
        raise ImportError(
            "DICOM files need pydicom and its decoders: pip install 'hybrid-zoo[images]'"
        ) from None
    return pydicom


def _scaled(stored: np.ndarray, dataset: Any) -> np.ndarray:
    """Apply padding, inversion and rescaling: bright is dense, CT is in Hounsfield units."""
    from pydicom.pixels import apply_modality_lut

    stored = _without_padding(stored, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        signed = int(dataset.get("PixelRepresentation") or 0)
        highest = -1 if signed else 2 ** int(dataset.BitsStored) - 1
        stored = highest - stored.astype(np.int32)
    return _plain(apply_modality_lut(stored, dataset))


def _without_padding(stored: np.ndarray, dataset: Any) -> np.ndarray:
    """Give the pixels outside a scanner's field of view the lowest value inside it."""
    padding = dataset.get("PixelPaddingValue")
    if not isinstance(padding, int):
        return stored
    low, high = sorted((padding, int(dataset.get("PixelPaddingRangeLimit", padding))))
    outside = (stored >= low) & (stored <= high)
    if outside.any() and not outside.all():
        stored = np.where(outside, stored[~outside].min(), stored)
    return stored


def _plain(values: np.ndarray) -> np.ndarray:
    """Return values in the narrowest of uint8, uint16, int16 and float32 that holds them all."""
    values = np.asarray(values)
    if not np.isfinite(values).all():
        raise DataError("image with values that are not finite")
    if values.dtype.kind == "f" and not (values == np.round(values)).all():
        return values.astype(np.float32)
    low, high = values.min(), values.max()
    for dtype in (np.uint8, np.uint16, np.int16):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return values.astype(dtype)
    return values.astype(np.float32)


DICOM = Format("DICOM", lambda data: data[128:132] == b"DICM", _decode)
