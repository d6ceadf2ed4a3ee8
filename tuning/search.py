"""KerasTuner with cross-validation: one trial is one configuration over all folds."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

from hybrid_zoo.errors import NumericsError
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.tuning.cross_validation import CrossValidated, Protocol, cross_validate
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import build_arguments

OBJECTIVE = keras_tuner.Objective("auroc", "max")


class DefaultFirst(keras_tuner.oracles.RandomSearchOracle):
    """Random search whose first trial is the prespecified configuration.

    Source:
        Bergstra & Bengio 2012, JMLR 13:281; the default first, so that no search ends below it by
        bad luck alone.
    """

    def populate_space(self, trial_id: str) -> dict:
        """Return the values of the next trial."""
        if not self.trials:
            values = {p.name: p.default for p in self.hyperparameters.space}
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": values}
        return super().populate_space(trial_id)


class CrossValidatedTuner(keras_tuner.Tuner):
    """Search a network's knobs; every trial is scored by its mean AUROC over the folds.

    Args:
        network: The architecture and its data.
        protocol: Folds, seed and epochs, the same for every trial.
        trials: Number of configurations, at least 1.
        directory: Where KerasTuner keeps its state.
        deadline: `time.monotonic()` after which no further trial starts; None never.

    Source:
        Cross-validation inside KerasTuner's `run_trial`, which has none of its own.
    """

    def __init__(
        self,
        network: Network,
        protocol: Protocol,
        *,
        trials: int,
        directory: Path,
        deadline: float | None = None,
    ) -> None:
        self.network, self.protocol, self.deadline = network, protocol, deadline
        self.results: dict[str, CrossValidated] = {}
        oracle = DefaultFirst(objective=OBJECTIVE, max_trials=trials, seed=protocol.seed)
        super().__init__(
            oracle=oracle,
            hypermodel=self._build,
            directory=str(directory.parent),
            project_name=directory.name,
            overwrite=True,
        )
        oracle.verbose = 0

    def run_trial(self, trial, *args, **kwargs) -> dict[str, float]:
        """Cross-validate one configuration.

        Args:
            trial: KerasTuner's trial.
            args: Unused; the data belong to the network.
            kwargs: Unused.

        Returns:
            Mean and standard deviation of the folds' AUROC.
        """
        try:
            result = cross_validate(
                self.network, self.network.draw(trial.hyperparameters), self.protocol
            )
        except NumericsError as error:
            # One configuration that diverges must not end the search.
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        self.results[trial.trial_id] = result
        if self.deadline and time.monotonic() > self.deadline:
            self.oracle.max_trials = len(self.oracle.trials)
        return {"auroc": float(np.mean(result.scores)), "auroc_sd": float(np.std(result.scores))}

    def best(self) -> tuple[Mapping[str, Any], CrossValidated]:
        """Return the configuration with the best mean AUROC and what it did.

        Raises:
            NumericsError: If every trial failed.
        """
        done = [
            t for t in self.oracle.get_best_trials(len(self.oracle.trials)) if t.score is not None
        ]
        done = [t for t in done if t.trial_id in self.results]
        if not done:
            messages = [t.message for t in self.oracle.trials.values() if t.message]
            first = messages[0].strip().splitlines()[-1] if messages else "no trial was run"
            raise NumericsError(f"All {len(self.oracle.trials)} trials failed; the first: {first}")
        return self.network.draw(done[0].hyperparameters), self.results[done[0].trial_id]

    def _build(self, hp):
        """Build one model, as KerasTuner asks for, to learn the space."""
        rows = self.protocol.folds[0][0]
        return build_hybrid(
            self.network.spec(rows),
            targets=self.network.targets,
            **build_arguments(self.network.draw(hp)),
        )
