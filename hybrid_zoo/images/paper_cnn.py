"""The convolutional network of the review, from scratch."""

from collections.abc import Sequence

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.channel_bias import ChannelBias
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.image_inputs import image_scores
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import IMAGE_ENCODERS

SMALLEST = 8


@IMAGE_ENCODERS.register
def paper_cnn(
    spec: InputSpec | Modality,
    *,
    widths: Sequence[int] = (32, 64, 128),
    units: int = 128,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "paper_cnn",
) -> keras.Model:
    """Stack convolution and max-pooling down to at most 8x8 pixels, flatten, dense.

    Args:
        spec: The image modality, or a spec with exactly one; at least 8x8 pixels.
        widths: Filters of each block; the last is repeated until the map is at most 8x8.
        units: Width of the dense layer, which is the number of features.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.
        name: The model's name.

    Returns:
        A model from `(batch, height, width, channels)` raw pixels to `(batch, units)`.

    Raises:
        ConfigError: For images smaller than 8x8 or an impossible knob.

    Source:
        The review's CNN (convolution, pooling, flatten, dense); widths as in Simonyan & Zisserman
        2015, arXiv:1409.1556, table 1, shortened.
    """
    check_knobs("paper_cnn", units=units, dropout=dropout, l2=l2)
    image, x = image_scores("paper_cnn", spec, SMALLEST)
    for block in range(_blocks(max(image.shape[1:3]), len(widths))):
        width = widths[min(block, len(widths) - 1)]
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = keras.layers.MaxPooling2D(2, padding="same")(x)
        x = keras.layers.ReLU()(ChannelBias()(x))
    x = keras.layers.Flatten()(x)
    return keras.Model(image, dense_block(x, units=units, dropout=dropout, l2=l2), name=name)


def _blocks(side: int, least: int) -> int:
    """Halvings until the longer side is at most 8, and at least one per width."""
    blocks = 0
    while blocks < least or side > SMALLEST:
        side, blocks = -(-side // 2), blocks + 1
    return blocks
