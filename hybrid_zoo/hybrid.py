"""Compose encoders of any modalities and a fusion into one model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import keras

from hybrid_zoo import fusions, images, notes, sequences, tabular
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.heads import SumOfExperts, logit_head, probability_head
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.bag import FillAbsentImages, PoolBag
from hybrid_zoo.layers.presence import Presence
from hybrid_zoo.losses import KnownLabelAccuracy, KnownLabelAUC, KnownLabelLoss
from hybrid_zoo.model import LOGIT, OF, HybridModel
from hybrid_zoo.registries import ENCODERS, FUSIONS
from hybrid_zoo.registry import nearest

Encoder: TypeAlias = "str | keras.Model"

COMPONENTS = (fusions, images, notes, sequences, tabular)
"""The folders whose import fills the registries."""


@dataclass(frozen=True, kw_only=True)
class HybridOptions:
    """What few need to change.

    Args:
        auxiliary: Weight of the single-modality losses, whose logits add up with the fused one;
            0 leaves the fused features alone.
        bag: Pooling over a sample's images: "mean" or "max".
        learning_rate: Of Adam.
        clipnorm: Largest norm of a gradient; one odd batch must not throw the weights away.
        class_weight: Target to the weight of each class; all 1 where not given.
        metrics: Track AUROC (multiclass: accuracy) in `fit`; costs a little time per step.
    """

    auxiliary: float = 1.0
    bag: str = "mean"
    learning_rate: float = 1e-3
    clipnorm: float = 1.0
    class_weight: Mapping[str, Sequence[float]] | None = None
    metrics: bool = True


def build_hybrid(
    spec: InputSpec,
    *,
    targets: Sequence[str] | Mapping[str, int],
    image: Encoder = "paper_cnn",
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
        image: Encoder of every image modality: a name, or a model from
            `(batch, height, width, channels)` raw pixels to `(batch, features)`.
        sequence: Encoder of every sequence, from `(batch, steps, variables)`.
        tabular: Encoder of every table, from `(batch, columns)`.
        tokens: Encoder of every note, from `(batch, length)`.
        encoders: Modality name to encoder, where two of one kind should differ.
        fusion: A name, or a function of features and presence as the fusions return.
        units: Width of encoders given by name and of the fusion; at least 1.
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
    options = options or HybridOptions()
    classes = _classes(targets)
    _check_knobs(spec, units, dropout, l2)
    by_kind = {"image": image, "sequence": sequence, "tabular": tabular, "tokens": tokens}
    knobs = {"units": units, "dropout": dropout, "l2": l2}
    chosen = _choose(spec, by_kind, encoders or {})
    inputs = {m.name: keras.Input(m.shape, name=m.name, dtype=m.dtype) for m in spec}
    features, presence = {}, {}
    for modality in spec.encoded:
        encoder = _encoder(chosen[modality.name], modality, spec, knobs)
        presence[modality.name] = Presence(name=f"{modality.name}_presence")(inputs[modality.name])
        encoded = _encode(encoder, modality, spec, inputs, options.bag)
        features[modality.name] = keras.layers.Multiply(name=f"{modality.name}_features")(
            [encoded, presence[modality.name]]
        )
    fuse = FUSIONS[fusion](**knobs) if isinstance(fusion, str) else fusion
    experts = features if options.auxiliary and len(features) > 1 else {}
    outputs = _heads(classes, fuse(features, presence), experts, presence)
    model = HybridModel(inputs, outputs, name="hybrid")
    model.auxiliary = options.auxiliary
    _compile(model, classes, options)
    return model


def _classes(targets: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """Target to the width of its head: 1 for a binary target."""
    if isinstance(targets, str):
        raise ConfigError(f"build_hybrid: targets is a list of names, got {targets!r} itself.")
    named = dict(targets) if isinstance(targets, Mapping) else dict.fromkeys(targets, 1)
    if not named:
        raise ConfigError("build_hybrid got no target; pass targets=['name'].")
    return {name: 1 if count <= 2 else count for name, count in named.items()}


def _check_knobs(spec: InputSpec, units: int, dropout: float, l2: float) -> None:
    if not spec.encoded:
        raise ConfigError("build_hybrid: the spec has no modality to encode.")
    for name, value, fine in (
        ("units", units, units >= 1),
        ("dropout", dropout, 0 <= dropout < 1),
        ("l2", l2, l2 >= 0),
    ):
        if not fine:
            expected = {"units": "at least 1", "dropout": "0 to below 1", "l2": "at least 0"}[name]
            raise ConfigError(f"build_hybrid: {name}={value} is impossible; expected {expected}.")


def _choose(
    spec: InputSpec, by_kind: Mapping[str, Encoder], by_name: Mapping[str, Encoder]
) -> dict[str, Encoder]:
    for name in by_name:
        if name not in spec:
            raise ConfigError(
                f"build_hybrid: encoders names {name!r}, which the spec lacks."
                f"{nearest(name, spec.names)} It has: {list(spec.names)}."
            )
    for modality in spec.encoded:
        if modality.kind not in by_kind:
            raise ConfigError(f"build_hybrid: no encoder yet for modality {modality.name!r}.")
    return {m.name: by_name.get(m.name, by_kind[m.kind]) for m in spec.encoded}


def _encoder(chosen: Encoder, modality: Modality, spec: InputSpec, knobs: dict) -> keras.Model:
    if not isinstance(chosen, str):
        return chosen
    extra = {"time": True} if spec.time_of(modality) else {}
    return ENCODERS[modality.kind][chosen](
        modality, name=f"{modality.name}_{chosen}", **knobs, **extra
    )


def _encode(encoder, modality: Modality, spec: InputSpec, inputs: dict, bag: str):
    """Apply an encoder to its modality's raw input."""
    x = inputs[modality.name]
    if modality.kind == "image":
        images, real = FillAbsentImages(name=f"{modality.name}_bag")(x)
        return PoolBag(bag, name=f"{modality.name}_pool")(encoder(images), real)
    time = spec.time_of(modality)
    if time and len(encoder.inputs) == 2:
        return encoder([x, inputs[time.name]])
    return encoder(x)


def _heads(classes: dict[str, int], fused, features: dict, presence: dict) -> dict:
    outputs: dict[str, keras.KerasTensor] = {}
    for target, width in classes.items():
        logit = target + LOGIT
        own = {name: logit_head(x, width, logit + OF + name) for name, x in features.items()}
        outputs |= {logit + OF + name: x for name, x in own.items()}
        outputs[logit] = logit_head(fused, width, f"{target}_fused" if own else logit)
        if own:
            there = [presence[name] for name in own]
            outputs[logit] = SumOfExperts(name=logit)(outputs[logit], list(own.values()), there)
        outputs[target] = probability_head(outputs[logit], width, target)
    return outputs


def _compile(model: HybridModel, classes: dict[str, int], options: HybridOptions) -> None:
    weights = options.class_weight or {}
    metrics = {
        t: [KnownLabelAUC(name="auroc") if k == 1 else KnownLabelAccuracy(name="accuracy")]
        for t, k in classes.items()
    }
    model.compile(
        optimizer=keras.optimizers.Adam(options.learning_rate, clipnorm=options.clipnorm),
        loss={t: KnownLabelLoss(k, weights.get(t), name=t) for t, k in classes.items()},
        metrics=metrics if options.metrics else None,
        jit_compile=False,  # three times slower on a CPU, and "auto" may choose it
    )
