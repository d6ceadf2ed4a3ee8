"""A SavedModel, for TensorFlow Serving and TensorFlow without this package."""

from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from hybrid_zoo.serving.graph import portable
from hybrid_zoo.serving.rows import Arrays


def write(model: keras.Model, path: Path) -> None:
    """Write a folder whose function `serve`, also its default signature, is the model.

    Args:
        model: From a dict of inputs to a dict of outputs.
        path: A new folder.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", portable(model))
    archive.write_out(path, verbose=False)


def read(path: Path) -> Callable[[Arrays], Arrays]:
    """Return the default signature, which servers call, from arrays to arrays.

    Args:
        path: The folder.
    """
    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]

    def run(arrays: Arrays) -> Arrays:
        tensors = {name: tf.constant(values) for name, values in arrays.items()}
        return {name: value.numpy() for name, value in serve(**tensors).items()}

    run.loaded = loaded  # type: ignore[attr-defined]  # it owns the variables
    return run
