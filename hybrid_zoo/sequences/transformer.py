"""Self-attention over steps that know their time."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.attention_block import attention_block
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_model import sequence_model
from hybrid_zoo.layers.time2vec import Time2Vec
from hybrid_zoo.registries import SEQUENCE_ENCODERS


@SEQUENCE_ENCODERS.register(layers=(1, 2, 3))
def transformer(
    spec: InputSpec | Modality, *, time: bool = False, layers: int = 2,
    units: int = 64, dropout: float = 0.3, l2: float = 1e-4, name: str = "transformer",
) -> keras.Model:  # fmt: skip
    """Encode the time, stack pre-norm self-attention, pool, add the summary, dense on top.

    Args:
        spec: The sequence modality, or a spec with exactly one.
        time: Read hours as a second input `(batch, steps)`, for irregular time stamps.
        layers: Number of blocks of self-attention (4 heads) and a feed-forward layer; at least 1.
        units: Width of the steps and of the features; the feed-forward layers are twice as wide.
        dropout: Share of units and of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layers.
        name: The model's name.

    Returns:
        A model from `(batch, steps, variables)` raw values, NaN where not measured, to
        `(batch, units)`. A longer all-NaN tail changes nothing.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, section 3; pre-norm: Xiong et al. 2020,
        arXiv:2002.04745, figure 1b; time: Kazemi et al. 2019, arXiv:1907.05321.
    """
    check_knobs("transformer", layers=layers, units=units, dropout=dropout, l2=l2)

    def core(x, mask, hours):
        x = Time2Vec()(keras.layers.Dense(units)(x), hours)
        for _ in range(layers):
            x = attention_block(x, mask, dropout=dropout)
        return PoolSteps()(keras.layers.LayerNormalization()(x), mask)

    return sequence_model(spec, core, time=time, name=name, units=units, dropout=dropout, l2=l2)
