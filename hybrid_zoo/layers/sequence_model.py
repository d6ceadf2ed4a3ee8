"""The frame around the core of every sequence encoder."""

from collections.abc import Callable
from typing import Any

import keras

from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.sequence_inputs import CarryForward, SequenceSummary, series_scores

Core = Callable[
    [keras.KerasTensor, keras.KerasTensor, keras.KerasTensor | None],
    keras.KerasTensor,
]


def sequence_model(
    spec: InputSpec | Modality,
    core: Core,
    *,
    time: bool,
    name: str,
    elapsed: bool = False,
    summary: bool = True,
    **knobs: Any,
) -> keras.Model:
    """Standardise, carry values forward, apply the core, add each variable's summary, dense on top.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        core: A function of the channels `(batch, steps, 3 * variables)`, the mask `(batch, steps)`,
            True before the padding, and the hours `(batch, steps)`, or None on a regular grid, to
            one vector per series `(batch, width)`. A layer that looks back only needs no mask, as
            padding comes last; a mask would slow it by a fifth.
        time: Read hours as a second input `(batch, steps)`.
        name: The model's name.
        elapsed: Let the core read the time since the observation before in place of a freshness.
        summary: Put each variable's summary beside the core's vector.
        knobs: `units`, `dropout` and `l2` of the dense layers.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`.

    Raises:
        ConfigError: For a spec without exactly one such modality.

    Source:
        Own design, because encoders that differ in the core only can be compared.
    """
    modality = as_modality(spec, "sequence")
    series = keras.Input(modality.shape, name=modality.name)
    hours = keras.Input((None,), name="time") if time else None
    scores = series_scores(modality, series)
    channels, mask = CarryForward(modality.of_kind("event"), elapsed)(scores, hours)
    x = core(channels, mask, hours)
    if summary:
        statistics = dense_block(SequenceSummary()(scores), **knobs)
        x = keras.layers.Concatenate()([x, statistics])
    return keras.Model([series, hours] if time else series, dense_block(x, **knobs), name=name)
