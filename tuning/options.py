"""What few need to change of a search."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import keras_tuner


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What few need to change.

    Args:
        oracle: "random" (the defaults first), "grid", "bayesian" or "hyperband", or a
            `keras_tuner.Oracle` with its own objective, trials and seed.
        epochs: Most epochs of a fit.
        patience: Epochs without a better validation loss before a fit stops.
        batch_size: Of training.
        seed: Of the folds, the oracle, the weights and the batches.
        adapt: Called with a new model and its training rows of `x` before each fit, such as to
            adapt normalisation layers: what is fitted must be fitted inside the fold.
        race: Stop a configuration after a fold that leaves it less than this chance of being the
            best, such as 0.05; None runs every fold.
        reuse: Trace each configuration once, and reset its weights for every further fold; False
            for models with a state that is no weight. Never with `adapt`.
        minutes: No further trial starts after them; None for no limit.
        new: Forget an earlier search in the directory.
    """

    oracle: str | keras_tuner.Oracle = "random"
    epochs: int = 50
    patience: int = 5
    batch_size: int = 32
    seed: int = 0
    adapt: Callable[[keras.Model, Any], object] | None = None
    race: float | None = None
    reuse: bool = True
    minutes: float | None = None
    new: bool = False
