"""Write a model for another runtime, and keep only what answers there as the model does."""

import importlib
import os
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hybrid_zoo.errors import ConfigError, ExportError
from hybrid_zoo.registry import nearest
from hybrid_zoo.serving.probes import probes
from hybrid_zoo.serving.rows import Arrays, complete, expected_inputs

if TYPE_CHECKING:
    import keras

WHO = "export"


class Format(NamedTuple):
    """How a model is written: module of `write` and `read`, suffix, tolerance, what it needs."""

    module: str
    suffix: str
    tolerance: float
    needs: tuple[str, ...] = ()
    bfloat16: bool = False


FORMATS = {
    "tf_saved_model": Format("hybrid_zoo.serving.saved_model", "", 1e-6, bfloat16=True),
    "onnx": Format("hybrid_zoo.serving.onnx_file", ".onnx", 1e-5, ("tf2onnx", "onnxruntime")),
    "litert": Format("hybrid_zoo.serving.litert_file", ".tflite", 1e-5, ("ai_edge_litert",)),
}
"""The names are those of `keras.Model.export`."""


def export(
    model: "keras.Model",
    filepath: str | Path,
    *,
    format: str = "tf_saved_model",
    rows: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model for another runtime, raw units and NaN included, and compare the two.

    What is written is loaded in its own runtime and asked about made-up patients who lack single
    values, whole modalities or everything, alone and in batches of several lengths. It appears
    under its name only if all answers agree; a file of that name is then replaced.

    Args:
        model: As `build_hybrid` returns, or any Keras model from a dict to a dict.
        filepath: A new folder for "tf_saved_model", else a file that ends in `.onnx` or `.tflite`.
        format: "tf_saved_model", "onnx" or "litert"; the latter two need the extra `export`.
        rows: Patients of your own to compare on as well, as `model.predict` takes them.

    Returns:
        The path. Its inputs and outputs carry the model's names; every input is to be given, NaN
        (of tokens 0) where nothing was observed, each axis at least 1.

    Raises:
        ConfigError: For an unknown format, a wrong path, a package that is missing, another backend
            than TensorFlow, a model whose inputs have no names, or one that computes in bfloat16
            where the runtime does not.
        ExportError: If a layer has no form in that runtime, which is then named, or an answer
            differs by more than 1e-5 (SavedModel 1e-6).

    Source:
        Own design, because converters change what NaN does without a word.
    """
    path, chosen = Path(filepath), _format(format)
    expected = expected_inputs(WHO, model)
    _check_path(path, format, chosen)
    _check_environment(format, chosen)
    _check_precision(model, format, chosen)
    cases = dict(probes(expected))
    if rows is not None:
        cases["the given rows"], _ = complete(WHO, expected, rows)
    target = Path(os.path.realpath(path))
    runtime = importlib.import_module(chosen.module)  # imports TensorFlow
    with tempfile.TemporaryDirectory(prefix=".export-", dir=target.parent) as folder:
        draft = Path(folder) / target.name
        runtime.write(model, draft)
        _compare(model, runtime.read(draft), cases, path.name, chosen)
        os.replace(draft, target)
    return path


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ConfigError(
            f"export: unknown format {name!r}.{nearest(name, FORMATS)} Known: {list(FORMATS)}."
        )
    return FORMATS[name]


def _check_path(path: Path, name: str, chosen: Format) -> None:
    if not path.parent.is_dir():
        raise ConfigError(f"export: there is no folder {path.parent}; create it.")
    if path.suffix != chosen.suffix and chosen.suffix:
        raise ConfigError(
            f"export: {path.name!r} must end in {chosen.suffix!r} for format={name!r}."
        )
    if path.exists() and (path.is_dir() or not chosen.suffix):
        raise ConfigError(f"export: {path} exists. Choose another path, or remove it.")


def _check_environment(name: str, chosen: Format) -> None:
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            f"export runs on the TensorFlow backend, got {keras.backend.backend()!r}. Save the "
            "model, set KERAS_BACKEND=tensorflow, load it and export it there."
        )
    missing = [package for package in chosen.needs if find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"export: format={name!r} needs {', '.join(missing)}, not installed here. "
            "Run: pip install 'hybrid-zoo[export]'"
        )


def _check_precision(model: "keras.Model", name: str, chosen: Format) -> None:
    """Refuse bfloat16 where the converters break off, after minutes and without a reason."""
    half = [x.name for x in model._flatten_layers() if x.compute_dtype == "bfloat16" and x.weights]
    if half and not chosen.bfloat16:
        raise ConfigError(
            f"export: layer {half[-1]!r} computes in bfloat16, unknown to format={name!r}. "
            "Build the same model with HybridOptions(dtype='float32'), set_weights(get_weights()) "
            "of this one there, and export that; or use format='tf_saved_model'."
        )


def _compare(
    model: "keras.Model", run: Any, cases: Mapping[str, Arrays], name: str, chosen: Format
) -> None:
    from hybrid_zoo.serving.graph import compiled

    predict = compiled(model)
    for words, arrays in cases.items():
        wanted = predict(arrays)
        try:
            found = run(arrays)
        except Exception as error:  # whatever the runtime raises, the file is the reason
            raise ExportError(
                f"export: {name} cannot be run on {words} "
                f"({str(error).strip().splitlines()[0]:.200}). None was written; {_instead(chosen)}"
            ) from error
        worst = max(float(np.max(np.abs(found[t] - wanted[t]))) for t in wanted)
        if not worst <= chosen.tolerance:  # NaN too
            raise ExportError(
                f"export: {name} differs from the model by {worst:.1e} on {words}; at most "
                f"{chosen.tolerance:.0e} was expected. None was written; {_instead(chosen)}"
            )


def _instead(chosen: Format) -> str:
    others = [name for name, other in FORMATS.items() if other is not chosen]
    return f"try format={' or '.join(map(repr, others))}."
