"""A search as a table."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.tuning.cross_validation import CrossValidated


def table_of(trials: Iterable[tuple[Any, CrossValidated | None]], folds: int) -> pd.DataFrame:
    """Return one row per trial, in order.

    Args:
        trials: KerasTuner's trials, and what each did.
        folds: How many a trial has.

    Returns:
        Index `trial`; `status` ("whole", "stopped" by a race, or "failed"), `mean` and `sd` of the
        folds, the oracle's `score` (of a stopped trial the mean that was expected), `fold_1` and so
        on, best `epochs` in the median, `seconds`, and one column per hyperparameter.
    """
    rows = [_row(trial, result, folds) for trial, result in trials]
    return pd.DataFrame(rows).set_index("trial")


def _row(trial: Any, result: CrossValidated | None, folds: int) -> dict[str, Any]:
    scores = np.full(folds, np.nan)
    done = result.scores if result else []
    scores[: len(done)] = done
    row = {
        "trial": trial.trial_id,
        "status": _status(trial, len(done), folds),
        "mean": scores.mean(),
        "sd": scores.std(),
        "score": np.nan if trial.score is None else trial.score,
    }
    row |= {f"fold_{number}": score for number, score in enumerate(scores, 1)}
    epochs, seconds = (result.median_epochs, result.seconds) if result else (np.nan, np.nan)
    return row | {"epochs": epochs, "seconds": seconds} | dict(trial.hyperparameters.values)


def _status(trial: Any, done: int, folds: int) -> str:
    if trial.status != "COMPLETED":
        return "failed" if trial.status in ("FAILED", "INVALID") else trial.status.lower()
    return "whole" if done == folds else "stopped"
