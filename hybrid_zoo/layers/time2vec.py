"""Where in time a step is, as a vector."""

import math

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import scrub

LONGEST = 10_000
"""The slowest sine starts with this many times the period of the fastest."""


@keras.saving.register_keras_serializable("hybrid_zoo")
class Time2Vec(FullPrecision):
    """Add to every step's vector an encoding of its hour, or of its number on a regular grid.

    The first unit is linear in time, `w t + b`; the others are `sin(w t + b)`. They start as the
    ladder of sines and cosines of the transformer, and are learned.

    Source:
        Kazemi et al. 2019, arXiv:1907.05321, equation 1; the start: Vaswani et al. 2017,
        arXiv:1706.03762, section 3.5.
    """

    def build(self, x_shape: tuple, time_shape: tuple | None = None) -> None:
        """Create a frequency and a phase per unit."""
        sines = range(x_shape[-1] - 1)
        ladder = [LONGEST ** (-2 * (i // 2) / x_shape[-1]) for i in sines]
        self.frequency = self._weights("frequency", [0.01, *ladder])
        self.phase = self._weights("phase", [0.0, *(math.pi / 2 * (i % 2) for i in sines)])

    def call(
        self, x: keras.KerasTensor, time: keras.KerasTensor | None = None
    ) -> keras.KerasTensor:
        """Return the sum of the vectors and their encoding.

        Args:
            x: `(batch, steps, units)`.
            time: `(batch, steps)` hours with a NaN tail, or None on a regular grid.

        Returns:
            `(batch, steps, units)`.
        """
        hours = ops.arange(ops.shape(x)[1], dtype="float32")[None] if time is None else scrub(time)
        angle = hours[:, :, None] * self.frequency + self.phase
        return x + ops.concatenate([angle[:, :, :1], ops.sin(angle[:, :, 1:])], axis=-1)

    def compute_output_spec(self, x, time=None):
        """Return the symbolic output."""
        return keras.KerasTensor(x.shape, dtype="float32")

    def _weights(self, name: str, values: list[float]) -> keras.Variable:
        return self.add_weight(
            shape=(len(values),),
            name=name,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype),
        )
