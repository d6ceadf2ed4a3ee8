"""Stacked long short-term memory in both directions of time."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register(layers=(1, 2))
def bilstm(
    spec: InputSpec | Modality, *, time: bool = False, layers: int = 1,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "bilstm",
) -> keras.Model:  # fmt: skip
    """Stack bidirectional LSTM layers, pool their states, add the summary, dense on top.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        layers: Number of stacked bidirectional layers; at least 1.
        units: Width of either direction and of the features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Graves & Schmidhuber 2005, doi:10.1016/j.neunet.2005.06.042, section 2.
    """
    check_knobs("bilstm", layers=layers, units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        for _ in range(layers):
            x = keras.layers.Bidirectional(LSTM(units, return_sequences=True))(x, mask=mask)
        return PoolSteps()(x, mask)

    return sequence_model(spec, core, time=time, name=name, units=units, dropout=dropout, l2=l2)
