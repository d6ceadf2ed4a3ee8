"""Long short-term memory whose steps are weighted by attention that can be read."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.attention_pool import AttentionPool
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register(layers=(1, 2))
def attention_lstm(
    spec: InputSpec | Modality, *, time: bool = False, layers: int = 2,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "attention_lstm",
) -> keras.Model:  # fmt: skip
    """Stack LSTM layers, average their states by temporal attention, add the summary, dense.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        layers: Number of stacked LSTM layers; at least 1.
        units: Width of every LSTM layer, of the attention's hidden layer and of the features; at
            least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.
        `keras.Model(encoder.inputs, encoder.get_layer("attention").output[1])` gives every step's
        weight `(batch, steps)`; they sum to 1 and are 0 on padding.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        The review's temporal attention; its form: Bahdanau et al. 2015, arXiv:1409.0473, appendix
        A.1.2.
    """
    check_knobs("attention_lstm", layers=layers, units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        for _ in range(layers):
            x = LSTM(units, return_sequences=True)(x)
        return AttentionPool(units, name="attention")(x, mask)[0]

    return sequence_model(spec, core, time=time, name=name, units=units, dropout=dropout, l2=l2)
