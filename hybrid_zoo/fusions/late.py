"""No joint features at all: every modality is a model of its own."""

from hybrid_zoo.fusions.concat import Fusion
from hybrid_zoo.layers.fusion_inputs import check_several
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.registries import FUSIONS


@FUSIONS.register
def late(*, units: int = 64, dropout: float = 0.3, l2: float = 1e-4) -> Fusion:
    """Fuse nothing but the logits: `build_hybrid` averages those of the present modalities.

    The knobs are those that every fusion is given; this one has no layer to use them in.

    Args:
        units: Checked, then not used: there are no fused features.
        dropout: Checked, then not used.
        l2: Checked, then not used.

    Returns:
        A function from `{modality: (batch, features)}` and `{modality: (batch, 1)}` presence to
        None.

    Raises:
        ConfigError: For an impossible knob, or, from the function, for fewer than two modalities.

    Source:
        Huang et al. 2020, doi:10.1038/s41746-020-00341-z: late fusion by averaging.
    """
    check_knobs("late", units=units, dropout=dropout, l2=l2)

    def fuse(features, presence):
        check_several("late", features)

    return fuse
