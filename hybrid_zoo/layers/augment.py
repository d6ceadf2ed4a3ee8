"""Pictures as they might have been taken: turned, shifted and zoomed a little, in training only."""

import keras

from hybrid_zoo.layers.full_precision import FullPrecision

DEGREES, SHIFT, ZOOM = 10.0, 0.1, 0.1


@keras.saving.register_keras_serializable("hybrid_zoo")
class AugmentImages(FullPrecision):
    """Turn, shift and zoom each image at random; edges are repeated into what becomes empty.

    Images are never mirrored: the heart is on the left.

    Args:
        strength: Share of the largest changes: 10 degrees, a tenth of each side, a tenth of zoom.

    Source:
        Own design of Keras's layers, because small changes of pose are what patients do.
    """

    def __init__(self, strength: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.strength = strength
        common = {"fill_mode": "nearest", "dtype": self.dtype_policy}
        self.changes = [
            keras.layers.RandomRotation(strength * DEGREES / 360, **common),
            keras.layers.RandomTranslation(strength * SHIFT, strength * SHIFT, **common),
            keras.layers.RandomZoom(strength * ZOOM, **common),
        ]

    def build(self, input_shape):
        """Build the three changes."""
        for layer in self.changes:
            layer.build(input_shape)
        super().build(input_shape)

    def call(self, images: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return `(batch, height, width, channels)` as it came, or changed in training."""
        for layer in self.changes if training else ():
            images = layer(images, training=True)
        return images

    def compute_output_spec(self, images, training=False):
        """Return the symbolic output."""
        return keras.KerasTensor(images.shape, dtype=images.dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"strength": self.strength}
