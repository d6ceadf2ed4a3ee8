"""One registry per kind of component; it imports its folder, where each file adds itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from hybrid_zoo.registry import Registry

if TYPE_CHECKING:
    import keras

Encoder: TypeAlias = "str | keras.Model | Callable[..., keras.Model]"
"""How an encoder is given: by name, as a model, or as a builder."""

IMAGE_ENCODERS = Registry("image encoder", "hybrid_zoo.images")
VOLUME_ENCODERS = Registry("volume encoder", "hybrid_zoo.volumes")
SEQUENCE_ENCODERS = Registry("sequence encoder", "hybrid_zoo.sequences")
TABULAR_ENCODERS = Registry("tabular encoder", "hybrid_zoo.tabular")
NOTE_ENCODERS = Registry("note encoder", "hybrid_zoo.notes")
BAGS = Registry("bag pooling", "hybrid_zoo.bags")
FUSIONS = Registry("fusion", "hybrid_zoo.fusions")

ENCODERS = {
    "image": IMAGE_ENCODERS,
    "volume": VOLUME_ENCODERS,
    "sequence": SEQUENCE_ENCODERS,
    "tabular": TABULAR_ENCODERS,
    "tokens": NOTE_ENCODERS,
}
"""Kind of modality to the encoders that read it."""
