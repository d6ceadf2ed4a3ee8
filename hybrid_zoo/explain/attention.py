"""How much a model's own attention weighs each step, word or image."""

from collections import defaultdict

import keras
import numpy as np
from keras import ops

from hybrid_zoo.bags.gated_attention import GatedAttention
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS, needs
from hybrid_zoo.explain.rollout import rollout, seen
from hybrid_zoo.explain.site_values import tokens_in_place
from hybrid_zoo.explain.steps import Step, outputs_of
from hybrid_zoo.layers.attention_pool import AttentionPool

POOLS = (AttentionPool, GatedAttention)


def attends(case: Case, modality: str | None = None) -> list[Step]:
    """Return the calls of layers that attend to steps, words or images of one modality.

    Args:
        case: The patient.
        modality: Its name; of any where not given.
    """
    opened = case.opened
    blocks = opened.layers(keras.layers.MultiHeadAttention, modality)
    return opened.layers(POOLS, modality) + [s for s in blocks if _of_places(case, s)]


def lacks_attention(case: Case) -> str | None:
    """Say what `attention` needs, if a model lacks it.

    Args:
        case: The patient.
    """
    if attends(case):
        return None
    return (
        "an encoder or bag that attends ('attention_lstm', 'transformer', 'bigru_attention', bag "
        "'gated_attention'), which this model lacks"
    )


@METHODS.register
@needs(lacks_attention)
def attention(case: Case) -> Result:
    """Read the weights by which attention averages steps, words or images.

    A weight says what is read, not what it does to the logit: it has no sign. Where steps attend to
    each other in several blocks, it is what all steps together read of one through all blocks.

    Args:
        case: The patient.

    Returns:
        Series to `(steps,)`, notes to `(length,)` and images to `(images,)` weights that sum to 1;
        NaN on padding and where an image is absent.

    Raises:
        ConfigError: For a model without attention.

    Source:
        Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2; Ilse et al. 2018, arXiv:1802.04712,
        equations 7 and 9; of blocks Abnar & Zuidema 2020, arXiv:2005.00928, equation 1.
    """
    calls = {s.place: s for s in attends(case) if s.modality in case.present}
    values: dict[str, np.ndarray] = {}
    blocks: dict[str, list[np.ndarray]] = defaultdict(list)
    for place, (args, output) in outputs_of(case.opened.scores, case.sample, calls).items():
        weights, modality = ops.convert_to_numpy(output[1])[0], calls[place].modality
        if isinstance(calls[place].operation, POOLS):
            valid = ops.convert_to_numpy(args[1])[0] > 0
            values[modality] = _in_place(case, modality, weights, valid)
        else:
            blocks[modality].append(weights)
    for modality, of_it in blocks.items():
        valid = seen(of_it)
        read = rollout(of_it)[valid].mean(axis=0)
        values[modality] = _in_place(case, modality, read, valid)
    return Result(values=values, absent=case.absent)


def _in_place(case: Case, modality: str, weights: np.ndarray, valid: np.ndarray) -> np.ndarray:
    if case.sample[modality].dtype.kind in "iu":
        return tokens_in_place(case, modality, weights)
    return np.where(valid, weights, np.nan)


def _of_places(case: Case, block: Step) -> bool:
    """Whether what attends to each other are steps or words, not parts of an image."""
    return block.modality.startswith(("sequence", "tokens"))
