"""A gated recurrent unit whose inputs and state decay where nothing is measured."""

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision

FORGETTING = 0.1
"""Largest decay per step or hour at the start: half is gone after 7, on average after 14."""


@keras.saving.register_keras_serializable("hybrid_zoo")
class GRUD(FullPrecision):
    """Run GRU-D over values, masks and times since the observation before.

    With decays `gx = exp(-max(0, w d + b))` of the inputs, `w` diagonal, and
    `gh = exp(-max(0, W d + b))` of the state, a step reads `x m + (1 - m) gx x_last`, for the mean
    of a standard score is 0, beside the mask m, and starts from the state `gh h`. The gates are
    those of `keras.layers.GRU(reset_after=False)`: z keeps the old state, where the paper's z takes
    the new one. All is float32, since hours are read.

    Args:
        units: Width of the state; at least 1.
        return_sequences: Return the states of all steps, not only of the last unmasked one.

    Source:
        Che et al. 2018, doi:10.1038/s41598-018-24271-9, section "GRU-D".
    """

    def __init__(self, units: int, return_sequences: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units, self.return_sequences = units, return_sequences
        self.supports_masking = True
        self.rnn = keras.layers.RNN(
            DecayedGRUCell(units, dtype=self.dtype_policy),
            return_sequences=return_sequences,
            dtype=self.dtype_policy,
        )

    def build(self, channels_shape: tuple) -> None:
        """Create the decays; they start small and positive, for a negative one never learns."""
        batch, steps, width = channels_shape
        variables = width // 3
        small = keras.initializers.RandomUniform(0.0, FORGETTING)
        smaller = keras.initializers.RandomUniform(0.0, FORGETTING / variables)
        state = (variables, self.units)
        self.input_rate = self.add_weight((variables,), small, name="input_rate")
        self.input_bias = self.add_weight((variables,), "zeros", name="input_bias")
        self.state_rate = self.add_weight(state, smaller, name="state_rate")
        self.state_bias = self.add_weight((self.units,), "zeros", name="state_bias")
        self.rnn.build((batch, steps, 2 * variables + self.units))

    def call(
        self, channels: keras.KerasTensor, mask: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return the states.

        Args:
            channels: `(batch, steps, 3 * variables)`: the last value, 0 if there is none, then the
                mask, 1 where it is new, then the time since the observation before.
            mask: `(batch, steps)` bool, False on padding, over which the state stands still.

        Returns:
            `(batch, units)`, or `(batch, steps, units)` with `return_sequences`.
        """
        last, new, elapsed = ops.split(channels, 3, axis=-1)
        input_decay = ops.exp(-ops.relu(elapsed * self.input_rate + self.input_bias))
        state_decay = ops.exp(-ops.relu(ops.matmul(elapsed, self.state_rate) + self.state_bias))
        value = last * (new + (1.0 - new) * input_decay)
        return self.rnn(ops.concatenate([value, new, state_decay], axis=-1), mask=mask)

    def compute_mask(self, channels, mask=None):
        """Return the mask where the steps remain."""
        return mask if self.return_sequences else None

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"units": self.units, "return_sequences": self.return_sequences}
        return super().get_config() | own


class DecayedGRUCell(keras.layers.Layer):
    """A step of a GRU whose state is first multiplied by the last `units` of the inputs.

    Args:
        units: Width of the state.

    Source:
        Che et al. 2018, doi:10.1038/s41598-018-24271-9, section "GRU-D": hidden state decay.
    """

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.state_size = self.output_size = units
        self.gru = keras.layers.GRUCell(units, reset_after=False, dtype=self.dtype_policy)

    def build(self, input_shape: tuple) -> None:
        """Create the weights of the gates."""
        self.gru.build((*input_shape[:-1], input_shape[-1] - self.state_size))

    def call(self, inputs: keras.KerasTensor, states: list) -> tuple[keras.KerasTensor, list]:
        """Return the new state twice, as output and as state."""
        x, decay = ops.split(inputs, [inputs.shape[-1] - self.state_size], axis=-1)
        return self.gru(x, [decay * states[0]])
