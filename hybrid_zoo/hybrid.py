"""Ask for a model that fuses any modalities; Keras is imported when it is built."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import Encoder
from hybrid_zoo.registry import nearest

if TYPE_CHECKING:
    from hybrid_zoo.model import HybridModel


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
) -> "HybridModel":
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
    knobs = {"units": units, "dropout": dropout, "l2": l2}
    check_knobs("build_hybrid", **knobs)
    by_kind = {"image": image, "volume": volume, "sequence": sequence}
    by_kind |= {"tabular": tabular, "tokens": tokens}
    classes, chosen = _classes(targets), _choose(spec, by_kind, encoders or {})
    from hybrid_zoo.assembly import assemble  # TensorFlow takes seconds to import
    from hybrid_zoo.layers.policy import built_under

    options = options or HybridOptions()
    with built_under(options.dtype):
        return assemble(spec, classes, chosen=chosen, fusion=fusion, knobs=knobs, options=options)


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
    return {m.name: by_name.get(m.name, by_kind[m.kind]) for m in spec.encoded}
