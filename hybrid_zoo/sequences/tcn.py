"""Dilated convolutions that never look ahead."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.registries import SEQUENCE_ENCODERS

KERNEL_SIZE = 3


@SEQUENCE_ENCODERS.register(layers=(3, 4, 5))
def tcn(
    spec: InputSpec | Modality, *, time: bool = False, layers: int = 4,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "tcn",
) -> keras.Model:  # fmt: skip
    """Stack residual blocks of causal convolutions, pool, add the summary, dense on top.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        layers: Number of residual blocks; at least 1. Block i is dilated by 2^i: a state sees the
            last 1 + 4 (2^layers - 1) steps, 61 by default.
        units: Filters of every convolution and width of the features; at least 1.
        dropout: Share of filters and of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Bai et al. 2018, arXiv:1803.01271, section 3 and figure 1; without its weight normalisation,
        which changes the speed of training and not what can be computed.
    """
    check_knobs("tcn", layers=layers, units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        for block in range(layers):
            x = _residual_block(x, units, 2**block, dropout)
        return PoolSteps()(x, mask)

    return sequence_model(spec, core, time=time, name=name, units=units, dropout=dropout, l2=l2)


def _residual_block(x, filters, dilation, dropout):
    """Two causal convolutions beside a shortcut, which is 1 wide where the width changes."""
    y = x
    for _ in range(2):
        y = keras.layers.Conv1D(
            filters, KERNEL_SIZE, padding="causal", dilation_rate=dilation, activation="relu"
        )(y)
        y = keras.layers.SpatialDropout1D(dropout)(y)
    if x.shape[-1] != filters:
        x = keras.layers.Conv1D(filters, 1)(x)
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))
