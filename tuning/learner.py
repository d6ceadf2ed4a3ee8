"""What a search trains: anything that fits a configuration on some rows and scores it on others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

Config = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """One finished fit.

    Args:
        model: The trained model; the next fit of the same configuration changes its weights.
        epochs: Best epoch, counted from 1.
        seconds: Wall time.
        history: Keras's: name to its value after each epoch.
    """

    model: keras.Model
    epochs: int
    seconds: float
    history: dict[str, list[float]]


class Learner(Protocol):
    """An architecture with its data. `Network` and `KerasLearner` are two."""

    space: Any
    """`keras_tuner.HyperParameters` of a search, which sets it."""

    def draw(self, hp: Any) -> Config:
        """Return the configuration that a trial's hyperparameters stand for."""

    def fit(
        self, config: Mapping[str, Any], rows: np.ndarray, valid: np.ndarray | None = None, *,
        epochs: int = 50, seed: int = 0,
    ) -> Fitted:  # fmt: skip
        """Train from scratch on some rows; early stopping watches `valid`."""

    def score(
        self, config: Mapping[str, Any], rows: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Return predictions of the last fit by output, and metrics by name."""

    def identity(self) -> Config:
        """Return what tells this learner's data and model from another's, as JSON."""


def copy_state(new: keras.Model, old: keras.Model) -> None:
    """Give a traced model the weights, statistics, dropout state and optimiser of a new one.

    Args:
        new: Just built and compiled; what it has of `hollow_backbones` stays as it is in the other.
        old: Of the same architecture; its graph is used again.
    """
    kept = _kept(new, old)
    destinations = [variable for variable in old.variables if id(variable) not in kept]
    for source, destination in zip(new.variables, destinations, strict=True):
        destination.assign(source)
    if not new.optimizer.built:
        new.optimizer.build(new.trainable_variables)
    for source, destination in zip(new.optimizer.variables, old.optimizer.variables, strict=True):
        destination.assign(source)
    old.stop_training = False


def _kept(new: keras.Model, old: keras.Model) -> set[int]:
    """The variables, by id, of those nested models that the new one has without any."""
    found: set[int] = set()
    for ours, theirs in zip(new.layers, old.layers, strict=True):
        if isinstance(ours, keras.Model):
            hollow = not ours.variables
            found |= set(map(id, theirs.variables)) if hollow else _kept(ours, theirs)
    return found
