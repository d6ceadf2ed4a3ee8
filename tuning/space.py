"""What the search varies: dropout, L2, units, and which encoders and fusion."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.registries import ENCODERS, FUSIONS
from hybrid_zoo.registry import Registry, nearest

Config = dict[str, Any]

PARTS: dict[str, Registry] = ENCODERS | {"fusion": FUSIONS}
"""Part of a model to what it may be."""

DEFAULTS = {name: p.default for name, p in inspect.signature(build_hybrid).parameters.items()}
KNOBS: Config = {name: DEFAULTS[name] for name in ("units", "dropout", "l2")}
"""The prespecified configuration, used where nothing is searched; parts likewise."""

OF_ALL = ("spec", "time", "name", *KNOBS)
"""Arguments of builders that are not theirs to fix."""


@dataclass(frozen=True)
class Space:
    """A search space over knobs and names.

    Args:
        candidates: Part ("image", "volume", "sequence", "tabular", "tokens" or "fusion") to the
            names a search chooses from; the first is the default. Parts that are not given stay
            what they usually are. A mapping from name to options fixes options of the builder, such
            as `{"image": {"mobilenetv3_small": {"weights": "own.weights.h5"}}}`.

    Raises:
        ConfigError: For an unknown part, name or option, or a part without names.
    """

    candidates: Mapping[str, Sequence[str] | Mapping[str, Config]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part, names in self.candidates.items():
            if part not in PARTS:
                raise ConfigError(
                    f"Space: unknown part {part!r}.{nearest(part, PARTS)} Parts: {list(PARTS)}."
                )
            if not names:
                raise ConfigError(f"Space: {part} got no name; known: {sorted(PARTS[part])}.")
            for name in names:
                known = set(inspect.signature(PARTS[part][name]).parameters) - set(OF_ALL)
                for option in set(self._fixed(part, name)) - known:
                    raise ConfigError(
                        f"Space: {name!r} has no option {option!r} to fix.{nearest(option, known)} "
                        f"Known: {sorted(known)}."
                    )

    def default(self, parts: Sequence[str]) -> Config:
        """Return the configuration that is used, or tried first.

        Args:
            parts: The parts that the model has.
        """
        config = dict(KNOBS)
        for part in self._parts(parts):
            name = next(iter(self._names(part)))
            config |= {part: name} | _of(part, self._fixed(part, name))
        return config

    def draw(self, hp: Any, parts: Sequence[str]) -> Config:
        """Declare the space and return one point of it.

        Args:
            hp: `keras_tuner.HyperParameters`.
            parts: The parts that the model has.

        Returns:
            `units`, `dropout`, `l2`, each part's name, and the options of its own small space as
            `part.option`.

        Source:
            The review: the search covers dropout rate, L2 strength and the number of units.
        """
        config = {
            "units": hp.Choice("units", [32, 64, 96], default=KNOBS["units"]),
            "dropout": hp.Float("dropout", 0.1, 0.6, step=0.1, default=KNOBS["dropout"]),
            "l2": hp.Float("l2", 1e-6, 1e-2, sampling="log", default=KNOBS["l2"]),
        }
        for part in self._parts(parts):
            names = list(self._names(part))
            config[part] = hp.Choice(part, names, default=names[0])
            for name in names:
                fixed = self._fixed(part, name)
                with hp.conditional_scope(part, [name]):
                    own = dict(_draw_own(hp, part, name, fixed)) | _of(part, fixed)
                config |= own if name == config[part] else {}
        return config

    def fixed(self, part: str) -> dict[str, Config]:
        """Return the names that a search chooses from, each with its fixed options.

        Args:
            part: Of the model.
        """
        names = self._names(part) if part in PARTS else ()
        return {name: self._fixed(part, name) for name in names}

    def _names(self, part: str) -> Sequence[str] | Mapping[str, Config]:
        return self.candidates.get(part, (DEFAULTS[part],))

    def _fixed(self, part: str, name: str) -> Config:
        names = self._names(part)
        return dict(names[name]) if isinstance(names, Mapping) else {}

    def _parts(self, parts: Sequence[str]) -> list[str]:
        return [part for part in PARTS if part in parts]


def parts_of(modalities: Sequence[str]) -> list[str]:
    """Return the parts of a model over some modalities.

    Args:
        modalities: Their names.
    """
    kinds = {name.partition("_")[0] for name in modalities}
    return [part for part in PARTS if part in kinds or (part == "fusion" and len(modalities) > 1)]


def build_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `build_hybrid` takes for a configuration.

    Args:
        config: A point of a `Space`.
    """
    knobs = {name: config[name] for name in KNOBS if name in config}
    arguments: dict[str, Any] = dict(knobs)
    for part, registry in PARTS.items():
        if part not in config:
            continue
        prefix = f"{part}."
        own = {k.removeprefix(prefix): v for k, v in config.items() if k.startswith(prefix)}
        arguments[part] = partial(registry[config[part]], **own) if own else config[part]
        if own and part == "fusion":
            arguments[part] = arguments[part](**knobs)
    return arguments


def _of(part: str, options: Config) -> Config:
    return {f"{part}.{option}": value for option, value in options.items()}


def _draw_own(hp: Any, part: str, name: str, fixed: Config) -> Iterator[tuple[str, Any]]:
    """Declare what is not fixed of a component's own space, around the builder's own defaults."""
    options = inspect.signature(PARTS[part][name]).parameters
    for option, values in PARTS[part].spaces[name].items():
        if option in fixed:
            continue
        value = hp.Choice(f"{part}.{name}.{option}", list(values), default=options[option].default)
        yield f"{part}.{option}", value
