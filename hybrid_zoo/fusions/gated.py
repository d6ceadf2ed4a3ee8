"""Gated fusion: the modalities compete for every feature."""

from hybrid_zoo.fusions.concat import Fusion
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.fusion_inputs import check_several
from hybrid_zoo.layers.gated_unit import GatedUnit
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import FUSIONS


@FUSIONS.register
def gated(*, units: int = 64, dropout: float = 0.3, l2: float = 1e-4) -> Fusion:
    """Weigh the modalities in every unit by gates that see all of them, dense on top.

    `keras.Model(model.inputs, model.get_layer("gated").output[1])` returns the weights
    `(batch, modalities, units)`; they sum to 1 over the present modalities.

    Args:
        units: Width of the gated unit and of the fused features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.

    Returns:
        A function from `{modality: (batch, features)}` and `{modality: (batch, 1)}` presence to
        `(batch, units)`.

    Raises:
        ConfigError: For an impossible knob, or, from the function, for fewer than two modalities.

    Source:
        Arevalo et al. 2017, arXiv:1702.01992, the bimodal gated multimodal unit; its sigmoid is a
        softmax over the present modalities here, so that there may be more than two, or fewer.
    """
    check_knobs("gated", units=units, dropout=dropout, l2=l2)

    def fuse(features, presence):
        check_several("gated", features)
        unit = GatedUnit(units, name="gated")
        x, _ = unit(list(features.values()), [presence[name] for name in features])
        return dense_block(x, units=units, dropout=dropout, l2=l2, name="fused")

    return fuse
