"""From the states of all steps to one vector, by learned weights that can be read."""

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import masked_max


def masked_softmax(scores: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """Turn scores into weights that sum to 1 over the True places of a mask.

    Args:
        scores: `(batch, steps)`.
        mask: `(batch, steps)` float of 0 and 1.

    Returns:
        `(batch, steps)`, exactly 0 outside the mask, and everywhere in a row without any place.
    """
    highest = masked_max(scores, mask)[:, None]
    shifted = ops.where(mask > 0, scores - highest, ops.zeros_like(scores))
    weights = ops.exp(shifted) * mask
    total = ops.sum(weights, axis=1, keepdims=True)
    return weights / ops.where(total > 0, total, ops.ones_like(total))


@keras.saving.register_keras_serializable("hybrid_zoo")
class AttentionPool(FullPrecision):
    """Average the states of the valid steps by additive attention.

    A step's score is `u . tanh(W state + b)`; the weights are the softmax over the valid steps.
    `keras.Model(model.inputs, model.get_layer(name).output[1])` returns the weights.

    Args:
        units: Width of the score's hidden layer; at least 1.

    Source:
        Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2; with a learned context vector as in
        Yang et al. 2016, doi:10.18653/v1/N16-1174, equations 5 to 7.
    """

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.supports_masking = True

    def build(self, states_shape: tuple, valid_shape: tuple) -> None:
        """Create the hidden layer and the context vector."""
        self.kernel = self.add_weight(shape=(states_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), name="bias", initializer="zeros")
        self.context = self.add_weight(shape=(self.units, 1), name="context")

    def compute_mask(self, *args, **kwargs) -> None:
        """Return None: the steps are gone."""
        return None

    def call(
        self, states: keras.KerasTensor, valid: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the average and the weights.

        Args:
            states: `(batch, steps, width)`, finite.
            valid: `(batch, steps)` bool, or 0 and 1.

        Returns:
            `(batch, width)` and `(batch, steps)`; zeros in a row without a valid step.
        """
        hidden = ops.tanh(ops.matmul(states, self.kernel) + self.bias)
        scores = ops.matmul(hidden, self.context)[:, :, 0]
        weights = masked_softmax(scores, ops.cast(valid, states.dtype))
        return ops.sum(states * ops.expand_dims(weights, -1), axis=1), weights

    def compute_output_spec(self, states, valid):
        """Return the symbolic outputs."""
        batch, steps, width = states.shape
        dtype = self.compute_dtype
        return (
            keras.KerasTensor((batch, width), dtype=dtype),
            keras.KerasTensor((batch, steps), dtype=dtype),
        )

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"units": self.units}
