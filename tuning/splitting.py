"""Folds for arrays of any user: from a number, a scikit-learn splitter, or rows."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.folds import Parts, label_pattern, make_folds

_FEW = 20  # distinct values up to which labels are classes


def labels_of(y: Any) -> dict[str, np.ndarray]:
    """Return what of a model's labels can be stratified on.

    Args:
        y: As the loss takes it: an array, or a list or dict of them.

    Returns:
        Name to `(samples,)` class indices, NaN where unknown; one constant column where no part of
        `y` is a class.
    """
    named = y.items() if isinstance(y, Mapping) else enumerate(tf.nest.flatten(y))
    found = {str(name): _classes(np.asarray(values)) for name, values in named}
    known = {name: values for name, values in found.items() if values is not None}
    return known or {"": np.zeros(len(tf.nest.flatten(y)[0]))}


def groups_of(groups: Any, y: Any) -> np.ndarray:
    """Return the patient of every sample.

    Args:
        groups: `(samples,)`, or None: every sample is its own.
        y: The labels, for their number.

    Raises:
        ConfigError: If there are more or fewer groups than labels.
    """
    count = len(tf.nest.flatten(y)[0])
    if groups is None:
        return np.array([f"{k:09d}" for k in range(count)])
    groups = np.asarray(groups).astype(str)
    if len(groups) != count:
        raise ConfigError(f"search: got {len(groups)} groups for {count} samples.")
    return groups


@dataclass(frozen=True)
class Splitting:
    """What folds are made of.

    Args:
        labels: As of `labels_of`.
        groups: As of `groups_of`.
        grouped: Whether the user gave groups, which then may not be torn.
        seed: Of the folds made here.
    """

    labels: Mapping[str, np.ndarray]
    groups: np.ndarray
    grouped: bool
    seed: int

    def protocol(self, folds: Any, rows: np.ndarray | None = None) -> Protocol:
        """Return the folds of some rows.

        Args:
            folds: How many, at least 2; a scikit-learn splitter; or pairs of rows.
            rows: Positions; all where not given.

        Raises:
            ConfigError: If a class has fewer patients than there are folds, a fold scores rows that
                it trains on or tears a group, or scores one class only.
        """
        rows = np.arange(len(self.groups)) if rows is None else rows
        labels = {name: values[rows] for name, values in self.labels.items()}
        parts = self._parts(folds, labels, self.groups[rows])
        return Protocol(
            folds=[(rows[train], rows[scored]) for train, scored in parts],
            labels=self.labels,
            patient_ids=self.groups,
        )

    def _parts(self, folds: Any, labels: Mapping[str, np.ndarray], groups: np.ndarray) -> Parts:
        if isinstance(folds, (int, np.integer)):
            return make_folds(_several(labels), groups, int(folds), self.seed)
        if hasattr(folds, "split"):
            folds = _split(folds, labels, groups if self.grouped else None)
        elif len(groups) < len(self.groups):
            raise ConfigError("search: nested folds need a number or a splitter, got rows.")
        owners = groups if self.grouped else np.arange(len(groups))
        found = [(np.asarray(train), np.asarray(scored)) for train, scored in folds]
        for number, part in enumerate(found, 1):
            _check(number, part, labels, owners)
        return found


def _several(labels: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The labels with more than one class; without any, ones that stratify nothing."""
    found = {name: values for name, values in labels.items() if len(_known(values)) > 1}
    return found or {"": np.resize([0.0, 1.0], len(next(iter(labels.values()))))}


def _split(splitter: Any, labels: Mapping[str, np.ndarray], groups: np.ndarray | None) -> Any:
    count = len(next(iter(labels.values())))
    _, levels = label_pattern(labels, np.arange(count))
    _, pattern = np.unique(levels, axis=0, return_inverse=True)
    try:
        with warnings.catch_warnings():
            # Of splitters that do not look at groups: folds that tear one are refused later.
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            return list(splitter.split(np.zeros(count), pattern.reshape(-1), groups))
    except ValueError as error:
        raise ConfigError(f"search: {type(splitter).__name__} cannot split: {error}") from error


def _check(
    number: int, part: tuple[np.ndarray, np.ndarray], labels: Mapping[str, np.ndarray], groups: Any
) -> None:
    train, scored = part
    torn = np.intersect1d(groups[train], groups[scored])
    if len(torn):
        raise ConfigError(
            f"search: fold {number} trains on {len(torn)} groups that it also scores; expected "
            "each patient on one side. Use a grouped splitter, such as StratifiedGroupKFold."
        )
    for name, values in labels.items():
        if len(_known(values)) > 1 and len(_known(values[scored])) < 2:
            raise ConfigError(
                f"search: fold {number} scores one class of {name!r} only; ask for fewer folds, or "
                "use a stratified splitter."
            )


def _known(values: np.ndarray) -> np.ndarray:
    return np.unique(values[np.isfinite(values)])


def _classes(values: np.ndarray) -> np.ndarray | None:
    """Class indices of one label array; None if it holds no classes."""
    if values.ndim == 2 and values.shape[1] > 1:
        one_hot = ((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all()
        return values.argmax(axis=1).astype(float) if one_hot else None
    flat = values.reshape(len(values), -1)
    if flat.shape[1] != 1:
        return None
    flat = flat[:, 0].astype(float)
    levels = _known(flat)
    if len(levels) > _FEW:
        return None
    return np.where(np.isfinite(flat), np.searchsorted(levels, flat).astype(float), np.nan)
