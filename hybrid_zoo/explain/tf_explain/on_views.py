"""tf-explain's callbacks on views of a model; imports tf-explain."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tf_explain.callbacks.grad_cam import GradCAMCallback
from tf_explain.callbacks.vanilla_gradients import VanillaGradientsCallback

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.single_input import LAST_MAP, view_of
from hybrid_zoo.explain.tf_explain.package import column, numpy_seed, quiet, smooth_gradient

SAMPLES, NOISE = 8, 0.15
"""Noisy copies of a picture, and their deviation as a share of its range."""


def grad_cam(case: Case, modality: str, image: int, folder: Path) -> keras.callbacks.Callback:
    """Return tf-explain's Grad-CAM callback for one picture.

    Args:
        case: The patient.
        modality: The pictures' name.
        image: Which picture.
        folder: Where to write.
    """
    raw = case.sample[modality][0, image]
    drawing = Drawing(raw)
    view = view_of(case, modality, image, logits=True, front=drawing)
    return GradCAMOfView(view, drawing.drawn, column(case), folder)


def smooth_grad(case: Case, modality: str, image: int, folder: Path) -> keras.callbacks.Callback:
    """Return a callback of tf-explain that draws SmoothGrad for one picture.

    Args:
        case: The patient.
        modality: The pictures' name.
        image: Which picture.
        folder: Where to write.
    """
    view = view_of(case, modality, image, logits=True)
    return SmoothGradOfView(view, case.sample[modality][0, image], column(case), folder)


class Drawing(keras.layers.Layer):
    """From a picture as tf-explain draws it, in colours from 0 to 1, back to raw units.

    Args:
        raw: `(height, width, 1 or 3)`; NaN where nothing was observed, which is drawn black.
    """

    def __init__(self, raw: np.ndarray) -> None:
        super().__init__(name="drawing", dtype="float32")
        self._low, high = float(np.nanmin(raw)), float(np.nanmax(raw))
        self._span = max(high - self._low, 1e-6)
        self._lost, self._channels = np.isnan(raw), raw.shape[-1]
        grey = np.where(self._lost, 0, (raw - self._low) / self._span).astype("float32")
        self.drawn = np.repeat(grey, 3, axis=-1) if self._channels == 1 else grey

    def call(self, x):
        """Return `(batch, height, width, channels)` in raw units.

        Args:
            x: `(batch, height, width, 3)`.
        """
        one = ops.mean(x, axis=-1, keepdims=True) if self._channels == 1 else x
        return ops.where(self._lost, np.nan, one * self._span + self._low)

    def compute_output_spec(self, x):
        """Return the symbolic output."""
        return keras.KerasTensor((*x.shape[:-1], self._channels), "float32")


class GradCAMOfView(GradCAMCallback):
    """tf-explain's callback, which explains the view in the place of the model in training.

    Args:
        view: The model's view, which returns logits.
        picture: As it is drawn.
        at: The column that is explained.
        folder: Where to write.
    """

    def __init__(self, view: keras.Model, picture: np.ndarray, at: int, folder: Path) -> None:
        super().__init__((picture[None], None), at, LAST_MAP, folder, use_guided_grads=False)
        self._view = view

    def set_model(self, model: keras.Model) -> None:
        """Put the view in the model's place: it has one input, and the same weights."""
        super().set_model(self._view)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draw; an even map, which tf-explain divides by nothing, is drawn black."""
        with quiet(), np.errstate(invalid="ignore", divide="ignore"):
            super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Write what waits."""
        self.file_writer.flush()


class SmoothGrad:
    """What `VanillaGradientsCallback` asks of an explainer.

    tf-explain's own one draws gradients in bytes that overflow: what is brightest may come out
    black, and pictures in raw units, whose gradients are small, all black.
    """

    def get_score_model(self, model: keras.Model) -> keras.Model:
        """Return the model: a view returns logits already."""
        return model

    def explain_score_model(self, data: tuple, view: keras.Model, at: int) -> np.ndarray:
        """Return `(height, width)` bytes, 255 where the absolute gradient is highest.

        Args:
            data: The picture, and None.
            view: The model's view, which returns logits.
            at: The column that is explained.
        """
        (picture,) = data[0]
        with numpy_seed(0):
            found = smooth_gradient(picture, view, at, samples=SAMPLES, noise=NOISE, most=SAMPLES)
        strength = np.abs(np.nan_to_num(found)).sum(axis=-1)
        return (255 * strength / max(strength.max(), 1e-30)).astype("uint8")


class SmoothGradOfView(VanillaGradientsCallback):
    """tf-explain's callback with another explainer, on the view.

    Args:
        view: The model's view, which returns logits.
        picture: In raw units.
        at: The column that is explained.
        folder: Where to write.
    """

    explainer = SmoothGrad()

    def __init__(self, view: keras.Model, picture: np.ndarray, at: int, folder: Path) -> None:
        super().__init__((picture[None], None), at, folder)
        self._view = view

    def set_model(self, model: keras.Model) -> None:
        """Put the view in the model's place: it has one input, and the same weights."""
        super().set_model(self._view)

    def on_train_end(self, logs: Any = None) -> None:
        """Write what waits."""
        self.file_writer.flush()
