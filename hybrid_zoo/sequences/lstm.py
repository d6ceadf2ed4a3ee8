"""Stacked long short-term memory over a series with gaps."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_inputs import CarryForward, SequenceSummary
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register
def lstm(
    spec: InputSpec | Modality,
    *,
    time: bool = False,
    layers: int = 2,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "lstm",
) -> keras.Model:
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

    Source:
        Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; stacked as in the review.
    """
    modality = as_modality(spec, "sequence")
    series = keras.Input(modality.shape, name=modality.name)
    inputs = [series, keras.Input((None,), name="time")] if time else [series]
    scores = standardize(modality)(series)
    x, mask = CarryForward()(scores, *inputs[1:])
    for _ in range(layers):
        x = keras.layers.LSTM(units, return_sequences=True)(x, mask=mask)
    summary = dense_block(SequenceSummary()(scores), units=units, dropout=dropout, l2=l2)
    x = keras.layers.Concatenate()([PoolSteps()(x, mask), summary])
    features = dense_block(x, units=units, dropout=dropout, l2=l2)
    return keras.Model(inputs if time else series, features, name=name)
