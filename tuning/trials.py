"""A finished search as tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.tuning.cross_validation import CrossValidated
from hybrid_zoo.tuning.learner import Config


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The trials of a search, and what each of them did.

    Args:
        objective: KerasTuner's: name and direction.
        folds: How many a trial has.
        space: KerasTuner's parameters, as the search varied them.
        draw: From a trial's hyperparameters to its configuration.
        pairs: KerasTuner's trials in order, each with its result; None if it finished no fold.
        untried: Trials that the time budget left out.
    """

    objective: Any
    folds: int
    space: Sequence[Any]
    draw: Callable[[Any], Config]
    pairs: Sequence[tuple[Any, CrossValidated | None]]
    untried: int = 0

    @property
    def best(self) -> tuple[Any, CrossValidated] | None:
        """The trial with the best mean over all folds, and what it did; None if none is whole."""
        whole = [(t, r) for t, r in self.pairs if r and _status(t, r, self.folds) == "whole"]
        choose = max if self.objective.direction == "max" else min
        return choose(whole, key=lambda pair: pair[0].score) if whole else None

    @property
    def cause(self) -> str:
        """Why the first trial failed that says so."""
        messages = [trial.message for trial, _ in self.pairs if trial.message]
        return messages[0].strip().splitlines()[-1] if messages else "no trial was run"

    def summary(self) -> dict[str, Any]:
        """Return what was chosen and what the search cost, as JSON."""
        results = [result for _, result in self.pairs if result is not None]
        return {
            "objective": self.objective.name,
            "direction": self.objective.direction,
            "folds": self.folds,
            "trials": len(self.pairs),
            "untried": self.untried,
            "fits": sum(len(result.scores) for result in results),
            "seconds": sum(result.seconds for result in results),
            "best": self.best and self._chosen(*self.best),
        }

    def table(self) -> pd.DataFrame:
        """Return one row per trial, in order.

        Returns:
            Index `trial`; `status` ("whole", "stopped" by a race, or "failed"), `mean` and `sd` of
            the folds, the oracle's `score` (of a stopped trial the mean that was expected),
            `fold_1` and so on, best `epochs` in the median, `seconds`, and then one column per
            hyperparameter; one that is called like an earlier column, as `parameter/NAME`.
        """
        rows = [_row(trial, result, self.folds) for trial, result in self.pairs]
        return pd.DataFrame(rows).set_index("trial")

    def curves(self) -> pd.DataFrame:
        """Return the learning curves: one row per trial, fold and epoch, all counted from 1.

        Returns:
            `trial`, `fold`, `epoch`, and a column per name of Keras's history, such as `loss` and
            `val_loss`; no row of a fold that was not finished.
        """
        parts = [
            pd.DataFrame(history).assign(
                trial=trial.trial_id, fold=fold, epoch=lambda part: np.arange(1, len(part) + 1)
            )
            for trial, result in self.pairs
            for fold, history in enumerate(result.histories if result else (), 1)
        ]
        first = ["trial", "fold", "epoch"]
        if not parts:
            return pd.DataFrame(columns=first)
        whole = pd.concat(parts, ignore_index=True)
        return whole[[*first, *whole.columns.difference(first, sort=False)]]

    def parameters(self) -> list[dict[str, Any]]:
        """Return the resolved space: name, kind, values or range, and default of each parameter.

        Returns:
            In the order of the space; `when` says which values of others a parameter depends on.
            A list, because one name may have another range under another condition.
        """
        return [_parameter(parameter) for parameter in self.space]

    def _chosen(self, trial: Any, result: CrossValidated) -> dict[str, Any]:
        return {
            "trial": trial.trial_id,
            "config": self.draw(trial.hyperparameters),
            "mean": float(np.mean(result.scores)),
            "sd": float(np.std(result.scores)),
            "epochs": result.median_epochs,
        }


def values_of(trial: Any, taken: Iterable[str] = ()) -> dict[str, Any]:
    """Return a trial's hyperparameters by name.

    Args:
        trial: KerasTuner's.
        taken: Names that mean something else beside them.
    """
    values, taken = trial.hyperparameters.values, set(taken)
    return {f"parameter/{k}" if k in taken else k: value for k, value in values.items()}


def _parameter(parameter: Any) -> dict[str, Any]:
    about = parameter.get_config()
    conditions = {parent.name: list(parent.values) for parent in parameter.conditions}
    # The default that KerasTuner uses where the user gave none.
    known = {"name": about.pop("name"), "kind": type(parameter).__name__}
    known |= {k: v for k, v in about.items() if k not in ("conditions", "default")}
    return known | {"default": parameter.default} | ({"when": conditions} if conditions else {})


def _row(trial: Any, result: CrossValidated | None, folds: int) -> dict[str, Any]:
    scores = np.full(folds, np.nan)
    done = result.scores if result else []
    scores[: len(done)] = done
    row = {
        "trial": trial.trial_id,
        "status": _status(trial, result, folds),
        "mean": scores.mean(),
        "sd": scores.std(),
        "score": np.nan if trial.score is None else trial.score,
    }
    row |= {f"fold_{number}": score for number, score in enumerate(scores, 1)}
    epochs, seconds = (result.median_epochs, result.seconds) if result else (np.nan, np.nan)
    row |= {"epochs": epochs, "seconds": seconds}
    return row | values_of(trial, taken=row)


def _status(trial: Any, result: CrossValidated | None, folds: int) -> str:
    if trial.status != "COMPLETED":
        return "failed" if trial.status in ("FAILED", "INVALID") else trial.status.lower()
    return "whole" if result and len(result.scores) == folds else "stopped"
