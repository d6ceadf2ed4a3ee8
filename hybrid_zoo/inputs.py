"""What a model eats: the one object that crosses from pipelines to models."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hybrid_zoo.column_statistics import column_statistics
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registry import nearest

KINDS = ("image", "volume", "sequence", "tabular", "tokens", "genome", "time")
"""A modality's kind is its name up to the first underscore."""

RANKS = {"image": 5, "volume": 6, "sequence": 3, "tabular": 2, "tokens": 2, "genome": 2, "time": 2}


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One input of a model: its shape and what the training rows say about its columns.

    Args:
        name: Key in the input dict; its kind is the part before the first `_`.
        shape: Shape of one sample, None along axes whose length varies: `(None, height, width,
            channels)`, `(None, variables)`, `(columns,)`, `(length,)`.
        columns: Names along the last axis; empty where they have none.
        kinds: Kind of each column: "numeric", "categorical" or "event".
        mean: Per column (per channel for images) mean over the training rows, in raw units, or
            of `log1p(value)` where `skewed`.
        variance: Likewise the variance; 1 where the column is constant.
        skewed: True where a column is non-negative and long-tailed, so that its logarithm is used.
        known: Per categorical column the number of codes and which of them the training rows hold.
        mode: Per categorical column the code that most training rows hold.
    """

    name: str
    shape: tuple[int | None, ...]
    columns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    variance: tuple[float, ...] = ()
    skewed: tuple[bool, ...] = ()
    known: tuple[tuple[bool, ...], ...] = ()
    mode: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """The kind: the name up to its first underscore."""
        return kind_of(self.name)

    @property
    def dtype(self) -> str:
        """The dtype of the input: int32 for tokens, else float32."""
        return "int32" if self.kind == "tokens" else "float32"

    def of_kind(self, kind: str) -> tuple[int, ...]:
        """Return the positions of the columns of one kind.

        Args:
            kind: "numeric", "categorical" or "event".
        """
        return tuple(i for i, k in enumerate(self.kinds) if k == kind)


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """The modalities of a model, in a fixed order.

    Args:
        modalities: The inputs; at least one that is not `time`.
    """

    modalities: tuple[Modality, ...] = field(default_factory=tuple)

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, np.ndarray],
        *,
        categorical: Sequence[int] = (),
        columns: Mapping[str, Sequence[str]] | None = None,
        kinds: Mapping[str, Sequence[str]] | None = None,
        rows: np.ndarray | None = None,
    ) -> "InputSpec":
        """Describe arrays, with the statistics of the training rows.

        Args:
            arrays: Modality name to array, axis 0 the samples, NaN for not observed. What is never
                held as a whole gives its statistics (`moments(rows)`) or its steps without padding
                (`recorded(rows)`).
            categorical: Column positions of `tabular` that hold category codes 0, 1, 2 and so on.
            columns: Names along the last axis, by modality; numbered where not given.
            kinds: Column kinds by modality; "numeric" where not given.
            rows: Training rows (positions or boolean mask); all where not given.

        Returns:
            The spec of those arrays.

        Raises:
            ConfigError: For an unknown modality name, a wrong rank or arrays of unequal length.

        Source:
            Own design, because statistics that travel with the model cannot be lost.
        """
        _check_arrays(arrays)
        columns, part = columns or {}, slice(None) if rows is None else rows
        by_name = _kinds_by_name(arrays, kinds or {}, categorical)
        return cls(
            modalities=tuple(
                _describe(name, _array(values), part, columns.get(name), by_name.get(name))
                for name, values in arrays.items()
            )
        )

    def __iter__(self) -> Iterator[Modality]:
        return iter(self.modalities)

    def __contains__(self, name: object) -> bool:
        return any(m.name == name for m in self)

    def __getitem__(self, name: str) -> Modality:
        for modality in self:
            if modality.name == name:
                return modality
        raise ConfigError(
            f"InputSpec has no modality {name!r}.{nearest(name, self.names)} "
            f"It has: {list(self.names)}."
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All input names, in order."""
        return tuple(m.name for m in self)

    @property
    def encoded(self) -> tuple[Modality, ...]:
        """The modalities that get an encoder: all but `time`, which serves its sequence."""
        return tuple(m for m in self if m.kind != "time")

    def time_of(self, modality: Modality) -> Modality | None:
        """Return the time stamps that belong to a sequence, or None on a regular grid.

        Args:
            modality: A sequence of this spec.
        """
        name = time_name(modality.name)
        return self[name] if modality.kind == "sequence" and name in self else None

    def only(self, names: Sequence[str]) -> "InputSpec":
        """Return the spec of some modalities, each sequence with its time stamps.

        Args:
            names: Names of encoded modalities.
        """
        wanted = [self[name] for name in names]
        times = [time for m in wanted if (time := self.time_of(m))]
        return InputSpec(modalities=tuple(m for m in self if m in wanted or m in times))


