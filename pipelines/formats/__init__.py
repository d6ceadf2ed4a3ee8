"""The image files a cohort may hold; a new format is one file here and one line in `FORMATS`."""

from hybrid_zoo.pipelines.formats.decode import FORMATS, decode, quiet_decoders

__all__ = ["FORMATS", "decode", "quiet_decoders"]
