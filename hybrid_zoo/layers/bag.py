"""Several images per sample, any number of them absent."""

import keras
from keras import ops

from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.gaps import present_first
from hybrid_zoo.layers.masking import masked_max, masked_mean, observed


@keras.saving.register_keras_serializable("hybrid_zoo")
class FillAbsentImages(FullPrecision):
    """Put a present image of the batch wherever one is absent.

    A blank picture would shift the statistics of a normalisation layer, and a gather would have a
    dynamic shape; a copy does neither, and its features are dropped later.

    Source:
        Own design, because it is static and exact on every backend.
    """

    def call(self, bag: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return all images of the batch in one row, and which of them are real.

        Args:
            bag: `(batch, images, height, width, channels)`, absent images all NaN; volumes have
                one axis more.

        Returns:
            `(batch * images, height, width, channels)` and `(batch, images)` float of 0 and 1.
        """
        images = ops.reshape(bag, (-1, *bag.shape[2:]))
        present = ops.any(observed(images), axis=tuple(range(1, len(images.shape))))
        slots = ops.arange(ops.shape(images)[0], dtype="int32")
        count = ops.maximum(ops.sum(ops.cast(present, "int32")), 1)
        source = ops.where(present, slots, ops.take(present_first(present), slots % count, axis=0))
        real = ops.reshape(ops.cast(present, "float32"), (-1, ops.shape(bag)[1]))
        return ops.take(images, source, axis=0), real

    def compute_output_spec(self, bag):
        """Return the symbolic outputs."""
        return (
            keras.KerasTensor((None, *bag.shape[2:]), dtype=bag.dtype),
            keras.KerasTensor((bag.shape[0], bag.shape[1]), dtype="float32"),
        )


def as_bag(features: keras.KerasTensor, real: keras.KerasTensor) -> keras.KerasTensor:
    """Return one row per sample of what the encoder made of all images of the batch.

    Args:
        features: `(batch * images, width)`.
        real: `(batch, images)`.

    Returns:
        `(batch, images, width)`.
    """
    rows, images = ops.shape(real)[0], ops.shape(real)[1]
    return ops.reshape(features, (rows, images, features.shape[-1]))


@keras.saving.register_keras_serializable("hybrid_zoo")
class PoolBag(FullPrecision):
    """Pool the features of a sample's images; absent ones weigh nothing.

    Args:
        pooling: "mean" or "max".

    Source:
        Ilse et al. 2018, arXiv:1802.04712, section 2.2: permutation-invariant pooling.
    """

    def __init__(self, pooling: str = "mean", **kwargs) -> None:
        super().__init__(**kwargs)
        self.pooling = pooling

    def call(self, features: keras.KerasTensor, real: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, features)` from `(batch * images, features)` and `(batch, images)`."""
        bag = as_bag(features, real)
        reduce = masked_max if self.pooling == "max" else masked_mean
        return reduce(bag, ops.expand_dims(ops.cast(real, bag.dtype), -1))

    def compute_output_spec(self, features, real):
        """Return the symbolic output."""
        return keras.KerasTensor((real.shape[0], features.shape[-1]), dtype=features.dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"pooling": self.pooling}
