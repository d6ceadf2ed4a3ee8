"""From the states of all steps to one vector."""

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import masked_max, masked_mean


@keras.saving.register_keras_serializable("hybrid_zoo")
class PoolSteps(FullPrecision):
    """Join the last, the mean and the maximum of the states before the padding.

    Source:
        Own design, because all three together measured best on hourly ICU series.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *args, **kwargs) -> None:
        """Return None: the steps are gone."""
        return None

    def call(self, states: keras.KerasTensor, valid: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, 3 * units)` from `(batch, steps, units)` and `(batch, steps)` bool."""
        weight = ops.expand_dims(ops.cast(valid, states.dtype), -1)
        last = ops.sum(ops.cast(valid, "int32"), axis=1) - 1
        final = ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]
        parts = [final, masked_mean(states, weight), masked_max(states, weight)]
        return ops.concatenate(parts, axis=-1)

    def compute_output_spec(self, states, valid):
        """Return the symbolic output."""
        return keras.KerasTensor((states.shape[0], 3 * states.shape[-1]), dtype=states.dtype)
