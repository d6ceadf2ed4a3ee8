"""Compose encoders of any modalities and a fusion into one model."""

from collections.abc import Callable, Mapping

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.frozen import frozen_model
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.joining import fuse_modalities, supervise, target_outputs
from hybrid_zoo.layers.augment import AugmentImages
from hybrid_zoo.layers.bag import FillAbsentImages
from hybrid_zoo.layers.impute import impute
from hybrid_zoo.layers.modalities import MissingToken
from hybrid_zoo.layers.presence import Presence
from hybrid_zoo.losses import KnownLabelAccuracy, KnownLabelAUC, KnownLabelLoss
from hybrid_zoo.model import HybridModel
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS, Encoder


def assemble(
    spec: InputSpec,
    classes: dict[str, int],
    *,
    chosen: Mapping[str, Encoder],
    fusion: str | Callable,
    knobs: dict[str, float],
    options: HybridOptions,
) -> HybridModel:
    """Build and compile the model that `build_hybrid` was asked for.

    Args:
        spec: What the model eats.
        classes: Target to the width of its head: 1 for a binary target.
        chosen: Modality name to its encoder.
        fusion: A name, or a function of features and presence.
        knobs: `units`, `dropout` and `l2` of what is given by name or builder.
        options: What few need to change.

    Returns:
        The compiled model.

    Raises:
        ConfigError: For an unknown name, or two encoders of one name.
    """
    _refuse_one_name_twice(chosen)
    inputs = {m.name: keras.Input(m.shape, name=m.name, dtype=m.dtype) for m in spec}
    used, features, presence = {}, {}, {}
    for modality in spec.encoded:
        name = modality.name
        used[name] = _encoder(chosen[name], modality, spec, knobs)
        presence[name] = Presence(name=f"{name}_presence")(inputs[name])
        encoded = _encode(used[name], modality, spec, inputs, options)
        if frozen_model(used[name]) is None:  # what is frozen cannot learn to tell more
            encoded = supervise(encoded, modality, inputs[name], presence[name], options)
        features[name] = MissingToken(name=f"{name}_features")(encoded, presence[name])
    fuse = FUSIONS[fusion](**knobs) if isinstance(fusion, str) else fusion
    fused = fuse_modalities(fuse, features, presence, options)
    outputs = target_outputs(classes, fused, features, presence, options)
    model = HybridModel(inputs, outputs, name="hybrid")
    model.auxiliary, model.averaging = options.auxiliary, options.averaging
    _compile(model, classes, options)
    _warm_start(used, options.warm_start or {})
    return model


def _refuse_one_name_twice(chosen: Mapping[str, Encoder]) -> None:
    """One model may serve two modalities; two models of one name cannot be told apart."""
    models = {id(x): x.name for x in chosen.values() if isinstance(x, keras.Model)}
    names = list(models.values())
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"build_hybrid: two different encoders are named {name!r}. "
                "Give each its own name: images.paper_cnn(spec['image'], name='xray')."
            )


def _encoder(chosen: Encoder, modality: Modality, spec: InputSpec, knobs: dict) -> keras.Model:
    if isinstance(chosen, keras.Model):
        return chosen
    builder = ENCODERS[modality.kind][chosen] if isinstance(chosen, str) else chosen
    extra = {"time": True} if spec.time_of(modality) else {}
    # A partial knows the builder's name through `func`.
    architecture = getattr(getattr(builder, "func", builder), "__name__", "encoder")
    return builder(modality, name=f"{modality.name}_{architecture}", **knobs, **extra)


def _encode(encoder, modality: Modality, spec: InputSpec, inputs: dict, options: HybridOptions):
    """Apply an encoder to its modality's raw input."""
    x = impute(modality, options.imputation, inputs[modality.name])
    if modality.kind in ("image", "volume"):
        images, real = FillAbsentImages(name=f"{modality.name}_bag")(x)
        if options.augment and modality.kind == "image":
            images = AugmentImages(options.augment, name=f"{modality.name}_augment")(images)
        return BAGS[options.bag](name=f"{modality.name}_pool")(encoder(images), real)
    time = spec.time_of(modality)
    if time and len(encoder.inputs) == 2:
        return encoder([x, inputs[time.name]])
    return encoder(x)


def _warm_start(used: Mapping[str, keras.Model], singles: Mapping[str, keras.Model]) -> None:
    """Start encoders from models that were trained on their modality alone."""
    for name, single in singles.items():
        encoder = used.get(name)
        trained = {x.name: x for x in single.layers if isinstance(x, keras.Model)}
        if encoder is None or encoder.name not in trained:
            raise ConfigError(
                f"build_hybrid: warm_start[{name!r}] shares no encoder with this model: it has "
                f"{list(trained)}, expected one of {[x.name for x in used.values()]}. "
                f"Train it by build_hybrid(spec.only([{name!r}]), ...)."
            )
        pairs = zip(encoder.trainable_weights, trained[encoder.name].trainable_weights, strict=True)
        for weight, value in pairs:
            weight.assign(value)


def _compile(model: HybridModel, classes: dict[str, int], options: HybridOptions) -> None:
    weights = options.class_weight or {}
    model.compile(
        optimizer=keras.optimizers.Adam(
            options.learning_rate,
            clipnorm=options.clipnorm,
            use_ema=options.averaging > 0,
        ),
        loss={t: KnownLabelLoss(k, weights.get(t), name=t) for t, k in classes.items()},
        metrics={t: [_metric(k)] for t, k in classes.items()} if options.metrics else None,
    )


def _metric(classes: int) -> keras.metrics.Metric:
    return KnownLabelAUC(name="auroc") if classes == 1 else KnownLabelAccuracy(name="accuracy")
