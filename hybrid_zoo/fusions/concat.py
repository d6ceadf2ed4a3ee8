"""Concatenation, the review's fusion."""

from collections.abc import Callable

import keras

from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import FUSIONS

Fusion = Callable[
    [dict[str, keras.KerasTensor], dict[str, keras.KerasTensor]],
    keras.KerasTensor | None,
]
"""Features and presence by modality to joint features, None where there are none to be had."""


@FUSIONS.register
def concat(*, units: int = 64, dropout: float = 0.3, l2: float = 1e-4) -> Fusion:
    """Concatenate all modalities' features and presence flags, dense on top.

    Args:
        units: Width of the fused features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.

    Returns:
        A function from `{modality: (batch, features)}`, zero where absent, and
        `{modality: (batch, 1)}` presence to `(batch, units)`.

    Raises:
        ConfigError: For an impossible knob.

    Source:
        The review, section on hybrid architecture: concatenation of CNN and LSTM features.
    """
    check_knobs("concat", units=units, dropout=dropout, l2=l2)

    def fuse(features, presence):
        x = keras.layers.Concatenate(name="concat")([*features.values(), *presence.values()])
        return dense_block(x, units=units, dropout=dropout, l2=l2, name="fused")

    return fuse
