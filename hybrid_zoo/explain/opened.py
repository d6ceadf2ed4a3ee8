"""A model prepared for explanations: what it is made of, and its functions, traced once."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import numpy as np
from scipy.special import expit, softmax

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.steps import Step, steps
from hybrid_zoo.layers.sequence_inputs import CarryForward
from hybrid_zoo.layers.standardize import Standardize, StandardizeImage
from hybrid_zoo.layers.tabular_inputs import OneHotCodes
from hybrid_zoo.model import HybridModel
from hybrid_zoo.serving.rows import Arrays, Expected, expected_inputs

WHO = "explain"


class Opened:
    """What explanations need to know of a model; `opened` makes one and keeps it.

    Args:
        model: A Functional model from a dict of inputs to a dict of outputs.
    """

    def __init__(self, model: keras.Model) -> None:
        self.expected: dict[str, Expected] = expected_inputs(WHO, model)
        self.scores = _scores(model)
        self._squashed = {t: x is not model.output[t] for t, x in self.scores.output.items()}
        self.steps: list[Step] = steps(self.scores)
        self.classes = {t: x.shape[-1] for t, x in self.scores.output.items()}
        self.modalities = [name for name in self.expected if not name.startswith("time")]

    def layers(self, kind: type | tuple[type, ...], modality: str | None = None) -> list[Step]:
        """Return the calls of layers of a kind.

        Args:
            kind: Class or classes.
            modality: Of this one alone; any where not given.
        """
        return [
            step
            for step in self.steps
            if isinstance(step.operation, kind) and modality in (None, step.modality)
        ]

    def statistics(self, modality: str) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return mean, deviation and where these are of logarithms, as the model standardises.

        Args:
            modality: Name.

        Returns:
            Each `(columns,)`, or None where the model does not standardise the modality.
        """
        found = self.layers(Standardize, modality)
        if not found:
            return None
        layer = found[0].operation
        parts = (layer.center, layer.scale, layer.log)
        center, scale, log = (keras.ops.convert_to_numpy(x).astype("float64") for x in parts)
        return center, scale, log > 0

    def fixed_columns(self, modality: str) -> tuple[int, ...]:
        """Return the columns that hold category codes or events, between which nothing lies.

        Args:
            modality: Name.
        """
        codes = {column_of(step) for step in self.layers(OneHotCodes, modality)}
        events = {e for s in self.layers(CarryForward, modality) for e in s.operation.events}
        return tuple(sorted(codes | events))

    def probability(self, target: str, logits: np.ndarray) -> np.ndarray:
        """Return what the model makes of logits: probabilities, or what it returns without any.

        Args:
            target: Name.
            logits: `(classes,)`.
        """
        if not self._squashed[target]:
            return logits
        return expit(logits) if len(logits) == 1 else softmax(logits)

    def is_standardized_by_itself(self, modality: str) -> bool:
        """Return whether each image is standardised by its own pixels.

        Args:
            modality: Name.
        """
        return bool(self.layers(StandardizeImage, modality))

    @cached_property
    def predict(self) -> Callable[[Arrays], Arrays]:
        """The model from arrays to the scores of every target, traced once."""
        if keras.backend.backend() != "tensorflow":
            return self.scores.predict_on_batch
        from hybrid_zoo.serving.graph import compiled  # imports TensorFlow

        return compiled(self.scores)

    @cached_property
    def gradients(self) -> Any:
        """The model's derivatives, each traced once; for the TensorFlow backend alone."""
        from hybrid_zoo.explain.gradients import Gradients  # imports TensorFlow

        return Gradients(self)


def opened(model: keras.Model) -> Opened:
    """Return a model prepared for explanations; the same one at every call.

    Args:
        model: As `build_hybrid` returns, or any Functional model from a dict to a dict.

    Raises:
        ConfigError: For another model.
    """
    found = model.__dict__.get("_opened") if isinstance(model, keras.Model) else None
    if found is None:
        found = Opened(model)
        object.__setattr__(model, "_opened", found)  # Keras would track it as a part of the model
    return found


def column_of(step: Step) -> int:
    """Return the column that a call of `OneHotCodes` reads.

    Args:
        step: The call.
    """
    origin = step.node.input_tensors[0]._keras_history.operation
    return origin.positions[0]


def _scores(model: keras.Model) -> keras.Model:
    """The model up to its calibrated logits, or to the outputs where it has none."""
    if not hasattr(model, "_nodes_by_depth"):
        raise ConfigError(
            f"explain got {model.name!r}, which is no Functional model; expected one as "
            "build_hybrid returns. Its operations cannot be looked into."
        )
    targets = model.targets if isinstance(model, HybridModel) else list(model.output)
    return keras.Model(model.input, {t: _before_activation(model.output[t]) for t in targets})


def _before_activation(x: keras.KerasTensor) -> keras.KerasTensor:
    """The logit, where the output is nothing but its sigmoid or softmax."""
    layer, node, _ = x._keras_history
    squash = (keras.activations.sigmoid, keras.activations.softmax)
    if isinstance(layer, keras.layers.Activation) and layer.activation in squash:
        return layer._inbound_nodes[node].input_tensors[0]
    return x
