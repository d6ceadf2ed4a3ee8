"""One patient, one target: what every explanation method is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.opened import WHO, Opened, opened
from hybrid_zoo.inputs import InputSpec, time_name
from hybrid_zoo.registry import nearest
from hybrid_zoo.serving.rows import Arrays, complete

MOST_ROWS, MOST_VALUES = 64, 2**24
"""Copies of a patient that go through a model at once, and input values of all of them."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One patient's arrays, and the logit that is to be explained.

    Args:
        opened: The model, prepared.
        sample: Every input of the model, `(1, ...)`; what was not observed is NaN, of tokens 0.
        target: Name.
        label: Position of the class; 0 of a binary target.
        spec: Names and statistics of the columns, or None.
    """

    opened: Opened
    sample: Arrays
    target: str
    label: int
    spec: InputSpec | None = None

    @property
    def present(self) -> list[str]:
        """The modalities of which anything was observed."""
        return [name for name in self.opened.modalities if observed(self.sample[name]).any()]

    @property
    def absent(self) -> tuple[str, ...]:
        """The modalities of which nothing was observed."""
        return tuple(name for name in self.opened.modalities if name not in self.present)

    @property
    def rows(self) -> int:
        """How many copies may go through the model at once: of large volumes few."""
        return max(min(MOST_ROWS, MOST_VALUES // sum(x.size for x in self.sample.values())), 1)

    def score(self, rows: Arrays) -> np.ndarray:
        """Return the logit of some patients.

        Args:
            rows: Every input, `(rows, ...)`.

        Returns:
            `(rows,)` float64.
        """
        return self.scores(rows)[self.target][:, self.label]

    def scores(self, rows: Arrays) -> Arrays:
        """Return the logits of every target.

        Args:
            rows: Every input, `(rows, ...)`.

        Returns:
            Target to `(rows, classes)` float64.
        """
        count = len(next(iter(rows.values())))
        parts = [
            self.opened.predict({name: x[k : k + self.rows] for name, x in rows.items()})
            for k in range(0, count, self.rows)
        ]
        return {t: np.concatenate([p[t] for p in parts]).astype("float64") for t in parts[0]}

    def copies(self, count: int) -> Arrays:
        """Return the patient so many times, to be changed.

        Args:
            count: Number of rows.
        """
        return {name: np.repeat(x, count, axis=0) for name, x in self.sample.items()}

    def without(self, rows: Arrays, row: int, modality: str) -> None:
        """Take a modality away from a row, and with a series its hours.

        Args:
            rows: As `copies` returns.
            row: Which of them.
            modality: Its name.
        """
        for name in {modality, time_name(modality)} & set(rows):
            rows[name][row] = nothing(rows[name])

    def has_channels(self, result: str, values: np.ndarray) -> bool:
        """Tell whether an array of an explanation speaks of single channels of pixels.

        Args:
            result: Name of the array, such as "image" or "image/whole".
            values: The array.
        """
        shape = self.sample[result.partition("/")[0]].shape[1:]
        return len(shape) > 2 and np.shape(values) == shape

    def columns(self, modality: str) -> tuple[str, ...]:
        """Return the names of a modality's columns: numbers where there is no spec.

        Args:
            modality: Its name.
        """
        if self.spec is not None and modality in self.spec and self.spec[modality].columns:
            return self.spec[modality].columns
        return tuple(map(str, range(self.opened.expected[modality].shape[-1] or 0)))


def observed(x: np.ndarray) -> np.ndarray:
    """Return where something was observed: finite, of tokens not 0.

    Args:
        x: One input's array.
    """
    return x != 0 if x.dtype.kind in "iu" else np.isfinite(x)


def nothing(x: np.ndarray) -> float:
    """Return what stands for not observed: NaN, of tokens 0.

    Args:
        x: One input's array.
    """
    return 0 if x.dtype.kind in "iu" else np.nan


def make_case(
    model: keras.Model,
    sample: Mapping[str, Any],
    target: str | None,
    label: int | None,
    spec: InputSpec | None,
) -> Case:
    """Check what a user gives and make a case of it.

    Args:
        model: As `build_hybrid` returns.
        sample: One patient's arrays.
        target: Name; the first where not given.
        label: Position of a class; the likeliest where not given.
        spec: The model's, for the names of columns.

    Raises:
        ConfigError: For more than one patient, or an unknown name, target or class.
    """
    known = opened(model)
    arrays, _ = complete(WHO, known.expected, sample)
    rows = len(next(iter(arrays.values())))
    if rows != 1:
        raise ConfigError(
            f"explain got {rows} patients; expected one, (1, ...) or without the batch axis. "
            "Call it once per patient: {name: x[k] for name, x in arrays.items()}."
        )
    clean = {k: np.where(observed(x), x, nothing(x)).astype(x.dtype) for k, x in arrays.items()}
    target = _target(known, target)
    case = Case(opened=known, sample=clean, target=target, label=label or 0, spec=spec)
    classes = known.classes[target]
    if label is None and classes > 1:
        return Case(**vars(case) | {"label": int(np.argmax(case.scores(clean)[target][0]))})
    if label is not None and not 0 <= label < classes:
        raise ConfigError(
            f"explain: label={label} is no class of {target!r}; expected 0 to {classes - 1}."
        )
    return case


def _target(known: Opened, target: str | None) -> str:
    targets = list(known.classes)
    if target is None:
        return targets[0]
    if target not in targets:
        raise ConfigError(
            f"explain: unknown target {target!r}.{nearest(target, targets)} Known: {targets}."
        )
    return target
