"""A LiteRT file, for phones and small devices."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from hybrid_zoo.errors import ExportError
from hybrid_zoo.serving.graph import layer_of, portable
from hybrid_zoo.serving.rows import Arrays

SIGNATURE = "serving_default"
_LOCATION = re.compile(r'fused\["(\w+):", "([^"@]+)@')


def write(model: keras.Model, path: Path) -> None:
    """Convert a model, with LiteRT's own operations alone, and write it to one file.

    Args:
        model: From a dict of inputs to a dict of outputs.
        path: Ends in `.tflite`.

    Raises:
        ExportError: If a layer has no form in LiteRT; it names them.
    """
    module = tf.Module()
    module.serve = portable(model, constant=True)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        try:
            path.write_bytes(converter.convert())
        except Exception as error:  # whatever the converter raises, the model is the reason
            raise ExportError(
                f"export: these layers of {model.name!r} have no form in LiteRT: "
                f"{_layers(model, str(error))}. None was written; try format='onnx'."
            ) from error


def read(path: Path) -> Callable[[Arrays], Arrays]:
    """Return LiteRT's interpreter as a function from arrays to arrays.

    Args:
        path: The file.
    """
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(path)).get_signature_runner(SIGNATURE)
    return lambda arrays: run(**arrays)


def _layers(model: keras.Model, message: str) -> str:
    """The layers and operations at which the converter says that it failed."""
    errors = [line for line in message.splitlines() if "error: loc(" in line or ": error" in line]
    found = {match.groups() for line in errors for match in _LOCATION.finditer(line)}
    named = sorted(
        {(layer_of(model, place), name) for name, place in found if "PartitionedCall" not in name}
    )
    return ", ".join(f"{layer} ({name})" for layer, name in named) or f"{message.strip():.300}"
