"""Methods of `explain` that tf-explain computes, where it is right."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.arguments import check_at_least
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.feature_maps import last_map
from hybrid_zoo.explain.grad_cam import resize
from hybrid_zoo.explain.methods import lacks_gradients
from hybrid_zoo.explain.single_input import LAST_MAP, present_pictures, view_of
from hybrid_zoo.explain.tf_explain.package import (
    BACKEND,
    column,
    core,
    numpy_seed,
    quiet,
    smooth_gradient,
)
from hybrid_zoo.registry import nearest

GREY = 127.5
"""What tf-explain paints a hidden patch in, whatever the units of the picture."""
WRONG = {
    "integrated_gradients": "it leaves out the factor (picture - baseline), so that nothing adds up"
}
"""Methods of tf-explain that are not offered: what is wrong with them."""


def grad_cam(case: Case, *, use_guided_grads: bool = False) -> Result:
    """Weigh the maps of an encoder's last convolutional layer, by tf-explain's Grad-CAM.

    Negative sums are set to 0, as in the paper, which tf-explain leaves out.

    Args:
        case: The patient.
        use_guided_grads: Count positive gradients at positive features alone, which is tf-explain's
            default and not in the paper.

    Returns:
        As `grad_cam`, of pictures alone.
    """
    explainer = core().GradCAM

    def one(picture: np.ndarray, view: keras.Model) -> np.ndarray:
        with quiet():
            found = explainer.get_gradients_and_filters(
                view, picture[None], LAST_MAP, column(case), use_guided_grads
            )
        (cam,) = explainer.generate_ponderated_output(*found)
        return resize(ops.maximum(cam, 0.0)[None, ..., None], picture.shape[:2])[0, ..., 0]

    names = [name for name in _pictures(case) if last_map(case, name) is not None]
    return _result(case, {name: _each(case, name, one) for name in names})


def smooth_grad(case: Case, *, samples: int = 25, noise: float = 0.15, seed: int = 0) -> Result:
    """Average the logit's gradient over noisy copies, by tf-explain's noise and gradients.

    Args:
        case: The patient.
        samples: Number of copies; at least 1.
        noise: Deviation of the noise as a share of a picture's range.
        seed: Of the noise, which the explained picture alone gets.

    Returns:
        As `smooth_grad`, of pictures alone.

    Raises:
        ConfigError: For less than one copy, or negative noise.
    """
    check_at_least("smooth_grad", 1, samples=samples)
    check_at_least("smooth_grad", 0, noise=noise)

    def one(picture: np.ndarray, view: keras.Model) -> np.ndarray:
        return smooth_gradient(
            picture, view, column(case), samples=samples, noise=noise, most=case.rows
        )

    with numpy_seed(seed):
        values = {name: _each(case, name, one) for name in _pictures(case)}
    return _result(case, values, "In logits per unit of the picture.")


def occlusion(case: Case, *, parts: int = 8) -> Result:
    """Hide one patch of a picture after the other, by tf-explain's occlusion sensitivity.

    The picture is shifted so that tf-explain's grey is its mean.

    Args:
        case: The patient.
        parts: Patches along each side; the last is smaller where they do not fit.

    Returns:
        As `occlusion`, of patches of pictures alone, linearly interpolated between their centres.

    Raises:
        ConfigError: For less than one part, or pictures that are not square: tf-explain hides
            other places than it says.
    """
    check_at_least("occlusion", 1, parts=parts)
    for name in _pictures(case):
        _check_square(name, case.sample[name].shape[2:4])
    full = case.score(case.sample)[0]

    def one(picture: np.ndarray, view: keras.Model) -> np.ndarray:
        shift = np.nanmean(picture, axis=(0, 1)) - GREY
        explainer = core().OcclusionSensitivity(case.rows)
        size = math.ceil(len(picture) / parts)
        found = explainer.get_sensitivity_map(
            _Shifted(view, shift), picture - shift, column(case), size
        )
        return full - 1 + found  # tf-explain returns 1 - logit

    values = {name: _each(case, name, one) for name in _pictures(case)}
    return _result(case, values, "Patches painted in the picture's mean.")


OFFERED: dict[str, Callable[..., Result]] = {
    method.__name__: method for method in (grad_cam, smooth_grad, occlusion)
}


def run(name: str, case: Case, options: Mapping[str, Any]) -> Result:
    """Run a method by tf-explain.

    Args:
        name: Of the method.
        case: The patient.
        options: Its arguments.

    Raises:
        ConfigError: For a method that tf-explain lacks or computes wrongly, another backend of
            Keras than TensorFlow, or where tf-explain is not installed.
    """
    if name in WRONG:
        raise ConfigError(
            f"explain: {name} by {BACKEND} is not offered: {WRONG[name]}. "
            "Leave out 'backend' for ours."
        )
    if name not in OFFERED:
        raise ConfigError(
            f"explain: {BACKEND} has no {name!r}.{nearest(name, OFFERED)} "
            f"It has {list(OFFERED)}; leave out 'backend' for ours."
        )
    if lack := lacks_gradients(case):
        raise ConfigError(f"explain: {BACKEND} needs {lack}.")
    core()  # what is not installed is said before anything is computed
    return OFFERED[name](case, **options)


class _Shifted:
    """A view of shifted pictures, as occlusion asks it: at once, without a progress bar."""

    def __init__(self, view: keras.Model, shift: np.ndarray) -> None:
        self._view, self._shift = view, shift

    def predict(self, x: np.ndarray, batch_size: int) -> np.ndarray:
        rows = (x + self._shift).astype("float32")
        some = [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]
        return np.concatenate([ops.convert_to_numpy(self._view(part)) for part in some])


def _check_square(name: str, size: tuple[int, ...]) -> None:
    if size[0] != size[1]:
        raise ConfigError(
            f"explain: occlusion by {BACKEND} of {name!r}, {size[0]} x {size[1]} pixels, is not "
            "offered: it transposes what is not square. Leave out 'backend' for ours."
        )


def _pictures(case: Case) -> list[str]:
    """The modalities of pictures of which the patient has any."""
    return [name for name in case.present if case.sample[name].ndim == 5]


def _each(case: Case, name: str, one: Callable) -> np.ndarray:
    """What is found in each picture; NaN where there is none."""
    bag = case.sample[name][0]
    found = {
        k: one(bag[k], view_of(case, name, k, logits=True)) for k in present_pictures(case, name)
    }
    values = np.full((len(bag), *next(iter(found.values())).shape), np.nan)
    for k, x in found.items():
        values[k] = x
    return values


def _result(case: Case, values: dict[str, np.ndarray], words: str = "") -> Result:
    return Result(values=values, absent=case.absent, words=f"By tf-explain. {words}".strip())
