"""What every model hands in, whatever it is."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Logits = dict[str, np.ndarray]


@dataclass(kw_only=True)
class Cost:
    """What a model took.

    Args:
        configurations: Configurations that were compared.
        fits: Fits in all.
        seconds: Wall time of the fits.
        n_parameters: Weights of a network; None for others.
        epochs: Epochs of a network's final fit; None for others.
    """

    configurations: int = 1
    fits: int = 0
    seconds: float = 0.0
    n_parameters: int | None = None
    epochs: int | None = None

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            configurations=max(self.configurations, other.configurations),
            fits=self.fits + other.fits,
            seconds=self.seconds + other.seconds,
            n_parameters=self.n_parameters or other.n_parameters,
            epochs=self.epochs or other.epochs,
        )


@dataclass(kw_only=True)
class Entry:
    """One model's predictions in one round: train on some rows, score others.

    Args:
        name: As in `metrics.json`.
        out_of_fold: Target to `(samples,)` or `(samples, classes)` logits of the training rows,
            each predicted by a fit that never saw it; NaN elsewhere.
        scored: Target to such logits of the scored rows, by the final fit; NaN elsewhere.
        other_seeds: `scored` of the further seeds.
        cost: What it took.
        config: The chosen configuration.
        artifact: What is saved: a Keras model, or target to scikit-learn pipeline.
    """

    name: str
    out_of_fold: Logits
    scored: Logits
    other_seeds: list[Logits] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    config: dict[str, Any] = field(default_factory=dict)
    artifact: Any = None


def spread(values: np.ndarray, rows: np.ndarray, samples: int) -> np.ndarray:
    """Put the values of some rows at their places among all samples, NaN elsewhere.

    Args:
        values: `(rows, ...)`.
        rows: Positions.
        samples: Number of samples.

    Returns:
        `(samples, ...)`.
    """
    whole = np.full((samples, *values.shape[1:]), np.nan)
    whole[rows] = values
    return whole
