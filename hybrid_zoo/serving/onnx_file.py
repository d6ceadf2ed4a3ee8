"""An ONNX file, for ONNX Runtime on a machine without TensorFlow."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hybrid_zoo.errors import ExportError
from hybrid_zoo.serving.graph import layer_of, portable
from hybrid_zoo.serving.rows import Arrays

OPSET = 18


def write(model: keras.Model, path: Path) -> None:
    """Convert a model and write it to one file.

    Args:
        model: From a dict of inputs to a dict of outputs.
        path: Ends in `.onnx`.

    Raises:
        ExportError: If a layer has no form in ONNX; it names them.
    """
    import tf2onnx

    call = portable(model)
    with _quiet():
        try:
            proto, _ = tf2onnx.convert.from_function(
                call, call.input_signature, opset=OPSET, custom_op_handlers=HANDLERS
            )
        except Exception as error:  # whatever the converter raises, the model is the reason
            raise ExportError(
                f"export: tf2onnx cannot convert {model.name!r} "
                f"({type(error).__name__}: {str(error).strip():.300}). Try another encoder."
            ) from error
    lacking = sorted({(layer_of(model, n.name), n.op_type) for n in _unknown(proto.graph)})
    if lacking:
        layers = ", ".join(f"{layer} ({operation})" for layer, operation in lacking)
        raise ExportError(
            f"export: these layers of {model.name!r} have no form in ONNX: {layers}. None was "
            "written; replace them, or try format='tf_saved_model'."
        )
    path.write_bytes(proto.SerializeToString())


def read(path: Path) -> Callable[[Arrays], Arrays]:
    """Return ONNX Runtime's session as a function from arrays to arrays.

    Args:
        path: The file.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = [x.name for x in session.get_inputs()]
    outputs = [x.name for x in session.get_outputs()]

    def run(arrays: Arrays) -> Arrays:
        found = session.run(outputs, {name: arrays[name] for name in inputs})
        return dict(zip(outputs, found, strict=True))

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """What the converter logs as unsupported is raised below, by layer."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _unknown(graph: Any) -> Iterator[Any]:
    """Yield nodes that are no operation of ONNX, in loops and branches too."""
    import onnx

    for node in graph.node:
        if not node.domain and not onnx.defs.has(node.op_type):
            yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _unknown(attribute.g)


def _where(context, node, name, args) -> None:
    """Write `where` as Where: the converter's `c * x + (1 - c) * y` lets NaN through."""
    node.type = "Where"


def _log1p(context, node, name, args) -> None:
    """Write `log(1 + x)` with the rounding of `1 + x` divided out.

    Source:
        Goldberg 1991, doi:10.1145/103162.103163, theorem 4.
    """
    (x,), (out,) = node.input, node.output
    dtype, shape = context.get_dtype(out), context.get_shape(out)
    context.remove_node(name)
    one = _one(context, name, dtype)

    def made(kind, *inputs, **more):
        return context.make_node(kind, inputs, dtypes=[dtype], shapes=[shape], **more).output[0]

    above = made("Add", x, one)
    step = made("Sub", above, one)
    moved = context.make_node("Cast", [step], attr={"to": BOOL}, dtypes=[BOOL], shapes=[shape])
    ratio = made("Div", x, made("Where", moved.output[0], step, one))
    whole = made("Mul", made("Log", above), ratio)
    made("Where", moved.output[0], whole, x, outputs=[out], name=name)


def _erfc(context, node, name, args) -> None:
    """Write the complement of the error function as `1 - erf(x)`."""
    (x,), (out,) = node.input, node.output
    dtype, shape = context.get_dtype(out), context.get_shape(out)
    context.remove_node(name)
    one = _one(context, name, dtype)
    erf = context.make_node("Erf", [x], dtypes=[dtype], shapes=[shape]).output[0]
    context.make_node("Sub", [one, erf], outputs=[out], dtypes=[dtype], shapes=[shape], name=name)


def _one(context, name, dtype) -> str:
    from tf2onnx import utils

    number = np.array(1, utils.map_onnx_to_numpy_type(dtype))
    return context.make_const(f"{name}/one", number).output[0]


BOOL = 9
"""The number of bool among ONNX's types."""

HANDLERS: dict[str, tuple[Callable, list]] = {
    "SelectV2": (_where, []),
    "Log1p": (_log1p, []),
    "Erfc": (_erfc, []),
}
"""TensorFlow's operations that the converter lacks, or writes so that NaN spreads."""
