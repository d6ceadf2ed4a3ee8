"""The residual block of the small networks that are trained from scratch."""

import math

import keras

CONVOLUTIONS = {2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
"""Number of spatial axes to the layer."""


def residual(
    x: keras.KerasTensor, width: int, strides: int | tuple[int, ...] = 1
) -> keras.KerasTensor:
    """Add two convolutions to their input, which is projected where the shape changes.

    Args:
        x: `(batch, ..., channels)` with two or three spatial axes.
        width: Filters of both convolutions.
        strides: Of the first convolution, one for all axes or one each.

    Returns:
        `(batch, ..., width)`.

    Source:
        He et al. 2016, arXiv:1603.05027, figure 4e (normalisation and ReLU before the weights).
    """
    inner = normalize(x)
    still = strides == 1 or strides == (1,) * (len(x.shape) - 2)
    shortcut = x if still and width == x.shape[-1] else convolve(inner, width, 1, strides)
    inner = convolve(inner, width, 3, strides)
    return keras.layers.Add()([shortcut, convolve(normalize(inner), width, 3)])


def convolve(
    x: keras.KerasTensor, width: int, kernel: int, strides: int | tuple[int, ...] = 1
) -> keras.KerasTensor:
    """Apply a convolution without bias, initialised for ReLU.

    Args:
        x: `(batch, ..., channels)` with two or three spatial axes.
        width: Filters.
        kernel: Length of the kernel along every axis.
        strides: One for all axes or one each.

    Returns:
        `(batch, ..., width)`; each axis is divided by its stride, rounded up.

    Source:
        He et al. 2015, arXiv:1502.01852, equation 10 (initialisation).
    """
    return CONVOLUTIONS[len(x.shape) - 2](
        width,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)


def normalize(x: keras.KerasTensor) -> keras.KerasTensor:
    """Apply group normalisation, in at most 8 groups of at least 4 channels, and ReLU.

    It knows no batch: small batches, absent images and other samples change nothing.

    Args:
        x: `(batch, ..., channels)`.

    Returns:
        The same shape.

    Source:
        Wu & He 2018, arXiv:1803.08494, equations 1 to 6; group sizes as in its table 3.
    """
    width = x.shape[-1]
    groups = math.gcd(8, max(1, width // 4), width)
    return keras.layers.ReLU()(keras.layers.GroupNormalization(groups)(x))
