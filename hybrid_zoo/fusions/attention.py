"""Attention among the modalities, one token each."""

import keras
from keras import ops

from hybrid_zoo.fusions.concat import Fusion
from hybrid_zoo.layers.attention_block import attention_block
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.fusion_inputs import modality_tokens
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import FUSIONS


@keras.saving.register_keras_serializable("hybrid_zoo")
class QueryToken(keras.layers.Layer):
    """Put a learned token before the others, to read them.

    The others never look at it, unless there is no other: then it looks at itself, so that no row
    of the mask is all False.

    Source:
        Dosovitskiy et al. 2021, arXiv:2010.11929, equation 1 (class token); the mask is own design,
        because attention over one present modality is then that modality's value, undiluted.
    """

    def build(self, tokens_shape: tuple, there_shape: tuple) -> None:
        """Create the token."""
        self.token = self.add_weight(
            shape=(tokens_shape[-1],), name="token", initializer="random_normal"
        )

    def call(
        self, tokens: keras.KerasTensor, there: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return one token more, and who may be looked at.

        Args:
            tokens: `(batch, modalities, units)`.
            there: `(batch, modalities)` bool.

        Returns:
            `(batch, 1 + modalities, units)` and `(batch, 1 + modalities)` bool.
        """
        query = ops.zeros_like(tokens[:, :1]) + self.token
        alone = ops.logical_not(ops.any(there, axis=1, keepdims=True))
        keys = ops.concatenate([alone, there], axis=1)
        return ops.concatenate([query, tokens], axis=1), keys


@FUSIONS.register(layers=(1, 2))
def attention(
    *, layers: int = 1, units: int = 64, dropout: float = 0.3, l2: float = 1e-4
) -> Fusion:
    """Let a learned token and the present modalities' tokens attend to the latter, dense on top.

    `keras.Model(model.inputs, model.get_layer("attention_1").output[1])` returns the weights of the
    first block, `(batch, heads, 1 + modalities, 1 + modalities)`; `[:, :, 0, 1:]` is how much the
    learned token reads of each modality.

    Args:
        layers: Number of blocks of self-attention (4 heads) and a feed-forward layer; at least 1.
        units: Width of the tokens and of the fused features; at least 1.
        dropout: Share of units and of features dropped in training, 0 to 1.
        l2: Weight penalty of the last dense layer.

    Returns:
        A function from `{modality: (batch, features)}` and `{modality: (batch, 1)}` presence to
        `(batch, units)`.

    Raises:
        ConfigError: For an impossible knob, or, from the function, for fewer than two modalities.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, section 3.2; absent modalities masked as in Lee et
        al. 2023, arXiv:2305.02504 (modality-aware attention).
    """
    check_knobs("attention", layers=layers, units=units, dropout=dropout, l2=l2)

    def fuse(features, presence):
        tokens, there = modality_tokens("attention", features, presence, units)
        x, keys = QueryToken(name="attention_query")(tokens, there)
        for layer in range(1, layers + 1):
            x = attention_block(x, keys, dropout=dropout, name=f"attention_{layer}")
        x = keras.layers.LayerNormalization(name="attention_read")(x[:, 0])
        return dense_block(x, units=units, dropout=dropout, l2=l2, name="fused")

    return fuse
