"""A note as an unordered bag of hashed tokens."""

import keras
from keras import ops

from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.masking import masked_max, masked_mean
from hybrid_zoo.registries import NOTE_ENCODERS

BUCKETS = 8192


@keras.saving.register_keras_serializable("hybrid_zoo")
class PoolTokens(FullPrecision):
    """Join the mean and the maximum of the embeddings of real tokens.

    Source:
        Joulin et al. 2017, arXiv:1607.01759, section 2 (mean); the maximum keeps rare words.
    """

    def call(self, embedded: keras.KerasTensor, tokens: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, 2 * units)` from `(batch, length, units)` and `(batch, length)`."""
        real = ops.cast(ops.not_equal(tokens, 0), embedded.dtype)[:, :, None]
        pooled = [masked_mean(embedded, real), masked_max(embedded, real)]
        return ops.concatenate(pooled, axis=-1)


@NOTE_ENCODERS.register
def hashed_bag(
    spec: InputSpec | Modality,
    *,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "hashed_bag",
) -> keras.Model:
    """Embed hashed tokens, pool them in any order, dense on top.

    Args:
        spec: The tokens modality, or a spec with exactly one.
        units: Width of the embedding and of the features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.
        name: The model's name.

    Returns:
        A model from `(batch, length)` int32 tokens, 0 for padding, to `(batch, units)`.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Joulin et al. 2017, arXiv:1607.01759, section 2; hashing as in Weinberger et al. 2009,
        arXiv:0902.2206, so that no vocabulary leaves the hospital with the model.
    """
    check_knobs("hashed_bag", units=units, dropout=dropout, l2=l2)
    modality = as_modality(spec, "tokens")
    tokens = keras.Input((None,), name=modality.name, dtype="int32")
    embedded = keras.layers.Embedding(BUCKETS, units)(tokens)
    x = PoolTokens()(embedded, tokens)
    return keras.Model(tokens, dense_block(x, units=units, dropout=dropout, l2=l2), name=name)
