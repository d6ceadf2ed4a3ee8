"""Dense layers over periodic embeddings of the numbers of a record."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.masking import observed, scrub
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.layers.tabular_inputs import Columns, category_slots
from hybrid_zoo.registries import TABULAR_ENCODERS


@keras.saving.register_keras_serializable("hybrid_zoo")
class PeriodicEmbedding(FullPrecision):
    """Embed every number by sines and cosines of learned frequencies, a dense layer and ReLU.

    Each column has frequencies and a dense layer of its own. A missing number's embedding is 0,
    and a flag beside the embeddings says so.

    Args:
        frequencies: Number of frequencies of each column; at least 1.
        width: Width of each column's embedding; at least 1.
        sigma: Deviation of the initial frequencies; above 0.

    Source:
        Gorishniy et al. 2022, arXiv:2203.05556, section 3.3, "PLR".
    """

    def __init__(self, frequencies: int, width: int, sigma: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.frequencies, self.width, self.sigma = frequencies, width, sigma

    def build(self, scores_shape: tuple) -> None:
        """Create frequencies, kernels and biases, one of each per column."""
        columns, inner = scores_shape[-1], 2 * self.frequencies
        normal = keras.initializers.RandomNormal(stddev=self.sigma)
        uniform = keras.initializers.RandomUniform(-(inner**-0.5), inner**-0.5)
        self.coefficients = self.add_weight(
            shape=(columns, self.frequencies), name="coefficients", initializer=normal
        )
        self.kernel = self.add_weight(
            shape=(columns, inner, self.width), name="kernel", initializer=uniform
        )
        self.bias = self.add_weight(shape=(columns, self.width), name="bias", initializer="zeros")

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, columns * (width + 1))` from `(batch, columns)` scores with NaN."""
        seen = ops.cast(observed(scores), scores.dtype)
        angles = 2 * math.pi * self.coefficients * scrub(scores)[:, :, None]
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        embedded = ops.relu(ops.einsum("bcf,cfw->bcw", waves, self.kernel) + self.bias)
        flat = ops.reshape(embedded * seen[:, :, None], (-1, scores.shape[-1] * self.width))
        return ops.concatenate([flat, 1.0 - seen], axis=-1)

    def compute_output_spec(self, scores):
        """Return the symbolic output."""
        batch, columns = scores.shape
        return keras.KerasTensor((batch, columns * (self.width + 1)), dtype=self.compute_dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"frequencies": self.frequencies, "width": self.width, "sigma": self.sigma}
        return super().get_config() | own


@TABULAR_ENCODERS.register(sigma=(0.03, 0.1, 0.3))
def plr_mlp(
    spec: InputSpec | Modality,
    *,
    embedding: Sequence[int] = (16, 8),
    sigma: float = 0.1,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "plr_mlp",
) -> keras.Model:
    """Stack two dense layers over periodic embeddings of numbers and one-hot categories.

    Args:
        spec: The tabular modality, or a spec with exactly one.
        embedding: Number of frequencies per number, and width of its embedding; at least 1 each.
        sigma: Deviation of the initial frequencies, in cycles per standard deviation of the
            number; above 0. The larger, the finer the steps that can be told apart.
        units: Width of both layers and of the features; at least 1.
        dropout: Share of units dropped in training after each layer, 0 to 1.
        l2: Weight penalty of both layers.
        name: The model's name.

    Returns:
        A model from `(batch, columns)` raw values and codes, NaN for missing, to `(batch, units)`.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Gorishniy et al. 2022, arXiv:2203.05556, section 3.3 (MLP-PLR).
    """
    check_knobs("plr_mlp", units=units, dropout=dropout, l2=l2)
    if len(embedding) != 2 or min(embedding) < 1 or not sigma > 0:
        raise ConfigError(
            f"plr_mlp: embedding={tuple(embedding)} with sigma={sigma} is impossible; expected two "
            "numbers of at least 1 and a sigma above 0."
        )
    frequencies, width = embedding
    modality = as_modality(spec, "tabular")
    columns = keras.Input(modality.shape, name=modality.name)
    numeric, parts = modality.of_kind("numeric"), []
    if numeric:
        scores = Columns(numeric)(standardize(modality)(columns))
        parts.append(PeriodicEmbedding(frequencies, width, sigma, name="embedding")(scores))
    parts += category_slots(modality, columns)
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for _ in range(2):
        x = dense_block(x, units=units, dropout=dropout, l2=l2)
    return keras.Model(columns, x, name=name)
