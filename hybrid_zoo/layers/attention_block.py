"""The block of a transformer."""

import keras

from hybrid_zoo.layers.knob_layers import VariableDropout

HEADS = 4


def attention_block(
    x: keras.KerasTensor, keys: keras.KerasTensor, *, dropout: float, name: str | None = None
) -> keras.KerasTensor:
    """Apply self-attention of 4 heads and a feed-forward layer, each normalised before and added.

    Args:
        x: `(batch, places, units)`.
        keys: `(batch, places)` bool; False where no place may look. One per row must be True.
        dropout: Share of units dropped in training after both.
        name: Of the attention layer, whose second output are its weights
            `(batch, heads, places, places)`.

    Returns:
        `(batch, places, units)`.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, section 3; pre-norm: Xiong et al. 2020,
        arXiv:2002.04745, figure 1b.
    """
    units = x.shape[-1]
    attention = keras.layers.MultiHeadAttention(HEADS, -(-units // HEADS), name=name)  # rounded up
    y = keras.layers.LayerNormalization()(x)
    y, _ = attention(y, y, value_mask=keys, return_attention_scores=True)
    x = keras.layers.Add()([x, VariableDropout(dropout)(y)])
    y = keras.layers.LayerNormalization()(x)
    y = keras.layers.Dense(2 * units, activation="relu")(y)
    y = keras.layers.Dense(units)(y)
    return keras.layers.Add()([x, VariableDropout(dropout)(y)])
