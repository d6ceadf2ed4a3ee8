"""One graph of a model for any number of rows, images and steps. The TensorFlow backend's alone."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from hybrid_zoo.layers.lstm import stock_lstm
from hybrid_zoo.serving.rows import Arrays


def traced(model: keras.Model, call: Callable | None = None) -> Any:
    """Return a model as a `tf.function` that is traced once.

    Args:
        model: From a dict of inputs to a dict of outputs.
        call: What to trace in the model's place, of the same inputs.

    Returns:
        A function of the dict of inputs; axes whose length varies are open in its signature.
    """
    signature = {
        name: tf.TensorSpec(x.shape, x.dtype, name=name) for name, x in model.input.items()
    }
    call = call or (lambda inputs: model(inputs, training=False))
    return tf.function(call, input_signature=[signature], autograph=False)


def compiled(model: keras.Model, *, constant: bool = False) -> Callable[[Arrays], Arrays]:
    """Return the traced model from arrays to arrays.

    Args:
        model: From a dict of inputs to a dict of outputs.
        constant: Put today's weights into the graph, where more can be computed beforehand.
    """
    call = traced(model, _with_constants(model) if constant else None)

    def predict(arrays: Arrays) -> Arrays:
        return {name: value.numpy() for name, value in call(arrays).items()}

    return predict


def portable(model: keras.Model, *, constant: bool = False) -> Any:
    """Return the traced model in a form that other runtimes can read.

    All exports are traced here, and without the LSTM's own way, whose kernel others do not have.

    Args:
        model: From a dict of inputs to a dict of outputs.
        constant: Put the weights into the graph, for a runtime without variables.

    Returns:
        As `traced`.
    """
    run = _with_constants(model) if constant else partial(model, training=False)

    def call(inputs):
        with _inlined(), stock_lstm():  # in here, because saving traces it once more
            return run(inputs)

    return traced(model, call)


def layer_of(model: keras.Model, node: str) -> str:
    """Return the layer that an operation of a graph belongs to.

    Args:
        model: The model that was traced.
        node: The operation's name: the layers around it, each perhaps with a number appended.

    Returns:
        Names of layers from the outside in, parted by slashes; the node's name if none is known.
    """
    found, here = [], model
    for part in node.split("/"):
        names = {layer.name: layer for layer in getattr(here, "layers", [])}
        name = re.sub(r"_\d+$", "", part)  # a second call's scope, and any later one's, is numbered
        name = name if name in names else part
        if name in names:
            found.append(name)
            here = names[name]
    return "/".join(found) or node


@contextmanager
def _inlined() -> Iterator[None]:
    """Trace inner functions as part of the graph: Keras compiles some convolutions by XLA alone."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _with_constants(model: keras.Model) -> Callable:
    trainable = [tf.constant(v.numpy()) for v in model.trainable_variables]
    others = [tf.constant(v.numpy()) for v in model.non_trainable_variables]

    def call(inputs):
        return model.stateless_call(trainable, others, inputs, training=False)[0]

    return call
