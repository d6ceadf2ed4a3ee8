"""Maps of a few patients while a model is trained, for TensorBoard."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case, make_case
from hybrid_zoo.explain.feature_maps import last_map
from hybrid_zoo.explain.methods import lacks_gradients
from hybrid_zoo.explain.single_input import check_pictures, present_pictures
from hybrid_zoo.explain.tf_explain.package import BACKEND, installed

WHO = "explain_callbacks"
METHODS = ("grad_cam", "smooth_grad")


def explain_callbacks(
    model: keras.Model,
    samples: Sequence[Mapping[str, Any]],
    method: str = "grad_cam",
    *,
    modality: str = "image",
    target: str | None = None,
    label: int | None = None,
    folder: str | Path = "logs",
) -> list[keras.callbacks.Callback]:
    """Return callbacks that draw tf-explain's maps of some patients after each epoch.

    They are tf-explain's own callbacks on views that share the weights in training: give them to
    `fit`, and see the pictures by `tensorboard --logdir logs`. The files hold the patients'
    pictures: keep them where the pictures are kept.

    Args:
        model: That is to be trained.
        samples: A few patients of the validation set, as `explain` takes them.
        method: `grad_cam`, or `smooth_grad` of the absolute gradient, white where it is highest.
        modality: The pictures' name.
        target: Name; the model's first where not given.
        label: Of a target with several classes, the position of one; 0 where not given.
        folder: Where event files are written, one folder for each picture:
            `patient_0/image_1/{time}`.

    Returns:
        One callback for each picture that these patients have.

    Raises:
        ConfigError: For an unknown name, a model that lacks what the method needs, or where
            tf-explain or TensorBoard is not installed.
    """
    if method not in METHODS:
        raise ConfigError(
            f"{WHO}: method={method!r} is unknown; expected any of {list(METHODS)}. tf-explain's "
            "callbacks of other methods draw what is wrong, or cannot draw a picture in raw units."
        )
    _check_installed()
    cases = [make_case(model, x, target, label or 0, None) for x in samples]
    for case in cases:
        _check_case(case, modality, method)
    from hybrid_zoo.explain.tf_explain import on_views  # imports tf-explain

    make = {"grad_cam": on_views.grad_cam, "smooth_grad": on_views.smooth_grad}[method]
    return [
        make(case, modality, image, Path(folder) / f"patient_{k}" / f"{modality}_{image}")
        for k, case in enumerate(cases)
        for image in present_pictures(case, modality)
    ]


def _check_installed() -> None:
    installed("tf_explain.callbacks")
    if find_spec("tensorboard") is None:
        raise ConfigError(
            f"{WHO}: {BACKEND} writes by TensorBoard, which is not installed. "
            "Run: pip install tensorboard"
        )


def _check_case(case: Case, modality: str, method: str) -> None:
    check_pictures(WHO, case, modality)
    lack = lacks_gradients(case)
    if lack is None and method == "grad_cam" and last_map(case, modality) is None:
        lack = f"a convolution in the encoder of {modality!r}"
    if lack:
        raise ConfigError(f"{WHO}: {method} needs {lack}.")
    channels = case.sample[modality].shape[-1]
    if method == "grad_cam" and channels not in (1, 3):
        raise ConfigError(
            f"{WHO}: tf-explain draws Grad-CAM over grey or coloured pictures; {modality!r} has "
            f"{channels} channels. Choose method='smooth_grad'."
        )
