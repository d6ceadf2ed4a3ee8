"""Pooling that learns which of a sample's images matter."""

import keras
from keras import ops

from hybrid_zoo.bags.pool import Pool
from hybrid_zoo.layers.attention_pool import masked_softmax
from hybrid_zoo.layers.bag import as_bag
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import BAGS


@keras.saving.register_keras_serializable("hybrid_zoo")
class GatedAttention(FullPrecision):
    """Average a sample's images by gated attention.

    An image's score is `w . (tanh(V h) * sigmoid(U h))`; the weights are the softmax over the real
    images. There is no bias, as in the paper's equation.

    Args:
        units: Width of the score's hidden layer; at least 1.

    Source:
        Ilse et al. 2018, arXiv:1802.04712, equations 7 and 9.
    """

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, features_shape: tuple, real_shape: tuple) -> None:
        """Create the hidden layer, its gate and the context vector."""
        hidden = (features_shape[-1], self.units)
        self.kernel = self.add_weight(shape=hidden, name="kernel")
        self.gate = self.add_weight(shape=hidden, name="gate")
        self.context = self.add_weight(shape=(self.units, 1), name="context")

    def call(
        self, features: keras.KerasTensor, real: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the average and the weights.

        Args:
            features: `(batch * images, width)`, finite.
            real: `(batch, images)`, 1 where an image is real.

        Returns:
            `(batch, width)` and `(batch, images)`; zeros for a sample without an image.
        """
        hidden = ops.tanh(ops.matmul(features, self.kernel))
        opened = ops.sigmoid(ops.matmul(features, self.gate))
        scores = as_bag(ops.matmul(hidden * opened, self.context), real)[:, :, 0]
        weights = masked_softmax(scores, ops.cast(real, scores.dtype))
        return ops.sum(as_bag(features, real) * ops.expand_dims(weights, -1), axis=1), weights

    def compute_output_spec(self, features, real):
        """Return the symbolic outputs."""
        return (
            keras.KerasTensor((real.shape[0], features.shape[-1]), dtype=self.compute_dtype),
            keras.KerasTensor(real.shape, dtype=self.compute_dtype),
        )

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"units": self.units}


@BAGS.register
def gated_attention(*, units: int = 64, name: str = "gated_attention") -> Pool:
    """Average the features of a sample's images by weights that gated attention gives them.

    The weights can be read off the model that holds the layer, by its name:
    `keras.Model(model.inputs, model.get_layer(name).output[1])` returns `(batch, images)` weights,
    where `build_hybrid` names the layer after its modality: `image_pool`.

    Args:
        units: Width of the score's hidden layer; at least 1.
        name: Of the layer.

    Returns:
        A function from `(batch * images, features)` and `(batch, images)`, 1 where an image is
        real, to `(batch, features)`.

    Raises:
        ConfigError: For an impossible knob.

    Source:
        Ilse et al. 2018, arXiv:1802.04712, equations 7 and 9; width 128 there.
    """
    check_knobs("gated_attention", units=units)
    layer = GatedAttention(units, name=name)

    def pool(features, real):
        return layer(features, real)[0]

    return pool
