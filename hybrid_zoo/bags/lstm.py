"""A recurrent layer over a sample's images in order of time."""

import keras

from hybrid_zoo.bags.pool import Pool
from hybrid_zoo.layers.bag import as_bag
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.gaps import close_gaps
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.registries import BAGS


@keras.saving.register_keras_serializable("hybrid_zoo")
class ImagesInOrder(FullPrecision):
    """Give every sample its images' features one after the other, whichever slots are empty.

    Source:
        Own design, because an empty slot must change nothing, wherever in the bag it is.
    """

    def call(
        self, features: keras.KerasTensor, real: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
        """Return the bags without gaps, their masks, and whether a sample has any image.

        Args:
            features: `(batch * images, width)`.
            real: `(batch, images)`, 1 where an image is real.

        Returns:
            `(batch, images, width)`, `(batch, images)` bool whose first place is True, and
            `(batch, 1)` float of 0 and 1.
        """
        bag, there, mask = close_gaps(as_bag(features, real), real > 0)
        return bag, mask, there[:, :1]

    def compute_output_spec(self, features, real):
        """Return the symbolic outputs."""
        shape = (*real.shape, features.shape[-1])
        return (
            keras.KerasTensor(shape, dtype=features.dtype),
            keras.KerasTensor(real.shape, dtype="bool"),
            keras.KerasTensor((real.shape[0], 1), dtype="float32"),
        )


@BAGS.register
def lstm(*, units: int = 64, name: str = "lstm") -> Pool:
    """Read a sample's images by an LSTM, the earliest first, and keep its last state.

    Args:
        units: Width of the state; at least 1.
        name: Of the LSTM layer.

    Returns:
        A function from `(batch * images, features)` and `(batch, images)`, 1 where an image is
        real, to `(batch, units)`; zeros for a sample without an image.

    Raises:
        ConfigError: For an impossible knob.

    Source:
        The review, section on hybrid architecture: the CNN's vector goes into the LSTM.
    """
    check_knobs("lstm", units=units)

    def pool(features, real):
        bag, mask, present = ImagesInOrder(name=f"{name}_order")(features, real)
        state = LSTM(units, name=name)(bag, mask=mask)
        return keras.layers.Multiply(name=f"{name}_state")([state, present])

    return pool
