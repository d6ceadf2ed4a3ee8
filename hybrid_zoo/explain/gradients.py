"""Derivatives of a model's logits. The TensorFlow backend's alone."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from hybrid_zoo.explain.opened import Opened
from hybrid_zoo.explain.slopes import Slopes
from hybrid_zoo.explain.steps import Place, Step, through_experts, walk
from hybrid_zoo.layers.standardize import StandardizeImage
from hybrid_zoo.layers.tabular_inputs import OneHotCodes
from hybrid_zoo.serving.rows import Arrays

SITES = (keras.layers.Embedding, OneHotCodes, StandardizeImage)
"""Layers whose input cannot be interpolated, or not gently: the path goes through their output."""


class Gradients:
    """A model's derivatives, each traced once for all targets and numbers of rows.

    Gradients also flow through the modalities' own logits, which training stops them at.

    Args:
        known: The model, prepared.
    """

    def __init__(self, known: Opened) -> None:
        self._known = known
        self.sites: list[Step] = known.layers(SITES)
        self._at = {step.place: k for k, step in enumerate(self.sites)}
        self._traced: dict[Any, Callable] = {}

    def along(self, rows: Arrays, alphas: np.ndarray, target: str, label: int) -> Slopes:
        """Return logits and derivatives on the way from the baseline to the sample.

        Args:
            rows: Every input, `(rows, ...)`, already where it is on the way.
            alphas: `(rows,)`, how far each row is, 0 to 1, for the outputs of `sites`.
            target: Name.
            label: Position of the class.
        """
        found = self._call("along", self._along, rows, alphas, target, label)
        scores, inputs, sites = found
        return Slopes(
            scores.numpy().astype("float64"),
            {name: x.numpy() for name, x in inputs.items()},
            {int(k): x.numpy() for k, x in sites.items()},
        )

    def feature_map(self, step: Step, rows: Arrays, target: str, label: int) -> tuple:
        """Return what an operation computes, and the logit's derivatives by it.

        Args:
            step: The call of the operation.
            rows: Every input, `(1, ...)`.
            target: Name.
            label: Position of the class.

        Returns:
            Two arrays of the shape of the operation's output.
        """

        def call(rows, alphas, chosen):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                kept = []

                def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
                    if place == step.place:
                        tape.watch(output)
                        kept.append(output)
                    return through_experts(operation, args, output)

                scores = _chosen(walk(self._known.scores, rows, after), chosen)
            return kept[0], tape.gradient(scores, kept[0], unconnected_gradients="zero")

        found = self._call(step.place, call, rows, np.ones(1), target, label)
        return tuple(x.numpy() for x in found)

    def _along(self, rows, alphas, chosen):
        floats = {name: x for name, x in rows.items() if x.dtype.is_floating}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(floats)
            blended, changes = {}, {}

            def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
                if place in self._at:
                    key = str(self._at[place])
                    start = _start(operation, output)
                    changes[key] = output - start
                    output = start + _by_row(alphas, changes[key]) * changes[key]
                    tape.watch(output)
                    blended[key] = output
                return through_experts(operation, args, output)

            scores = _chosen(walk(self._known.scores, rows, after), chosen)
        by_input, by_site = tape.gradient(scores, (floats, blended), unconnected_gradients="zero")
        count = tf.shape(scores)[0]
        sites = {k: _told(self.sites[int(k)], by_site[k] * changes[k], count) for k in blended}
        return scores, by_input, sites

    def _call(self, key: Any, function: Callable, rows: Arrays, alphas, target: str, label: int):
        if key not in self._traced:
            self._traced[key] = tf.function(
                function, input_signature=self._signature(), autograph=False
            )
        chosen = {t: np.zeros(k, "float32") for t, k in self._known.classes.items()}
        chosen[target][label] = 1
        return self._traced[key](rows, np.asarray(alphas, "float32"), chosen)

    def _signature(self) -> tuple:
        rows = {n: tf.TensorSpec(x.shape, x.dtype) for n, x in self._known.expected.items()}
        chosen = {t: tf.TensorSpec((k,), "float32") for t, k in self._known.classes.items()}
        return rows, tf.TensorSpec((None,), "float32"), chosen


def _chosen(scores, chosen):
    """`(rows,)`: the logit of one class of one target."""
    return sum(tf.linalg.matvec(tf.cast(scores[t], "float32"), chosen[t]) for t in chosen)


def _start(operation: Any, output: Any) -> Any:
    """Where a path begins: no word, a category not recorded, an even image."""
    if isinstance(operation, OneHotCodes):
        slots = np.zeros(output.shape[-1], "float32")
        slots[-1] = 1
        return ops.zeros_like(output) + slots
    return ops.zeros_like(output)


def _by_row(alphas, x):
    """`alphas`, repeated where a row has several images, with the axes of `x`."""
    each = ops.repeat(alphas, ops.shape(x)[0] // ops.shape(alphas)[0])
    return ops.cast(ops.reshape(each, (-1, *(1,) * (len(x.shape) - 1))), x.dtype)


def _told(step: Step, x, count):
    """`(rows, ...)`: summed over the axis of the embedding, or split into the images of a row."""
    if not isinstance(step.operation, StandardizeImage):
        return ops.sum(x, axis=-1)
    return ops.reshape(ops.where(x == x, x, 0.0), (count, -1, *x.shape[1:]))
