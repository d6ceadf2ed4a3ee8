"""Who proposes the configurations: KerasTuner's oracles by name."""

from typing import Any

import keras_tuner

from hybrid_zoo.registry import Registry
from hybrid_zoo.tuning.options import SearchOptions

ORACLES = Registry("oracle")
"""Name to a function of objective, trials, epochs and seed."""


class DefaultFirst(keras_tuner.oracles.RandomSearchOracle):
    """Random search whose first trial is the prespecified configuration.

    Source:
        Bergstra & Bengio 2012, JMLR 13:281; the default first, so that no search ends below it by
        bad luck alone.
    """

    def populate_space(self, trial_id: str) -> dict:
        """Return the values of the next trial."""
        if not self.trials:
            space = self.hyperparameters.copy()
            space.values = {p.name: p.default for p in space.space}
            active = {p.name: p.default for p in space.space if space.is_active(p)}
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": active}
        return super().populate_space(trial_id)


def make_oracle(
    objective: str | keras_tuner.Objective, trials: int, options: SearchOptions
) -> keras_tuner.Oracle:
    """Return the oracle that options ask for.

    Args:
        objective: What a trial is scored by.
        trials: Number of configurations.
        options: Name or oracle, epochs and seed.

    Raises:
        ConfigError: For an unknown name.
    """
    oracle = options.oracle
    if isinstance(oracle, str):
        seed = options.seed + 1  # KerasTuner takes 0 for none, and draws one
        oracle = ORACLES[oracle](objective, trials, options.epochs, seed)
    oracle.verbose = 0
    return oracle


@ORACLES.register
def random(objective: Any, trials: int, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Draw at random, the defaults first."""
    return DefaultFirst(objective=objective, max_trials=trials, seed=seed, **_PATIENT)


@ORACLES.register
def grid(objective: Any, trials: int, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Try every combination, up to the number of trials."""
    return keras_tuner.oracles.GridSearchOracle(
        objective=objective, max_trials=trials, seed=seed, **_PATIENT
    )


@ORACLES.register
def bayesian(objective: Any, trials: int, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Fit a Gaussian process to the trials so far, and try where it promises most."""
    return keras_tuner.oracles.BayesianOptimizationOracle(
        objective=objective, max_trials=trials, seed=seed, **_PATIENT
    )


@ORACLES.register
def hyperband(objective: Any, trials: int, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Give many configurations few epochs and the best of them more; it sets the number itself."""
    return keras_tuner.oracles.HyperbandOracle(
        objective=objective, max_epochs=epochs, seed=seed, **_PATIENT
    )


# A failed trial is remembered and the search goes on: `CrossValidatedTuner` raises when all failed.
_PATIENT = {"max_consecutive_failed_trials": 10**6}
