"""A small residual network, from scratch."""

from collections.abc import Sequence

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.image_inputs import image_scores
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.residual import convolve, residual
from hybrid_zoo.registries import IMAGE_ENCODERS

SMALLEST = 16
LARGEST_MAP = 56
"""Pixels along the longer side of the map that the residual blocks begin with."""


@IMAGE_ENCODERS.register(blocks=(1, 2))
def small_resnet(
    spec: InputSpec | Modality,
    *,
    widths: Sequence[int] = (32, 64, 128),
    blocks: int = 1,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "small_resnet",
) -> keras.Model:
    """Stack residual blocks with group normalisation, average over the map, dense.

    A good first choice for a few thousand images: fewer weights than a published backbone, and no
    batch normalisation that small batches or another hospital's images could upset.

    Args:
        spec: The image modality, or a spec with exactly one; at least 16x16 pixels.
        widths: Filters of each stage; every stage after the first halves the map.
        blocks: Residual blocks of each stage, of two convolutions each; at least 1.
        units: Width of the dense layer, which is the number of features.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.
        name: The model's name.

    Returns:
        A model from `(batch, height, width, channels)` raw pixels to `(batch, units)`.

    Raises:
        ConfigError: For images smaller than 16x16 or an impossible knob.

    Source:
        He et al. 2016, arXiv:1603.05027, section 3 (pre-activation blocks); stem and stages as in
        He et al. 2016, arXiv:1512.03385, table 1, shortened; group normalisation as in Wu & He
        2018, arXiv:1803.08494.
    """
    check_knobs("small_resnet", units=units, dropout=dropout, l2=l2)
    if not widths or min(*widths, blocks, 1) < 1:
        raise ConfigError(
            f"small_resnet: widths={tuple(widths)} and blocks={blocks} are impossible; expected at "
            "least one width, and each of them at least 1."
        )
    image, x = image_scores("small_resnet", spec, SMALLEST)
    x = convolve(x, widths[0], 3, strides=2)
    while max(x.shape[1:3]) > LARGEST_MAP:
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage, width in enumerate(widths):
        for block in range(blocks):
            x = residual(x, width, strides=2 if stage and not block else 1)
    # Not normalised: the sum of the blocks still knows how much there is, not only where.
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    return keras.Model(image, dense_block(x, units=units, dropout=dropout, l2=l2), name=name)
