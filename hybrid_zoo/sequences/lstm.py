"""Stacked long short-term memory over a series with gaps."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register(layers=(1, 2, 3))
def lstm(
    spec: InputSpec | Modality, *, time: bool = False, layers: int = 2,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "lstm",
) -> keras.Model:  # fmt: skip
    """Stack LSTM layers, pool their states, add each variable's summary, dense on top.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        layers: Number of stacked LSTM layers; at least 1.
        units: Width of every LSTM layer and of the features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; stacked as in the review.
    """
    check_knobs("lstm", layers=layers, units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        for _ in range(layers):
            x = LSTM(units, return_sequences=True)(x)
        return PoolSteps()(x, mask)

    return sequence_model(spec, core, time=time, name=name, units=units, dropout=dropout, l2=l2)
