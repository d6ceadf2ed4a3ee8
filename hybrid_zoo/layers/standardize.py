"""From raw units to standard scores, inside the model."""

from collections.abc import Sequence

import keras
from keras import ops

from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.masking import observed


@keras.saving.register_keras_serializable("hybrid_zoo")
class Standardize(keras.layers.Layer):
    """Subtract the training mean and divide by the training deviation, column by column.

    What is not observed stays NaN. The statistics are weights that no optimiser touches, so that
    they are saved with the model, and one traced graph serves every fold.

    Args:
        mean: Per column, in raw units or of `log1p(value)` where `skewed`.
        variance: Per column.
        skewed: Per column: take the logarithm first.
        clip: Largest absolute standard score; a sensor's nonsense must not move the model.

    Source:
        Own design, because statistics inside the model cannot be lost or applied twice.
    """

    def __init__(
        self,
        mean: Sequence[float],
        variance: Sequence[float],
        skewed: Sequence[bool],
        clip: float = 5.0,
        **kwargs,
    ) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.mean, self.variance, self.skewed = list(mean), list(variance), list(skewed)
        self.clip = clip

    def build(self, input_shape: tuple) -> None:
        """Create the statistics as weights."""
        self.center = self._constant("center", self.mean)
        self.scale = self._constant("scale", [v**0.5 for v in self.variance])
        self.log = self._constant("log", [float(s) for s in self.skewed])

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return standard scores of the same shape; NaN and infinity become NaN."""
        seen = observed(x)
        value = ops.where(seen, x, ops.zeros_like(x))
        value = ops.where(self.log > 0, ops.log1p(ops.maximum(value, 0.0)), value)
        score = ops.clip((value - self.center) / self.scale, -self.clip, self.clip)
        return ops.where(seen, score, ops.full_like(score, float("nan")))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"mean": self.mean, "variance": self.variance, "skewed": self.skewed}
        config = super().get_config()
        del config["trainable"], config["dtype"]
        return config | own | {"clip": self.clip}

    def _constant(self, name: str, values: Sequence[float]) -> keras.Variable:
        return self.add_weight(
            shape=(len(values),),
            name=name,
            trainable=False,
            initializer=lambda shape, dtype: ops.convert_to_tensor(list(values), dtype),
        )


@keras.saving.register_keras_serializable("hybrid_zoo")
class StandardizeImage(keras.layers.Layer):
    """Subtract each image's own mean and divide by its own deviation.

    Args:
        clip: Largest absolute standard score.

    Source:
        Own design: what a frozen network makes of an image must depend on the image alone, not on
        the training rows of a fold.
    """

    def __init__(self, clip: float = 5.0, **kwargs) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.clip = clip

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return standard scores of the same shape, 0 for a constant image; NaN stays NaN."""
        seen = observed(x)
        axes = tuple(range(1, len(x.shape)))
        count = ops.maximum(ops.sum(ops.cast(seen, "float32"), axes, keepdims=True), 1.0)
        mean = ops.sum(ops.where(seen, x, 0.0), axes, keepdims=True) / count
        off = ops.where(seen, x - mean, 0.0)
        variance = ops.sum(off**2, axes, keepdims=True) / count
        score = ops.clip(off / ops.sqrt(variance + 1e-6), -self.clip, self.clip)
        return ops.where(seen, score, ops.full_like(score, float("nan")))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["trainable"], config["dtype"]
        return config | {"clip": self.clip}


def standardize(modality: Modality, name: str = "standardize") -> Standardize:
    """Return the layer that standardises one modality with its own statistics.

    Args:
        modality: An image, sequence or tabular modality.
        name: The layer's name.
    """
    return Standardize(modality.mean, modality.variance, modality.skewed, name=name)