def time_name(sequence: str) -> str:
    """Return the name of the hours of a sequence; any other name stays as it is.

    Args:
        sequence: A modality name, such as `sequence_wearable`, whose hours are `time_wearable`.
    """
    return sequence.replace("sequence", "time", 1)


def kind_of(name: str) -> str:
    """Return the kind of a modality: its name up to the first underscore.

    Args:
        name: A modality name, such as `sequence_wearable`.

    Raises:
        ConfigError: If there is no such kind.
    """
    kind = name.partition("_")[0]
    if kind not in KINDS:
        raise ConfigError(
            f"Input {name!r}: a modality's name starts with its kind, got {kind!r}."
            f"{nearest(kind, KINDS)} Kinds: {list(KINDS)}."
        )
    return kind


def as_modality(spec: InputSpec | Modality, kind: str) -> Modality:
    """Return the modality that an encoder of one kind reads.

    Args:
        spec: The modality itself, or a spec that holds exactly one of that kind.
        kind: "image", "sequence", "tabular", "tokens".

    Raises:
        ConfigError: If there is none, several, or the modality is of another kind.
    """
    if isinstance(spec, Modality):
        found = [spec] if spec.kind == kind else []
    else:
        found = [m for m in spec if m.kind == kind]
    if len(found) != 1:
        names = [spec.name] if isinstance(spec, Modality) else list(spec.names)
        raise ConfigError(
            f"An encoder of kind {kind!r} reads exactly one such modality, got {names}. "
            "Pass the modality itself: spec['name']."
        )
    return found[0]


def _check_arrays(arrays: Mapping[str, np.ndarray]) -> None:
    if not arrays:
        raise ConfigError("InputSpec.from_arrays got no array; pass at least one modality.")
    lengths = {}
    for name, values in arrays.items():
        rank, got = RANKS[kind_of(name)], np.ndim(values)
        if got != rank:
            raise ConfigError(
                f"InputSpec.from_arrays: {name!r} needs {rank} axes, the samples first, got {got}."
            )
        lengths[name] = len(values)
    if len(set(lengths.values())) > 1:
        raise ConfigError(
            f"InputSpec.from_arrays: arrays have unequal numbers of samples: {lengths}."
        )


def _kinds_by_name(
    arrays: Mapping[str, np.ndarray],
    kinds: Mapping[str, Sequence[str]],
    categorical: Sequence[int],
) -> dict[str, Sequence[str]]:
    found = dict(kinds)
    if categorical and "tabular" in arrays:
        width = arrays["tabular"].shape[-1]
        found["tabular"] = [
            "categorical" if i in set(categorical) else "numeric" for i in range(width)
        ]
    return found


def _array(values: Any) -> Any:
    return values if hasattr(values, "shape") else np.asarray(values)


def _describe(
    name: str,
    values: Any,
    rows: np.ndarray | slice,
    columns: Sequence[str] | None,
    kinds: Sequence[str] | None,
) -> Modality:
    kind, shape = kind_of(name), _shape(name, values)
    if kind in ("tokens", "time"):
        return Modality(name=name, shape=shape)
    width = values.shape[-1]
    kinds = tuple(kinds or ["numeric"] * width)
    found = column_statistics(values, rows, kinds, logarithm=kind not in ("image", "volume"))
    return Modality(
        name=name,
        shape=shape,
        columns=tuple(columns or map(str, range(width))),
        kinds=kinds,
        mean=found.mean,
        variance=found.variance,
        skewed=found.skewed,
        known=found.known,
        mode=found.mode,
    )


def _shape(name: str, values: np.ndarray) -> tuple[int | None, ...]:
    """Shape of one sample; images, steps and the length of a time axis may vary."""
    free = kind_of(name) in ("image", "volume", "sequence", "time")
    return (None, *values.shape[2:]) if free else values.shape[1:]
