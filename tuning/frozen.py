"""What frozen encoders make of a cohort's images: computed once for all folds, trials and seeds."""

import hashlib
from collections.abc import Mapping

import keras
import numpy as np

from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.lazy import LazyArray

Arrays = Mapping[str, np.ndarray | LazyArray]

_IMAGES = 32  # that a frozen encoder reads at a time


class FrozenFeatures:
    """Batches of a cohort in which features stand for the images of frozen encoders.

    Args:
        inputs: Modality to array, axis 0 the samples.
        labels: Target to `(samples,)`.

    Source:
        Own design. They are known by the weights that made them, so that an encoder whose frozen
        part holds statistics of a fold gets features of its own in every fold.
    """

    def __init__(self, inputs: Arrays, labels: Mapping[str, np.ndarray]) -> None:
        self._inputs, self._labels = inputs, labels
        self._features: dict[tuple[str, str], ImageBags] = {}
        self._batches: dict[tuple[tuple[str, str], ...], Batches] = {}

    def batches(self, frozen: Mapping[str, keras.Model]) -> Batches:
        """Return the cohort's batches.

        Args:
            frozen: Modality to the model from one of its images to features; may be empty.
        """
        keys = tuple((name, _hash(model)) for name, model in frozen.items())
        if keys not in self._batches:
            for key, model in zip(keys, frozen.values(), strict=True):
                if key not in self._features:
                    self._features[key] = encode(self._inputs[key[0]], model)
            replaced = {key[0]: self._features[key] for key in keys}
            self._batches[keys] = Batches({**self._inputs, **replaced}, self._labels)
        return self._batches[keys]


def encode(images: np.ndarray | LazyArray, model: keras.Model) -> ImageBags:
    """Encode every image once.

    Args:
        images: `(samples, images, height, width, channels)`, or with a depth; all NaN is absent.
        model: From `(batch, height, width, channels)` to `(batch, features)`.

    Returns:
        `(samples, images, features)`, NaN where there is no image.
    """
    if isinstance(images, ImageBags):
        return ImageBags(_predict(images.pixels, model), images.slots)
    values = np.asarray(images[:])
    there = np.isfinite(values).any(axis=tuple(range(2, values.ndim)))
    slots = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
    return ImageBags(_predict(values[there], model), slots)


def _predict(pixels: np.ndarray, model: keras.Model) -> np.ndarray:
    blocks = [
        model.predict_on_batch(pixels[start : start + _IMAGES].astype(np.float32))
        for start in range(0, len(pixels), _IMAGES)
    ]
    return np.concatenate([np.zeros((0, *model.output.shape[1:]), np.float32), *blocks])


def _hash(model: keras.Model) -> str:
    found = hashlib.sha256(model.name.encode())
    for weight in model.weights:
        found.update(keras.ops.convert_to_numpy(weight).tobytes())
    return found.hexdigest()
