"""Which samples have a modality at all."""

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import observed, scrub


@keras.saving.register_keras_serializable("hybrid_zoo")
class Presence(FullPrecision):
    """Say whether a sample has anything of a modality.

    Source:
        Own design, because NaN and padding already say it: no second input to forget.
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, 1)` float of 0 and 1 from one modality's raw input."""
        seen = observed(x) if x.dtype != "int32" else ops.not_equal(x, 0)
        axes = tuple(range(1, len(x.shape)))
        return ops.cast(ops.any(seen, axis=axes), "float32")[:, None]

    def compute_output_spec(self, x):
        """Return the symbolic output."""
        return keras.KerasTensor((x.shape[0], 1), dtype="float32")


@keras.saving.register_keras_serializable("hybrid_zoo")
class Scrub(FullPrecision):
    """Replace NaN by 0, once the missingness has been recorded elsewhere.

    Source:
        Own design, because one NaN silently kills a network.
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the same shape, all finite."""
        return scrub(x)
