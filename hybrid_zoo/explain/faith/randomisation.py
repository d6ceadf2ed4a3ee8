"""Does an explanation change when the model has learned something else?"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.likeness import rank_correlation
from hybrid_zoo.explain.faith.verdict import Check
from hybrid_zoo.layers.standardize import Standardize, StandardizeImage

MOST = 0.5


def randomisation(evidence: Evidence, draws: int) -> Check:
    """Correlate each map with that of the same patient after the weights were shuffled.

    Args:
        evidence: The explanations.
        draws: How often the weights are shuffled, each time for another patient.

    Source:
        Adebayo et al. 2018, arXiv:1810.03292, section 3.1. Shuffled, not drawn anew: own design,
        because then any layer, a frozen backbone too, keeps the size of its activations. The bar
        lies between a map that ignores the weights, 1, and Grad-CAM of a picture that holds one
        thing to see: random networks react to it too (Yona & Greenfeld 2021, arXiv:2110.14297),
        and their maps correlate by 0.2 to 0.35.
    """
    found = []
    for draw in range(draws):
        patient = draw % len(evidence.cases)
        case, rng = evidence.cases[patient], np.random.default_rng([evidence.seed, draw])
        with shuffled(evidence.patients.model, rng):
            after = evidence.explain(patient, case, ("shuffled", draw))
        found.append(rank_correlation(evidence.maps[patient], after))
    value = float(np.mean(found))
    words = f"maps of a model with shuffled weights correlate by {value:.2f} with its own"
    return Check(value=value, bar=MOST, passed=abs(value) < MOST, words=words)


@contextmanager
def shuffled(model: keras.Model, rng: np.random.Generator) -> Iterator[None]:
    """Shuffle the numbers within each weight, but for what standardises raw values.

    Args:
        model: Its weights are put back at the end.
        rng: Of the order.
    """
    kept = {
        id(weight)
        for layer in model._flatten_layers()
        if isinstance(layer, Standardize | StandardizeImage)
        for weight in layer.weights
    }
    weights = [w for w in model.weights if id(w) not in kept and "float" in w.dtype]
    before = [ops.convert_to_numpy(weight) for weight in weights]
    try:
        for weight, x in zip(weights, before, strict=True):
            weight.assign(rng.permutation(x.ravel()).reshape(x.shape))
        yield
    finally:
        for weight, x in zip(weights, before, strict=True):
            weight.assign(x)
