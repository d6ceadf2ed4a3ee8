"""Where in an image the features are that raise the logit."""

from collections.abc import Callable

import numpy as np
from keras import ops

from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.feature_maps import lacks_map, last_map
from hybrid_zoo.explain.methods import METHODS, lacks_gradients, needs


def lacks_maps(case: Case) -> str | None:
    """Say what class activation maps need, if a model or the backend lacks it.

    Args:
        case: The patient.
    """
    return lacks_gradients(case) or lacks_map(case)


@METHODS.register
@needs(lacks_maps)
def grad_cam(case: Case) -> Result:
    """Weigh the maps of an encoder's last convolutional layer by their mean gradient.

    The map is the last one of the encoder, nested backbones included, in which places can be told
    apart. Its resolution is coarse: a bright place means "about here". The mean of the gradient
    says what a map is worth where an average over all places follows; where places are told apart
    behind it, as in `paper_cnn`, which flattens, it may point elsewhere: use `hires_cam`.

    Args:
        case: The patient.

    Returns:
        Image modality to `(images, height, width)`, volumes `(volumes, depth, height, width)`, at
        least 0, linearly interpolated to the size of the input; NaN where an image is absent.

    Raises:
        ConfigError: For a model without convolutions.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.
    """
    return of_maps(case, class_map)


def of_maps(case: Case, weigh: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Result:
    """Make a map of the last feature map of every image.

    Args:
        case: The patient.
        weigh: From features and their slopes, `(images, ..., channels)`, to `(images, ...)`.

    Returns:
        As `grad_cam`.
    """
    values = {}
    for name in case.present:
        step = last_map(case, name)
        if step is not None:
            features, slopes = case.opened.gradients.feature_map(
                step, case.sample, case.target, case.label
            )
            values[name] = _resized(weigh(features, slopes), case.sample[name][0])
    return Result(values=values, absent=case.absent)


def class_map(features: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the class activation map.

    Args:
        features: `(images, ..., channels)`.
        slopes: The logit's derivatives by them.

    Returns:
        `(images, ...)`, at least 0.

    Source:
        Selvaraju et al. 2017, arXiv:1610.02391, equations 1 and 2.
    """
    places = tuple(range(1, features.ndim - 1))
    weights = slopes.mean(axis=places, keepdims=True)
    return np.maximum((weights * features).sum(axis=-1), 0)


def _resized(maps: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Maps of the size of the images; the axes of a volume by turns."""
    *depth, height, width = images.shape[1:-1]
    flat = maps.reshape(-1, *maps.shape[-2:], 1)
    found = resize(flat, (height, width)).reshape(*maps.shape[:-2], height, width)
    if depth:
        slices = found.reshape(len(maps), maps.shape[1], height * width, 1)
        found = resize(slices, (*depth, height * width)).reshape(images.shape[:-1])
    there = np.any(observed(images), axis=tuple(range(1, images.ndim)))
    return np.where(there.reshape(-1, *(1,) * (found.ndim - 1)), found, np.nan)


def resize(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return maps of another size, linearly interpolated.

    Args:
        x: `(maps, height, width, 1)`.
        size: Height and width.
    """
    return ops.convert_to_numpy(ops.image.resize(x, size, interpolation="bilinear"))
