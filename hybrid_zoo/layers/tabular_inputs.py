"""Columns of a record as numbers that a dense layer can read."""

from collections.abc import Sequence

import keras
from keras import ops

from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import observed, scrub
from hybrid_zoo.layers.standardize import standardize


@keras.saving.register_keras_serializable("hybrid_zoo")
class OneHotCodes(keras.layers.Layer):
    """One-hot a categorical column, with a slot for missing and one for unknown.

    Args:
        known: Which codes 0, 1, ... the training rows hold; any other code is unknown.

    Source:
        Own design, because an unseen category at the next hospital must not raise.
    """

    def __init__(self, known: Sequence[bool], **kwargs) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.known = [bool(k) for k in known]

    def build(self, input_shape: tuple) -> None:
        """Keep the known codes as a weight, so that one graph serves every fold."""
        flags = [float(k) for k in self.known]
        self.flags = self.add_weight(
            shape=(len(flags),),
            name="known",
            trainable=False,
            initializer=lambda shape, dtype: ops.convert_to_tensor(flags, dtype),
        )

    def call(self, codes: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, codes + 2)` from `(batch, 1)` codes, NaN for missing."""
        seen = ops.cast(observed(codes), "float32")
        levels = ops.arange(len(self.known), dtype="float32")[None]
        slots = ops.cast(ops.abs(scrub(codes) - levels) < 0.5, "float32") * self.flags * seen
        unknown = seen - ops.sum(slots, axis=-1, keepdims=True)
        return ops.concatenate([slots, unknown, 1.0 - seen], axis=-1)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["trainable"], config["dtype"]
        return config | {"known": self.known}


@keras.saving.register_keras_serializable("hybrid_zoo")
class Columns(FullPrecision):
    """Select columns of a table.

    Args:
        positions: Columns to keep, in order.

    Source:
        Own design, because slicing by a list needs a layer to be saved.
    """

    def __init__(self, positions: Sequence[int], **kwargs) -> None:
        super().__init__(**kwargs)
        self.positions = list(positions)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(..., len(positions))`."""
        return ops.take(x, ops.convert_to_tensor(self.positions, "int32"), axis=-1)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"positions": self.positions}


@keras.saving.register_keras_serializable("hybrid_zoo")
class WithMissingFlags(FullPrecision):
    """Put 0 for what is missing, and beside it a flag that says so.

    Source:
        Own design, because missingness is information.
    """

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, 2 * columns)` from `(batch, columns)` standard scores with NaN."""
        missing = 1.0 - ops.cast(observed(scores), "float32")
        return ops.concatenate([scrub(scores), missing], axis=-1)


def tabular_inputs(modality: Modality, x: keras.KerasTensor) -> keras.KerasTensor:
    """Turn raw columns into dense inputs.

    Args:
        modality: The tabular modality.
        x: `(batch, columns)` raw values and codes, NaN for missing.

    Returns:
        `(batch, width)`: scores and missing flags of numbers, one-hot slots of categories.
    """
    parts = []
    numeric = modality.of_kind("numeric")
    if numeric:
        scores = standardize(modality)(x)
        parts.append(WithMissingFlags()(Columns(numeric)(scores)))
    parts += category_slots(modality, x)
    return keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]


def category_slots(modality: Modality, x: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return the one-hot slots of each categorical column.

    Args:
        modality: The tabular modality.
        x: `(batch, columns)` raw values and codes, NaN for missing.

    Returns:
        One `(batch, codes + 2)` per categorical column, with a slot for missing and for unknown.
    """
    pairs = zip(modality.of_kind("categorical"), modality.known, strict=True)
    return [OneHotCodes(known)(Columns([position])(x)) for position, known in pairs]
