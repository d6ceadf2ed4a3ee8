"""From the bytes of any known format to pixels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats.dicom import DICOM
from hybrid_zoo.pipelines.formats.format import Format
from hybrid_zoo.pipelines.formats.nifti import NIFTI
from hybrid_zoo.pipelines.formats.raster import JPEG, PNG

FORMATS: tuple[Format, ...] = (PNG, JPEG, DICOM, NIFTI)


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Silence what decoders say of the files that they mend; filters belong to the whole process.

    Enter it once, around all threads that decode.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode(data: bytes, *, scanned: bool = False) -> np.ndarray:
    """Decode an image file.

    Args:
        data: The whole file.
        scanned: An earlier scan has decoded the same bytes, so that check sums need no second look.

    Returns:
        `(frames, height, width, channels)` in raw units: as stored for PNG and JPEG, after the
        file's own rescaling for DICOM and NIfTI.

    Raises:
        DataError: Why the file cannot be used, in a few words and without its content.
    """
    known = _format_of(data)
    try:
        if not scanned:
            known.check(data)
        return known.decode(data)
    except (DataError, ImportError):
        raise
    except MemoryError:
        raise DataError("too large for the memory") from None
    except Exception:  # noqa: BLE001  a decoder that is fed with noise fails in every way there is
        raise DataError("image damaged or truncated") from None


def _format_of(data: bytes) -> Format:
    if not data:
        raise DataError("file empty")
    for known in FORMATS:
        if known.matches(data):
            return known
    raise DataError(f"not a {', '.join(f.name for f in FORMATS[:-1])} or {NIFTI.name} file")
