"""Compose encoders of any modalities and a fusion into one model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import keras

from hybrid_zoo import bags, fusions, images, notes, sequences, tabular, volumes
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.frozen import frozen_model
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.joining import fuse_modalities, supervise, target_outputs
from hybrid_zoo.layers.augment import AugmentImages
from hybrid_zoo.layers.bag import FillAbsentImages
from hybrid_zoo.layers.impute import impute
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.modalities import MissingToken
from hybrid_zoo.layers.presence import Presence
from hybrid_zoo.losses import KnownLabelAccuracy, KnownLabelAUC, KnownLabelLoss
from hybrid_zoo.model import JIT_COMPILE, HybridModel
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS
from hybrid_zoo.registry import nearest

Encoder: TypeAlias = "str | keras.Model | Callable[..., keras.Model]"

COMPONENTS = (bags, fusions, images, notes, sequences, tabular, volumes)
"""The folders whose import fills the registries."""


def build_hybrid(
    spec: InputSpec,
    *,
    targets: Sequence[str] | Mapping[str, int],
    image: Encoder = "paper_cnn",
    volume: Encoder = "cnn3d",
    sequence: Encoder = "lstm",
    tabular: Encoder = "mlp",
    tokens: Encoder = "hashed_bag",
    encoders: Mapping[str, Encoder] | None = None,
    fusion: str | Callable = "concat",
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    options: HybridOptions | None = None,
) -> HybridModel:
    """Build and compile one model that fuses all modalities of a spec.

    Args:
        spec: What the model eats.
        targets: Names of binary targets, or target to its number of classes (1 or 2: binary).
        image: Encoder of every image modality: a name, a builder, or a model from
            `(batch, height, width, channels)` raw pixels to `(batch, features)`.
        volume: Encoder of every volume, from `(batch, depth, height, width, channels)`.
        sequence: Encoder of every sequence, from `(batch, steps, variables)`.
        tabular: Encoder of every table, from `(batch, columns)`.
        tokens: Encoder of every note, from `(batch, length)`.
        encoders: Modality name to encoder, where two of one kind should differ.
        fusion: A name, or a function of features and presence as the builders of `fusions` return.
        units: Width of encoders given by name or builder and of the fusion; at least 1.
        dropout: Share dropped after each of their dense layers; 0 to below 1.
        l2: Their weight penalty; at least 0.
        options: What few need to change.

    Returns:
        A compiled model from `{modality: array}` to `{target: (batch, 1 or classes)}`
        probabilities. Any sample may lack any of its modalities.

    Raises:
        ConfigError: For an unknown name, an impossible knob, no target or no modality.

    Source:
        The review's hybrid model: CNN and LSTM features concatenated, dense layers with dropout
        and L2, binary cross-entropy, Adam.
    """
    options, classes = options or HybridOptions(), _classes(targets)
    knobs = {"units": units, "dropout": dropout, "l2": l2}
    check_knobs("build_hybrid", **knobs)
    by_kind = {"image": image, "volume": volume, "sequence": sequence}
    by_kind |= {"tabular": tabular, "tokens": tokens}
    chosen = _choose(spec, by_kind, encoders or {})
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


def _classes(targets: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """Target to the width of its head: 1 for a binary target."""
    if isinstance(targets, str):
        raise ConfigError(f"build_hybrid: targets is a list of names, got {targets!r} itself.")
    named = dict(targets) if isinstance(targets, Mapping) else dict.fromkeys(targets, 1)
    if not named:
        raise ConfigError("build_hybrid got no target; pass targets=['name'].")
    return {name: 1 if count <= 2 else count for name, count in named.items()}


def _choose(
    spec: InputSpec, by_kind: Mapping[str, Encoder], by_name: Mapping[str, Encoder]
) -> dict[str, Encoder]:
    if not spec.encoded:
        raise ConfigError("build_hybrid: the spec has no modality to encode.")
    for name in by_name:
        if name not in spec:
            raise ConfigError(
                f"build_hybrid: encoders names {name!r}, which the spec lacks."
                f"{nearest(name, spec.names)} It has: {list(spec.names)}."
            )
    for modality in spec.encoded:
        if modality.kind not in by_kind:
            raise ConfigError(f"build_hybrid: no encoder yet for modality {modality.name!r}.")
    chosen = {m.name: by_name.get(m.name, by_kind[m.kind]) for m in spec.encoded}
    _refuse_one_name_twice(chosen)
    return chosen


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
    metrics = {
        t: [KnownLabelAUC(name="auroc") if k == 1 else KnownLabelAccuracy(name="accuracy")]
        for t, k in classes.items()
    }
    model.compile(
        optimizer=keras.optimizers.Adam(
            options.learning_rate,
            clipnorm=options.clipnorm,
            use_ema=options.averaging > 0,
        ),
        loss={t: KnownLabelLoss(k, weights.get(t), name=t) for t, k in classes.items()},
        metrics=metrics if options.metrics else None,
        jit_compile=JIT_COMPILE,
    )
