"""How much a fusion's own attention weighs each modality."""

import keras
import numpy as np
from keras import ops

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS, needs
from hybrid_zoo.explain.rollout import rollout
from hybrid_zoo.explain.steps import outputs_of
from hybrid_zoo.layers.fusion_inputs import StackTokens, stacked_modalities


def lacks_attention_fusion(case: Case) -> str | None:
    """Say what `modality_attention` needs, if a model lacks it.

    Args:
        case: The patient.
    """
    if case.opened.layers(keras.layers.MultiHeadAttention, ""):
        return None
    return "the fusion 'attention', which this model lacks"


@METHODS.register
@needs(lacks_attention_fusion)
def modality_attention(case: Case) -> Result:
    """Read how much the fusion's learned token reads of each modality, through all blocks.

    A weight says what is read, not what it does to the logit: it has no sign.

    Args:
        case: The patient.

    Returns:
        Modality to a weight of shape `()`. They sum to 1.

    Raises:
        ConfigError: For a model without the fusion `attention`.

    Source:
        Abnar & Zuidema 2020, arXiv:2005.00928, equation 1; what the token reads of itself is its
        residual path, and left out by own design.
    """
    (stack,) = case.opened.layers(StackTokens)
    calls = {s.place: s for s in case.opened.layers(keras.layers.MultiHeadAttention, "")}
    found = outputs_of(case.opened.scores, case.sample, calls).values()
    blocks = [ops.convert_to_numpy(output[1])[0] for _, output in found]
    read = rollout(blocks)[0, 1:]
    shares = read / max(read.sum(), np.finfo(float).tiny)  # of a patient without any, 0
    weights = dict(zip(stacked_modalities(stack.node), shares, strict=True))
    return Result(
        values={name: np.array(weights[name]) for name in case.present}, absent=case.absent
    )
