"""One registry per kind of component; a file of an architecture adds itself on import."""

from hybrid_zoo.registry import Registry

IMAGE_ENCODERS = Registry("image encoder")
VOLUME_ENCODERS = Registry("volume encoder")
SEQUENCE_ENCODERS = Registry("sequence encoder")
TABULAR_ENCODERS = Registry("tabular encoder")
NOTE_ENCODERS = Registry("note encoder")
BAGS = Registry("bag pooling")
FUSIONS = Registry("fusion")

ENCODERS = {
    "image": IMAGE_ENCODERS,
    "volume": VOLUME_ENCODERS,
    "sequence": SEQUENCE_ENCODERS,
    "tabular": TABULAR_ENCODERS,
    "tokens": NOTE_ENCODERS,
}
"""Kind of modality to the encoders that read it."""
