"""The recurrence of an LSTM for TensorFlow on a CPU; imported under that backend alone."""

import os
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from tensorflow import raw_ops

_ALONE = 1_200_000  # multiplications in a step of the kernel
_FEWEST = 16  # rows
_KERNELS = 2  # side by side, where there are as many cores
_SHARED = 8  # rows: fewer are not worth a second kernel


Saved = dict[str, tf.Tensor]
"""Name to a list of tensors."""

_SAVED = ("i", "cs", "f", "o", "ci", "co")
"""What a gradient needs of every step, by the kernel's names: input gate, cell state, forget gate,
output gate, candidate, tanh of the state. The loop keeps the state before, and what it read."""


class Given(NamedTuple):
    """What a recurrence starts from.

    Args:
        x: `(steps, batch, features)`.
        h: Output before the first step, `(batch, units)`.
        c: Cell state before the first step, `(batch, units)`.
        weights: `(features + units, 4 * units)`, gates in the order i, f, candidate, o.
        bias: `(4 * units,)`.
    """

    x: tf.Tensor
    h: tf.Tensor
    c: tf.Tensor
    weights: tf.Tensor
    bias: tf.Tensor


def is_faster(features: int, units: int) -> bool:
    """Return whether a layer gains here: it is narrow, and Keras has no better kernel on a GPU.

    Args:
        features: Width of a step.
        units: Width of the state.
    """
    return rows_at_once(features, units) >= _FEWEST and not tf.config.list_physical_devices("GPU")


def rows_at_once(features: int, units: int) -> int:
    """Return how many rows the kernel takes without sharing its matrix products among threads.

    Args:
        features: Width of a step.
        units: Width of the state.

    Source:
        Own design, because these products are too small to gain by it: the kernel then takes up to
        1.5 times as long as Keras. On two cores it shared from 1.35 million multiplications per
        step on, and at 128 units from a few rows on.
    """
    return _ALONE // ((features + units) * 4 * units)


