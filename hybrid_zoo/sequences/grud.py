"""Gated recurrent unit with trainable decays, for values that are missing for a reason."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.gru_d import GRUD
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register(summary=(False, True))
def grud(
    spec: InputSpec | Modality, *, time: bool = False, summary: bool = False,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "grud",
) -> keras.Model:  # fmt: skip
    """Run GRU-D over values, masks and times since; dense on top of its last state.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        summary: Pool the states of all steps and add each variable's summary, as the other encoders
            do; else the last state stands alone, as published.
        units: Width of the GRU-D layer and of the features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Che et al. 2018, doi:10.1038/s41598-018-24271-9; the conventions: `hybrid_zoo.layers.gru_d`.
    """
    check_knobs("grud", units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        x = GRUD(units, return_sequences=summary)(x, mask=mask)
        return PoolSteps()(x, mask) if summary else x

    knobs = {"units": units, "dropout": dropout, "l2": l2}
    return sequence_model(spec, core, time=time, name=name, elapsed=True, summary=summary, **knobs)
