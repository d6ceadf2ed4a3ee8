"""A note read in both directions, its words weighed by attention."""

import keras
from keras import ops

from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.attention_pool import AttentionPool
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.gaps import close_gaps
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.notes.hashed_bag import BUCKETS
from hybrid_zoo.registries import NOTE_ENCODERS


@keras.saving.register_keras_serializable("hybrid_zoo")
class TokensInOrder(FullPrecision):
    """Give every note's real tokens one after the other, whichever places are padding.

    Source:
        Own design, because padding must change nothing, wherever in the note it is.
    """

    def call(
        self, tokens: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
        """Return the notes without gaps, which places are real tokens, and masks.

        Args:
            tokens: `(batch, length)` int32, 0 for padding.

        Returns:
            `(batch, length)` int32, `(batch, length)` float of 0 and 1, and the same as bool with
            a True first place.
        """
        return close_gaps(tokens, ops.not_equal(tokens, 0))

    def compute_output_spec(self, tokens):
        """Return the symbolic outputs."""
        dtypes = (tokens.dtype, "float32", "bool")
        return tuple(keras.KerasTensor(tokens.shape, dtype=dtype) for dtype in dtypes)


@NOTE_ENCODERS.register
def bigru_attention(
    spec: InputSpec | Modality,
    *,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "bigru_attention",
) -> keras.Model:
    """Embed hashed tokens, read them in both directions by a GRU, attend to them, dense on top.

    The weights of the words can be read off: `keras.Model(encoder.inputs,
    encoder.get_layer("attention").output[1])` returns `(batch, length)`, in the order of the real
    tokens. In a model by `build_hybrid` the encoder is `get_layer("tokens_bigru_attention")`.

    Args:
        spec: The tokens modality, or a spec with exactly one.
        units: Width of the embedding, of each direction, of the attention's hidden layer and of
            the features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.
        name: The model's name.

    Returns:
        A model from `(batch, length)` int32 tokens, 0 for padding, to `(batch, units)`.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Yang et al. 2016, doi:10.18653/v1/N16-1174, section 2.2, its word level; hashed tokens as
        in Weinberger et al. 2009, arXiv:0902.2206.
    """
    check_knobs("bigru_attention", units=units, dropout=dropout, l2=l2)
    modality = as_modality(spec, "tokens")
    tokens = keras.Input((None,), name=modality.name, dtype="int32")
    words, real, mask = TokensInOrder()(tokens)
    x = keras.layers.Embedding(BUCKETS, units)(words)
    gru = keras.layers.GRU(units, return_sequences=True)
    x = keras.layers.Bidirectional(gru)(x, mask=mask)
    x, _ = AttentionPool(units, name="attention")(x, real)
    return keras.Model(tokens, dense_block(x, units=units, dropout=dropout, l2=l2), name=name)
