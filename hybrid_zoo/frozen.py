"""Train on the features of a frozen encoder, which never change, in place of its images."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from hybrid_zoo.model import HybridModel


@dataclass(frozen=True)
class Cut:
    """A model without its frozen parts.

    Args:
        model: Compiled like the whole one, of the same layers and optimiser: what it learns, the
            whole model has learned. It takes `(batch, images, features)` for each modality below.
        frozen: Modality to the model from one raw image to its features.
    """

    model: HybridModel
    frozen: Mapping[str, keras.Model]


def cut_frozen(model: HybridModel) -> Cut | None:
    """Cut a hybrid where its frozen image encoders end.

    Args:
        model: From `build_hybrid`, compiled.

    Returns:
        The cut; None without a frozen encoder of images or volumes, or where images are augmented.

    Source:
        Own design: the features of a frozen encoder are constants of an image, so that computing
        them in every epoch of every fold of every trial is waste.
    """
    parts = _frozen_parts(model)
    if not parts:
        return None
    heads = {id(encoder): head for encoder, _, head in parts.values()}
    shapes = {name: (None, *frozen.output.shape[1:]) for name, (_, frozen, _) in parts.items()}
    short = keras.models.clone_model(
        model,
        input_tensors={
            name: keras.Input(shapes.get(name, x.shape[1:]), name=name, dtype=x.dtype)
            for name, x in model.input.items()
        },
        clone_function=lambda layer: heads.get(id(layer), layer),
    )
    short.compile(optimizer=model.optimizer, loss=model.loss)
    short.auxiliary, short.averaging = model.auxiliary, model.averaging
    return Cut(short, {name: frozen for name, (_, frozen, _) in parts.items()})


def _frozen_parts(
    model: HybridModel,
) -> dict[str, tuple[keras.Model, keras.Model, keras.Model]]:
    """Modality to its encoder, and that encoder's frozen part and head."""
    found = {}
    for name in model.input:
        encoder = _image_encoder(model, name)
        split = split_frozen(encoder) if encoder is not None else None
        if encoder is not None and split is not None:
            found[name] = (encoder, *split)
    return found


def split_frozen(encoder: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Split an encoder behind the nested model that does not train.

    Args:
        encoder: From one image to its features.

    Returns:
        From an image to frozen features, and from these on, of the same layers; None if no nested
        model is frozen, or if it differs in training, as by dropout.
    """
    backbone = frozen_model(encoder)
    if backbone is None:
        return None
    features = backbone._inbound_nodes[-1].output_tensors[0]
    frozen = keras.Model(encoder.input, features, name=f"{encoder.name}_frozen")
    if not _is_constant(frozen):
        return None
    return frozen, keras.Model(features, encoder.output, name=encoder.name)


def frozen_model(encoder: keras.Model) -> keras.Model | None:
    """Return the nested model of an encoder that has weights, none of which trains; or None.

    Args:
        encoder: From one image to its features; also one of `hollow_backbones`.
    """
    nested = [layer for layer in encoder.layers if isinstance(layer, keras.Model)]
    frozen = [x for x in nested if not x.trainable_weights and (x.weights or not x.trainable)]
    return frozen[0] if frozen else None


def _image_encoder(model: HybridModel, name: str) -> keras.Model | None:
    """Return the encoder that reads the images of a modality as they are."""
    for layer in model.layers:
        if layer.name == f"{name}_bag":
            readers = [node.operation for node in layer._outbound_nodes]
            return next((reader for reader in readers if isinstance(reader, keras.Model)), None)
    return None


def _is_constant(frozen: keras.Model) -> bool:
    shape = [side or 32 for side in frozen.input.shape[1:]]
    images = keras.random.uniform((2, *shape), 0, 255, seed=0)
    quiet, trained = (ops.convert_to_numpy(frozen(images, training=t)) for t in (False, True))
    return bool(np.allclose(quiet, trained, rtol=1e-5, atol=1e-6))
