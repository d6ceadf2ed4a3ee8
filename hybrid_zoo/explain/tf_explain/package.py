"""The parts of tf-explain that are used, and how."""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case

BACKEND = "tf-explain"


def core() -> ModuleType:
    """Return tf-explain's explainers.

    Raises:
        ConfigError: Where it is not installed.
    """
    return installed("tf_explain.core")


def installed(name: str) -> ModuleType:
    """Import a part of tf-explain.

    Args:
        name: Of the module.

    Raises:
        ConfigError: Where it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"explain: {BACKEND} cannot be imported ({error}). "
            "Run: pip install 'hybrid-zoo[explain]'"
        ) from error


def column(case: Case) -> int:
    """Return the column of a view that is explained: of a binary target the second.

    Args:
        case: The patient.
    """
    return case.label if case.opened.classes[case.target] > 1 else 1


def gradients(images: np.ndarray, view: keras.Model, at: int) -> np.ndarray:
    """Return tf-explain's vanilla gradients of a logit, without a trace that nobody runs again.

    Args:
        images: `(batch, height, width, channels)`.
        view: A view that returns logits.
        at: The column.
    """
    compute = core().VanillaGradients.compute_gradients
    return np.asarray(getattr(compute, "python_function", compute)(images, view, at))


def smooth_gradient(
    picture: np.ndarray, view: keras.Model, at: int, *, samples: int, noise: float, most: int
) -> np.ndarray:
    """Average tf-explain's gradients over copies with tf-explain's noise.

    tf-explain's own average is of a loss's gradients: reversed in sign, and fading where the model
    is sure.

    Args:
        picture: `(height, width, channels)`.
        view: A view that returns logits.
        at: The column.
        samples: Number of copies.
        noise: Deviation of the noise as a share of the picture's range.
        most: Copies at once.

    Returns:
        `(height, width, channels)`, NaN where the picture has none.

    Source:
        Smilkov et al. 2017, arXiv:1706.03825, section 3.
    """
    seen = np.isfinite(picture)
    deviation = noise * float(np.ptp(picture[seen]))
    copies = core().SmoothGrad.generate_noisy_images(picture[None], samples, deviation)
    parts = [copies[k : k + most].astype("float32") for k in range(0, samples, most)]
    found = np.concatenate([gradients(x, view, at) for x in parts])
    return np.where(seen, found.mean(axis=0, dtype="float64"), np.nan)


@contextmanager
def quiet() -> Iterator[None]:
    """Hush what Keras says of the list of lists that tf-explain gives to `keras.Model`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"[\s\S]*structure of `inputs` doesn't match")
        yield


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, from which tf-explain draws; then give it back as it was.

    Args:
        seed: Of the draws.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
