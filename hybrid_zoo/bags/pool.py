"""Poolings that take every image of a bag alike."""

from collections.abc import Callable

import keras

from hybrid_zoo.layers.bag import PoolBag
from hybrid_zoo.registries import BAGS

Pool = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


@BAGS.register
def mean(*, name: str = "mean") -> Pool:
    """Average the features of a sample's images.

    Args:
        name: Of the layer.

    Returns:
        A function from `(batch * images, features)` and `(batch, images)`, 1 where an image is
        real, to `(batch, features)`.

    Raises:
        ConfigError: Never; it has nothing to refuse.

    Source:
        Ilse et al. 2018, arXiv:1802.04712, equation 5.
    """
    return PoolBag("mean", name=name)


@BAGS.register
def max(*, name: str = "max") -> Pool:
    """Take the largest of each feature over a sample's images.

    Args:
        name: Of the layer.

    Returns:
        A function from `(batch * images, features)` and `(batch, images)`, 1 where an image is
        real, to `(batch, features)`.

    Raises:
        ConfigError: Never; it has nothing to refuse.

    Source:
        Ilse et al. 2018, arXiv:1802.04712, equation 4.
    """
    return PoolBag("max", name=name)
