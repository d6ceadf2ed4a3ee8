"""An auxiliary task without labels: an encoder's vector must tell a summary of its own input."""

import keras
from keras import ops

from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import masked_mean, observed, scrub
from hybrid_zoo.layers.sequence_inputs import SequenceSummary, series_scores
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.layers.tabular_inputs import tabular_inputs

SIDE, CELLS = 32, 4


@keras.saving.register_keras_serializable("hybrid_zoo")
class PooledPicture(FullPrecision):
    """Average brightness and edges of a bag's images over the cells of a 4x4 grid.

    Absolute differences to the right and downward neighbours tell a cell's texture, to which its
    mean brightness is blind; at half the resolution they stand out from the noise of single pixels.

    Source:
        Own design, because it asks for what a coarse look at the pictures can tell.
    """

    def call(self, bag):
        """Return `(batch, 80 * channels)` from standard scores of a bag of images."""
        real = ops.cast(ops.any(observed(bag), axis=(2, 3, 4)), "float32")[:, :, None]
        images = ops.reshape(scrub(bag), (-1, *bag.shape[2:]))
        small = ops.image.resize(images, (SIDE, SIDE), antialias=True)
        half = ops.average_pool(small, (2, 2), (2, 2))
        maps = [small, *_edges(small), *_edges(half)]
        pooled = ops.concatenate([_cells(x) for x in maps], axis=-1)
        shape = (ops.shape(bag)[0], ops.shape(bag)[1], self._width(bag))
        return masked_mean(ops.reshape(pooled, shape), real)

    def compute_output_spec(self, bag):
        """Return the symbolic output."""
        return keras.KerasTensor((bag.shape[0], self._width(bag)), dtype="float32")

    def _width(self, bag) -> int:
        return 5 * CELLS**2 * bag.shape[-1]


@keras.saving.register_keras_serializable("hybrid_zoo")
class TellSummary(FullPrecision):
    """Pass an encoder's features on, and in training penalise what they cannot tell linearly.

    The loss is the mean squared error of the summary, standardised over the batch, over the
    samples that have the modality.

    Args:
        weight: Of this loss beside that of the labels.

    Source:
        Own design, because where only the pair of two modalities decides, the labels alone leave
        both encoders without a gradient for many epochs.
    """

    def __init__(self, weight: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.weight = weight

    def build(self, features_shape, summary_shape, presence_shape) -> None:
        """Create the linear map."""
        # From zero: a random map would first punish every feature, and a ReLU might never return.
        self.tell = keras.layers.Dense(
            summary_shape[-1],
            kernel_initializer="zeros",
            dtype=self.dtype_policy,
            name="tell",
        )
        self.tell.build(features_shape)

    def call(self, features, summary, presence, training=None):
        """Return the features unchanged."""
        if training:
            mean = masked_mean(summary, presence, axis=0)
            variance = masked_mean((summary - mean) ** 2, presence, axis=0)
            target = (summary - mean) / ops.sqrt(variance + 1e-4)
            error = ops.mean((self.tell(features) - target) ** 2, axis=-1, keepdims=True)
            self.add_loss(self.weight * masked_mean(error, presence, axis=0)[0])
        return features

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"weight": self.weight}


def summary_model(modality: Modality) -> keras.Model | None:
    """Return the model of what the encoder of a modality is asked to tell.

    Args:
        modality: Any modality.

    Returns:
        A model from the modality's raw input to `(batch, width)` without NaN; None for kinds that
        have no summary (volumes, notes).
    """
    x = keras.Input(modality.shape, name=modality.name, dtype=modality.dtype)
    if modality.kind == "tabular":
        summary = tabular_inputs(modality, x)
    elif modality.kind == "sequence":
        summary = SequenceSummary()(series_scores(modality, x))
    elif modality.kind == "image":
        summary = PooledPicture()(standardize(modality)(x))
    else:
        return None
    return keras.Model(x, summary, name=f"{modality.name}_summary")


def _edges(images):
    """Absolute differences to the right and to the downward neighbour, 0 at the border."""
    right = ops.abs(images[:, :, 1:] - images[:, :, :-1])
    down = ops.abs(images[:, 1:] - images[:, :-1])
    return ops.pad(right, [(0, 0), (0, 0), (0, 1), (0, 0)]), ops.pad(
        down, [(0, 0), (0, 1), (0, 0), (0, 0)]
    )


def _cells(images):
    """Means over the cells of the grid."""
    size = (images.shape[1] // CELLS,) * 2
    return ops.average_pool(images, size, size)
