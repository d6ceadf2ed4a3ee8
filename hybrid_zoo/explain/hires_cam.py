"""Where in an image the features are that raise the logit, each place by its own gradient."""

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.grad_cam import lacks_maps, of_maps
from hybrid_zoo.explain.methods import METHODS, needs


@METHODS.register
@needs(lacks_maps)
def hires_cam(case: Case) -> Result:
    """Multiply the maps of an encoder's last convolutional layer by their gradient.

    As Grad-CAM, whose gradient is averaged over all places first; where behind the map there is
    more than an average of all places, this one alone tells which of them count.

    Args:
        case: The patient.

    Returns:
        As `grad_cam`.

    Raises:
        ConfigError: For a model without convolutions.

    Source:
        Draelos & Carin 2020, arXiv:2011.08891, equation 4; its negative sums set to 0 as in
        Grad-CAM.
    """
    return of_maps(case, product_map)


def product_map(features: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the sum over channels of features times slopes, at least 0.

    Args:
        features: `(images, ..., channels)`.
        slopes: The logit's derivatives by them.

    Returns:
        `(images, ...)`.
    """
    return np.maximum((features * slopes).sum(axis=-1), 0)
