"""What frozen encoders make of a cohort's images: computed once for all folds, trials and seeds."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np

from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.lazy import LazyArray
from hybrid_zoo.pipelines.mapped import mapped
from hybrid_zoo.pipelines.store import stored

Arrays = Mapping[str, np.ndarray | LazyArray]

FOLDER = "features"
"""Of features, beside the decoded images that they were made from."""

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
    """Encode every image once; where images are kept in files, features are kept beside them.

    Args:
        images: `(samples, images, height, width, channels)`, or with a depth; all NaN is absent.
        model: From `(batch, height, width, channels)` to `(batch, features)`.

    Returns:
        `(samples, images, features)`, NaN where there is no image.
    """
    if isinstance(images, ImageBags):
        return ImageBags(_kept(images.pixels, model), images.slots)
    values = np.asarray(images[:])
    there = np.isfinite(values).any(axis=tuple(range(2, values.ndim)))
    slots = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
    return ImageBags(_predict(values[there], model), slots)


def _kept(pixels: np.ndarray, model: keras.Model) -> np.ndarray:
    """Features of mapped pixels, computed now or by an earlier process."""
    file = mapped(pixels)
    store = None if file is None else Path(str(file.filename)).parent
    if store is None or not os.access(store, os.W_OK):
        return _predict(pixels, model)
    content = hashlib.sha256(f"{_hash(model)} {pixels.dtype.str} {pixels.shape}".encode())
    content.update(np.ascontiguousarray(pixels).data)
    target = store / FOLDER / f"{content.hexdigest()[:32]}.npy"
    shape = (len(pixels), *model.output.shape[1:])
    return stored(target, np.dtype(np.float32), shape, _blocks(pixels, model))


def _predict(pixels: np.ndarray, model: keras.Model) -> np.ndarray:
    nothing = np.zeros((0, *model.output.shape[1:]), np.float32)
    return np.concatenate([nothing, *_blocks(pixels, model)])


def _blocks(pixels: np.ndarray, model: keras.Model) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), _IMAGES):
        features = model.predict_on_batch(pixels[start : start + _IMAGES].astype(np.float32))
        yield features.astype(np.float32, copy=False)


def _hash(model: keras.Model) -> str:
    """Hash what a model computes: its layers' classes and plain options, and its weights."""
    found = hashlib.sha256(keras.__version__.encode())
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, keras.Model):
            options = {k: v for k, v in layer.get_config().items() if k != "name" and _is_plain(v)}
            options["dtype"] = layer.compute_dtype
            found.update(json.dumps([type(layer).__name__, options], sort_keys=True).encode())
    for weight in model.weights:
        found.update(keras.ops.convert_to_numpy(weight).tobytes())
    return found.hexdigest()


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)
