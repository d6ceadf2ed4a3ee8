"""A recurrent layer over the modalities."""

import keras

from hybrid_zoo.fusions.concat import Fusion
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.fusion_inputs import modality_tokens
from hybrid_zoo.layers.gaps import close_gaps
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.registries import FUSIONS


@keras.saving.register_keras_serializable("hybrid_zoo")
class PresentFirst(keras.layers.Layer):
    """Give every sample its present modalities' tokens one after the other.

    Source:
        Own design, because a recurrent kernel refuses a mask with holes or without any place.
    """

    def call(
        self, tokens: keras.KerasTensor, there: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
        """Return the tokens without gaps, their mask, and whether there is any modality at all.

        Args:
            tokens: `(batch, modalities, units)`.
            there: `(batch, modalities)` bool.

        Returns:
            `(batch, modalities, units)`, `(batch, modalities)` bool whose first place is True, and
            `(batch, 1)` float of 0 and 1.
        """
        tokens, present, mask = close_gaps(tokens, there)
        return tokens, mask, present[:, :1]


@FUSIONS.register
def medfuse_lstm(*, units: int = 64, dropout: float = 0.3, l2: float = 1e-4) -> Fusion:
    """Read the present modalities by an LSTM, in the order of the spec, dense on top.

    Args:
        units: Width of the modalities' tokens and of the fused features; the LSTM is twice as wide
            as the tokens, as in the paper (256 and 512); at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the last dense layer.

    Returns:
        A function from `{modality: (batch, features)}` and `{modality: (batch, 1)}` presence to
        `(batch, units)`. An absent modality is no step at all.

    Raises:
        ConfigError: For an impossible knob, or, from the function, for fewer than two modalities.

    Source:
        Hayat et al. 2022, arXiv:2207.07027, the LSTM-based fusion module; every modality is
        projected here, where the paper projects all but the first.
    """
    check_knobs("medfuse_lstm", units=units, dropout=dropout, l2=l2)

    def fuse(features, presence):
        tokens, there = modality_tokens("medfuse_lstm", features, presence, units)
        tokens, mask, present = PresentFirst(name="medfuse_lstm_order")(tokens, there)
        x = LSTM(2 * units, name="medfuse_lstm")(tokens, mask=mask)
        x = keras.layers.Multiply(name="medfuse_lstm_state")([x, present])
        return dense_block(x, units=units, dropout=dropout, l2=l2, name="fused")

    return fuse