def lstm_on_cpu(
    x: tf.Tensor,
    mask: tf.Tensor | None,
    state: tuple[tf.Tensor, tf.Tensor],
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> tf.Tensor:
    """Run an LSTM of Keras's weights.

    Args:
        x: `(batch, steps, features)` float32.
        mask: `(batch, steps)` bool; a step that is False leaves the state and repeats the output.
        state: Output and cell state before the first step, `(batch, units)` each.
        kernel: `(features, 4 * units)`.
        recurrent_kernel: `(units, 4 * units)`.
        bias: `(4 * units,)`.

    Returns:
        The output of every step, `(batch, steps, units)`; zeros as long as no step counted.

    Source:
        Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735. Masks: own design, because
        neither way below knows any.
    """
    if x.shape[2] % 2:  # of odd rows and odd features the kernel warns, in every graph
        x, kernel = tf.pad(x, [(0, 0), (0, 0), (0, 1)]), tf.pad(kernel, [(0, 1), (0, 0)])
    weights, bias = tf.concat([kernel, recurrent_kernel], axis=0), tf.convert_to_tensor(bias)
    x = tf.ensure_shape(x, (state[0].shape[0], None, None))
    if mask is None:
        return _recurrence(x, *state, weights, bias)
    # Steps that count come first; those after them change nothing that is read.
    order = tf.argsort(tf.cast(mask, tf.int32), axis=1, direction="DESCENDING", stable=True)
    h = _recurrence(tf.gather(x, order, batch_dims=1), *state, weights, bias)
    known = tf.pad(h, [(0, 0), (1, 0), (0, 0)])
    return tf.gather(known, tf.cumsum(tf.cast(mask, tf.int32), axis=1), batch_dims=1)


@tf.custom_gradient
def _recurrence(x, h, c, weights, bias):
    """Return the output of every step, `(batch, steps, units)`."""
    given = Given(_turned(x), h, c, weights, bias)
    outputs, saved = _either(given, lambda k: _kernel(given, k), lambda: _loop(given))

    def gradient(of_outputs):
        known = (given, outputs, saved, _turned(of_outputs))
        back = _either(given, lambda k: _kernel_gradient(*known, k), lambda: _loop_gradient(*known))
        return _turned(back[0]), *back[1:]

    return _turned(outputs), gradient


def _turned(x: tf.Tensor) -> tf.Tensor:
    """Exchange batch and steps."""
    return tf.transpose(x, (1, 0, 2))


def _either(given: Given, kernel: Callable, loop: Callable) -> tuple:
    """Run one kernel on very few rows, kernels side by side on few, and on others the loop."""
    count, alone = _kernels(), rows_at_once(given.x.shape[2], given.h.shape[1])
    limits, ways = [alone], [lambda: kernel(1), loop]  # most rows of each way but the last
    if count > 1:
        limits = [_SHARED - 1, count * alone]
        ways.insert(1, lambda: kernel(count))
    rows = given.x.shape[1]
    if rows is not None:
        return ways[sum(rows > limit for limit in limits)]()
    return tf.switch_case(tf.reduce_sum(tf.cast(tf.shape(given.x)[1] > limits, tf.int32)), ways)


def _kernel(given: Given, count: int) -> tuple[tf.Tensor, Saved]:
    """Run all steps of a share of the rows in one operation, and save each result as one whole."""
    made = [raw_ops.BlockLSTMV2(**_arguments(x), cell_clip=0.0) for x in _parts(given, count)]
    saved = {name: _list(len(made)) for name in _SAVED}
    for place, part in enumerate(made):
        saved = {name: _write(saved[name], place, getattr(part, name)) for name in _SAVED}
    return tf.concat([part.h for part in made], axis=1), saved | {"read": _list(0)}


def _kernel_gradient(
    given: Given, outputs: tf.Tensor, saved: Saved, of_outputs: tf.Tensor, count: int
) -> tuple[tf.Tensor, ...]:
    """Run all steps of a share of the rows back in one operation.

    What TensorFlow 2.21 registers as the gradient of the kernel is wrong by more than its own size;
    this operation, called by itself, is right.
    """
    back = []
    rows = _shares(outputs, 1, count), _shares(of_outputs, 1, count)
    for place, (part, h, of_h) in enumerate(zip(_parts(given, count), *rows, strict=True)):
        known = {name: _read(saved[name], place, h.shape) for name in _SAVED}
        known |= {"h": h, "h_grad": of_h, "cs_grad": tf.zeros_like(h)}
        back.append(raw_ops.BlockLSTMGradV2(**_arguments(part), **known))
    return (
        tf.concat([part.x_grad for part in back], axis=1),
        tf.concat([part.h_prev_grad for part in back], axis=0),
        tf.concat([part.cs_prev_grad for part in back], axis=0),
        tf.add_n([part.w_grad for part in back]),
        tf.add_n([part.b_grad for part in back]),
    )


def _kernels() -> int:
    """How many kernels share the rows, which know nothing of each other: each has its own core."""
    return min(_KERNELS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


def _parts(given: Given, count: int) -> list[Given]:
    shares = (_shares(x, axis, count) for x, axis in ((given.x, 1), (given.h, 0), (given.c, 0)))
    return [given._replace(x=x, h=h, c=c) for x, h, c in zip(*shares, strict=True)]


def _shares(x: tf.Tensor, axis: int, count: int) -> list[tf.Tensor]:
    """Split the rows, which are an axis, into one share for each kernel."""
    if count == 1:
        return [x]
    sizes = (tf.shape(x)[axis] + tf.range(count)) // count
    return tf.split(x, sizes, axis=axis, num=count)


def _arguments(given: Given) -> dict:
    none = tf.zeros((given.h.shape[1],))
    peepholes = {"wci": none, "wcf": none, "wco": none, "use_peephole": False}
    starts = {"x": given.x, "h_prev": given.h, "cs_prev": given.c}
    length = tf.shape(given.x, out_type=tf.int64)[0]
    return peepholes | starts | {"w": given.weights, "b": given.bias, "seq_len_max": length}


def _loop(given: Given) -> tuple[tf.Tensor, Saved]:
    """Go through the steps, and save each by itself."""
    count, units = tf.shape(given.x)[0], given.h.shape[1]
    inputs = _split(given.x)

    def step(t, h, c, outputs, saved):
        read = tf.concat([inputs.read(t), h], axis=1)
        gates = tf.nn.bias_add(tf.matmul(read, given.weights), given.bias)
        i, f, ci, o = tf.split(gates, 4, axis=1)
        i, f, ci, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(ci), tf.sigmoid(o)
        before, c = c, f * c + i * ci
        co = tf.tanh(c)
        h = o * co
        made = {"i": i, "cs": before, "f": f, "o": o, "ci": ci, "co": co, "read": read}
        saved = {name: _write(saved[name], t, x) for name, x in made.items()}
        return t + 1, h, c, outputs.write(t, h), saved

    saved = {name: _list(count) for name in (*_SAVED, "read")}
    start = (0, given.h, given.c, _array(count, units), saved)
    *_, outputs, saved = tf.while_loop(lambda t, *_: t < count, step, start)
    return outputs.stack(), saved


def _loop_gradient(
    given: Given, outputs: tf.Tensor, saved: Saved, of_outputs: tf.Tensor
) -> tuple[tf.Tensor, ...]:
    """Go back through the steps.

    Everything stays small enough for a core's cache; one product over all steps is slower.
    """
    width, count = given.x.shape[2], tf.shape(given.x)[0]
    wide = tf.TensorShape((given.h.shape[0], given.weights.shape[0]))
    back, of_outputs = tf.transpose(given.weights), _split(of_outputs)

    def step(t, h, c, inputs, weights, bias):
        i, cs, f, o, ci, co = (_read(saved[name], t, given.h.shape) for name in _SAVED)
        h = h + of_outputs.read(t)
        c = c + raw_ops.TanhGrad(y=co, dy=h * o)
        made = [
            raw_ops.SigmoidGrad(y=i, dy=c * ci),
            raw_ops.SigmoidGrad(y=f, dy=c * cs),
            raw_ops.TanhGrad(y=ci, dy=c * i),
            raw_ops.SigmoidGrad(y=o, dy=h * co),
        ]
        gates = tf.concat(made, axis=1)
        read = tf.matmul(gates, back)
        weights += tf.matmul(_read(saved["read"], t, wide), gates, transpose_a=True)
        inputs = inputs.write(t, read[:, :width])
        return t - 1, read[:, width:], c * f, inputs, weights, bias + tf.reduce_sum(gates, axis=0)

    zeros = map(tf.zeros_like, (given.h, given.h, given.weights, given.bias))
    h, c, weights, bias = zeros
    start = (count - 1, h, c, _array(count, width), weights, bias)
    _, h, c, inputs, weights, bias = tf.while_loop(lambda t, *_: t >= 0, step, start)
    return inputs.stack(), h, c, weights, bias


def _array(size: tf.Tensor, width: int) -> tf.TensorArray:
    """An array of `(batch, width)` each."""
    return tf.TensorArray(tf.float32, size, infer_shape=False, element_shape=(None, width))


def _split(x: tf.Tensor) -> tf.TensorArray:
    """The steps one by one."""
    return _array(tf.shape(x)[0], x.shape[2]).unstack(x)


# Lists by themselves: TensorFlow complains of a TensorArray that no gradient comes to read.
def _list(size: tf.Tensor | int) -> tf.Tensor:
    return raw_ops.TensorListReserve(element_shape=-1, num_elements=size, element_dtype=tf.float32)


def _write(to: tf.Tensor, place: tf.Tensor | int, x: tf.Tensor) -> tf.Tensor:
    return raw_ops.TensorListSetItem(input_handle=to, index=place, item=x)


def _read(of: tf.Tensor, place: tf.Tensor | int, shape: tf.TensorShape) -> tf.Tensor:
    found = raw_ops.TensorListGetItem(
        input_handle=of, index=place, element_shape=-1, element_dtype=tf.float32
    )
    return tf.ensure_shape(found, shape)
