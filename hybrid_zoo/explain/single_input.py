"""A fused model seen as a model of one picture, for tools that know no other."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case, make_case, observed
from hybrid_zoo.explain.feature_maps import last_map
from hybrid_zoo.explain.steps import Place, Step, through_experts, walk
from hybrid_zoo.registry import nearest

WHO = "single_input_view"
LAST_MAP = "last_map"
"""Name of the layer that returns the encoder's last map: Grad-CAM's `layer_name`."""


def single_input_view(
    model: keras.Model,
    sample: Mapping[str, Any],
    modality: str = "image",
    *,
    target: str | None = None,
    image: int = 0,
    logits: bool = False,
) -> keras.Model:
    """Return the model of one of a patient's pictures, all else as in this patient.

    The view computes by the model's own layers: it follows when the model is trained. It is meant
    for tools such as tf-explain, not to be saved or trained.

    Args:
        model: As `build_hybrid` returns.
        sample: One patient's inputs in raw units, with or without the batch axis.
        modality: The pictures' name.
        target: Name; the model's first where not given.
        image: Which picture of the patient, from 0.
        logits: Without the softmax, which is the view's last layer.

    Returns:
        A model from `(batch, height, width, channels)` in raw units to `(batch, classes)`
        probabilities, or logits behind the stored calibration. A binary target has two columns,
        no and yes, whose logits are 0 and the model's. Its layer `"last_map"` returns the
        encoder's last map of the picture, where the encoder has convolutions.

    Raises:
        ConfigError: For an unknown name, volumes, or a picture that the patient lacks.
    """
    return view_of(make_case(model, sample, target, None, None), modality, image, logits=logits)


def view_of(
    case: Case,
    modality: str,
    image: int,
    *,
    logits: bool,
    front: keras.layers.Layer | None = None,
) -> keras.Model:
    """Return the view of a patient who has been checked.

    Args:
        case: The patient.
        modality: The pictures' name.
        image: Which picture.
        logits: Without the softmax.
        front: From a picture as the view's user has it, `front.drawn`, to raw units.

    Raises:
        ConfigError: For an unknown name, volumes, or a picture that the patient lacks.
    """
    check_pictures(WHO, case, modality)
    there = present_pictures(case, modality)
    if image not in there:
        raise ConfigError(
            f"{WHO}: this patient has no picture {image} of {modality!r}; present are {there}."
        )
    rest = Rest(case, modality, image)
    shape = case.sample[modality].shape[2:] if front is None else front.drawn.shape
    picture = keras.Input(shape, name="picture")
    raw = picture if front is None else front(picture)
    maps = () if rest.step is None else (LastMap(rest, rest.step)(raw),)
    scores = Scores(rest)(raw, *maps)
    end = scores if logits else keras.layers.Softmax(dtype="float32", name="probability")(scores)
    return keras.Model(picture, end, name=f"{modality}_view")


class Rest:
    """What surrounds a picture: the model, and the patient's other inputs.

    Args:
        case: The patient.
        modality: The pictures' name.
        image: Which picture.
    """

    def __init__(self, case: Case, modality: str, image: int) -> None:
        self.case, self.modality, self.image = case, modality, image
        self.step: Step | None = last_map(case, modality)
        self.images = case.sample[modality].shape[1]

    def inputs(self, picture: Any) -> dict[str, Any]:
        """Return every input of the model.

        Args:
            picture: `(batch, height, width, channels)`.
        """
        count = ops.shape(picture)[0]
        rows = {name: ops.repeat(x, count, axis=0) for name, x in self.case.sample.items()}
        rows[self.modality] = self.replace(rows[self.modality], picture)
        return rows

    def replace(self, bag: Any, one: Any) -> Any:
        """Put one image's array in its place among those of all.

        Args:
            bag: `(batch, images, ...)`.
            one: `(batch, ...)`.
        """
        one = ops.expand_dims(ops.cast(one, bag.dtype), 1)
        return ops.concatenate([bag[:, : self.image], one, bag[:, self.image + 1 :]], axis=1)

    def bag(self, maps: Any) -> Any:
        """Return an encoder's maps sorted by patient.

        Args:
            maps: `(batch * images, ...)`.
        """
        return ops.reshape(maps, (-1, self.images, *maps.shape[1:]))

    def is_last_map(self, place: Place) -> bool:
        """Say whether the encoder's last map is computed at a place.

        Args:
            place: Of an operation.
        """
        return self.step is not None and place == self.step.place


class LastMap(keras.layers.Layer):
    """The encoder's last map of the picture.

    Args:
        rest: What surrounds the picture.
        step: The operation that computes the map.
    """

    def __init__(self, rest: Rest, step: Step) -> None:
        super().__init__(name=LAST_MAP, dtype="float32")
        self._rest, self._step = rest, step

    def call(self, picture):
        """Return `(batch, height, width, channels)`.

        Args:
            picture: `(batch, height, width, channels)`.
        """
        kept = []

        def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
            if self._rest.is_last_map(place):
                kept.append(self._rest.bag(output)[:, self._rest.image])
            return output

        walk(self._rest.case.opened.scores, self._rest.inputs(picture), after)
        return ops.cast(kept[0], "float32")

    def compute_output_spec(self, picture):
        """Return the symbolic output."""
        (x,) = self._step.node.outputs
        return keras.KerasTensor((picture.shape[0], *x.shape[1:]), "float32")


class Scores(keras.layers.Layer):
    """The model's logits, computed from the encoder's last map on.

    Gradients also flow through the modalities' own logits, as in our own methods.

    Args:
        rest: What surrounds the picture.
    """

    def __init__(self, rest: Rest) -> None:
        super().__init__(name="scores", dtype="float32")
        self._rest = rest
        self.model = rest.case.opened.scores  # so that Keras knows the view's weights

    def call(self, picture, maps=None):
        """Return `(batch, classes)`, of a binary target two columns.

        Args:
            picture: `(batch, height, width, channels)`; what is read of it beside the encoder.
            maps: As `LastMap` returns.
        """

        def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
            if self._rest.is_last_map(place):
                bag = self._rest.replace(self._rest.bag(output), maps)
                return ops.reshape(bag, (-1, *output.shape[1:]))
            return through_experts(operation, args, output)

        found = walk(self.model, self._rest.inputs(picture), after)[self._rest.case.target]
        scores = ops.cast(found, "float32")
        if scores.shape[-1] > 1:
            return scores
        return ops.concatenate([ops.zeros_like(scores), scores], axis=-1)

    def compute_output_spec(self, picture, maps=None):
        """Return the symbolic output."""
        case = self._rest.case
        classes = max(case.opened.classes[case.target], 2)
        return keras.KerasTensor((picture.shape[0], classes), "float32")


def check_pictures(who: str, case: Case, modality: str) -> None:
    """Refuse what is no modality of pictures.

    Args:
        who: The function that was called, for the message.
        case: The patient.
        modality: The pictures' name.

    Raises:
        ConfigError: For an unknown name, volumes or columns.
    """
    known = [name for name, x in case.sample.items() if x.ndim == 5]
    if modality not in known:
        raise ConfigError(
            f"{who}: {modality!r} is no modality of pictures.{nearest(modality, known)} "
            f"Expected any of {known}."
        )


def present_pictures(case: Case, modality: str) -> list[int]:
    """Return which pictures of a patient hold anything.

    Args:
        case: The patient.
        modality: The pictures' name.
    """
    seen = observed(case.sample[modality][0])
    return np.flatnonzero(seen.any(axis=(1, 2, 3))).tolist()
