"""What stands between the encoders and the fusion: absent and hidden modalities."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("hybrid_zoo")
class ModalityDropout(keras.layers.Layer):
    """Hide whole modalities from the fusion in training, each sample its own, never all of them.

    Args:
        rate: Share of present modalities hidden; at least the share that will be missing in use.
        seed: Of the draws.

    Source:
        Neverova et al. 2016, arXiv:1501.00102, section 3.3 (ModDrop).
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, presence, training=None):
        """Return one `(batch, 1)` presence per modality, the same outside of training."""
        if not training or not self.rate:
            return presence
        there = ops.concatenate(presence, axis=1)
        draw = keras.random.uniform(ops.shape(there), seed=self.seed_generator)
        kept = there * ops.cast(draw >= self.rate, there.dtype)
        kept = ops.where(ops.sum(kept, axis=1, keepdims=True) > 0, kept, there)
        return ops.split(kept, len(presence), axis=1)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("hybrid_zoo")
class MissingToken(keras.layers.Layer):
    """Put a learned vector where a modality is absent, zeros if it is not to be learned.

    Args:
        learned: Learn the vector.

    Source:
        Own design, because a fusion that sees zeros cannot tell absent from average; learned
        tokens as in Ma et al. 2022, arXiv:2204.05454, section 4.
    """

    def __init__(self, learned: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.learned = learned

    def build(self, features_shape, presence_shape) -> None:
        """Create the vector."""
        if self.learned:
            self.token = self.add_weight(
                shape=(features_shape[-1],), name="token", initializer="random_normal"
            )

    def call(self, features, presence):
        """Return `(batch, width)` from `(batch, width)` and `(batch, 1)`."""
        presence = ops.cast(presence, features.dtype)
        if not self.learned:
            return features * presence
        return features * presence + self.token * (1 - presence)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"learned": self.learned}
