"""How much a model's own attention weighs each step, word or image."""

from typing import Any

import numpy as np
from keras import ops

from hybrid_zoo.bags.gated_attention import GatedAttention
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS, needs
from hybrid_zoo.explain.site_values import tokens_in_place
from hybrid_zoo.explain.steps import Place, walk
from hybrid_zoo.layers.attention_pool import AttentionPool

LAYERS = (AttentionPool, GatedAttention)


def lacks_attention(case: Case) -> str | None:
    """Say what `attention` needs, if a model lacks it.

    Args:
        case: The patient.
    """
    if case.opened.layers(LAYERS):
        return None
    return (
        "an encoder or bag that attends ('attention_lstm', 'bigru_attention', bag "
        "'gated_attention'), which this model lacks"
    )


@METHODS.register
@needs(lacks_attention)
def attention(case: Case) -> Result:
    """Read the weights by which attention averages steps, words or images.

    A weight says what is read, not what it does to the logit: it has no sign.

    Args:
        case: The patient.

    Returns:
        Series to `(steps,)`, notes to `(length,)` and images to `(images,)` weights that sum to 1;
        NaN on padding and where an image is absent.

    Raises:
        ConfigError: For a model without attention.

    Source:
        Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2; Ilse et al. 2018, arXiv:1802.04712,
        equations 7 and 9.
    """
    wanted = {s.place: s.modality for s in case.opened.layers(LAYERS) if s.modality in case.present}
    values: dict[str, np.ndarray] = {}

    def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
        if place in wanted:
            weights, valid = (ops.convert_to_numpy(x)[0] for x in (output[1], args[1]))
            values[wanted[place]] = _in_place(case, wanted[place], weights, valid)
        return output

    walk(case.opened.scores, {k: ops.convert_to_tensor(x) for k, x in case.sample.items()}, after)
    return Result(values=values, absent=case.absent)


def _in_place(case: Case, modality: str, weights: np.ndarray, valid: np.ndarray) -> np.ndarray:
    if case.sample[modality].dtype.kind in "iu":
        return tokens_in_place(case, modality, weights)
    return np.where(valid > 0, weights, np.nan)
