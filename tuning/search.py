"""KerasTuner with cross-validation: one trial is one configuration over all folds."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pandas as pd
import tensorflow as tf

from hybrid_zoo import __version__
from hybrid_zoo.errors import ConfigError, NumericsError
from hybrid_zoo.tuning.cross_validation import CrossValidated, Protocol, cross_validate, recall
from hybrid_zoo.tuning.identity import code_fingerprint, fingerprint, space_identity
from hybrid_zoo.tuning.journal import Journal
from hybrid_zoo.tuning.keras_learner import KerasLearner, require_compiled
from hybrid_zoo.tuning.learner import Config, Learner
from hybrid_zoo.tuning.nested import Nested, nested
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.oracles import make_oracle
from hybrid_zoo.tuning.racing import Race
from hybrid_zoo.tuning.search_files import write_search
from hybrid_zoo.tuning.splitting import Splitting, groups_of, labels_of
from hybrid_zoo.tuning.trials import Trials

_EPOCHS = "tuner/epochs"  # how Hyperband limits a trial


class CrossValidatedTuner(keras_tuner.Tuner):
    """Search hyperparameters; every trial is scored by its mean over cross-validation folds.

    Args:
        hypermodel: From `keras_tuner.HyperParameters` to a compiled `keras.Model` of any inputs; or
            a `Learner`, such as `Network`, for `run`.
        objective: Name of the metric that scores a fold, such as "val_auc", or a
            `keras_tuner.Objective` with its direction.
        directory: Where finished folds are kept: the same search goes on from there.
        trials: Number of configurations, at least 1; Hyperband counts its own.
        options: What few need to change.

    Source:
        Cross-validation inside KerasTuner's `run_trial`, which has none of its own; the study's
        rules for what a fit may see.
    """

    def __init__(
        self,
        hypermodel: Callable[[Any], keras.Model] | Learner,
        *,
        objective: str | keras_tuner.Objective,
        directory: str | Path,
        trials: int = 10,
        options: SearchOptions | None = None,
    ) -> None:
        self.options = options or SearchOptions()
        self._hypermodel: Any = hypermodel
        self._folder = Path(directory)
        self.nested: Nested | None = None
        self.untried = 0  # trials that the time budget left out
        self._searched: tuple[Learner, Protocol] | None = None
        self._done: dict[str, CrossValidated] = {}
        self._race: Race | None = None
        self._deadline: float | None = None
        oracle = make_oracle(objective, trials, self.options)
        self._oracle_name = type(oracle).__name__  # a worker's becomes a client of the chief's
        super().__init__(
            oracle=oracle,
            hypermodel=self._declare,
            directory=str(self._folder),
            project_name="oracle",
            # The folds are the state: the seeded oracle draws the same trials again.
            overwrite=not self._is_worker(),
        )

    def search(
        self,
        x: Any = None,
        y: Any = None,
        *,
        groups: Any = None,
        folds: Any = 5,
        outer: Any = None,
    ) -> None:
        """Run the trials over arrays, or go on with those of an earlier search in the directory.

        Args:
            x: What the model takes, axis 0 the samples: an array, or a list or dict of them.
            y: What the loss takes, likewise.
            groups: `(samples,)` patients, who are never on both sides of a fold; None makes every
                sample its own.
            folds: How many, stratified on the labels and grouped; a scikit-learn splitter; or pairs
                of training and scored rows.
            outer: Outer folds, likewise: each gets a search of its own on the others, and scores
                what that chose. Their result is `nested`; for cohorts too small to set a test part
                aside.

        Raises:
            ConfigError: If folds cannot be made, no metric has the objective's name, or the
                directory holds another search.
            NumericsError: If every trial failed; with the first cause.
        """
        learner = KerasLearner(self._hypermodel, x, y, self.options)
        splitting = Splitting(
            labels_of(y), groups_of(groups, y), groups is not None, self.options.seed
        )
        self.run(splitting.protocol(folds), learner)
        if outer is not None:
            self.nested = self._nested(learner, splitting, folds, outer)

    def run(self, protocol: Protocol, learner: Learner | None = None) -> None:
        """Run the trials of a learner, which brings its own data.

        Args:
            protocol: Folds; epochs, seed, objective and journal are the tuner's.
            learner: What is trained; the hypermodel itself if None.

        Raises:
            ConfigError: As `search`.
            NumericsError: As `search`.
        """
        trained: Learner = learner or self._hypermodel
        trained.space = self.oracle.get_space()
        self._searched = trained, self._settled(trained, protocol)
        if self.options.race is not None:
            highest = self.oracle.objective.direction == "max"
            self._race = Race(len(protocol.folds), highest=highest, chance=self.options.race)
        minutes = self.options.minutes
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes
        try:
            super().search()
        except keras_tuner.errors.FatalError as error:
            raise (error.__cause__ or error) from None
        if not self._is_worker():
            self.best()

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Cross-validate one configuration.

        Args:
            trial: KerasTuner's trial.
            args: Unused; the data belong to the learner.
            kwargs: Unused.

        Returns:
            Mean and standard deviation of the folds' objective.
        """
        learner, protocol = self._of(trial)
        try:
            config = learner.draw(trial.hyperparameters)
            result = cross_validate(learner, config, protocol, self._race)
        except ConfigError as error:  # the user's own mistake, and of every trial
            raise keras_tuner.errors.FatalError(str(error)) from error
        except NumericsError as error:
            # One configuration that diverges must not end the search.
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise keras_tuner.errors.FailedTrialError("out of memory") from error
        if self._deadline and time.monotonic() > self._deadline:
            begun = len(self.oracle.trials)
            self.untried = (self.oracle.max_trials or begun) - begun
            self.oracle.max_trials = begun
        self._done[trial.trial_id] = result
        name, scores = self.oracle.objective.name, result.scores
        return {name: self._mean(scores), f"{name}_sd": float(np.std(scores))}

    def best(self) -> tuple[Config, CrossValidated]:
        """Return the configuration with the best mean over all folds, and what it did.

        Raises:
            NumericsError: If every trial failed.
        """
        trials = self._trials()
        if trials.best is None:
            raise NumericsError(f"All {len(trials.pairs)} trials failed; the first: {trials.cause}")
        trial, result = trials.best
        return trials.draw(trial.hyperparameters), result

    def result(self, trial: Any) -> CrossValidated | None:
        """Return what a trial did, whichever process ran it; None if it finished no fold.

        Args:
            trial: One of the oracle's.
        """
        if trial.trial_id in self._done:
            return self._done[trial.trial_id]
        learner, protocol = self._of(trial)
        return recall(learner.draw(trial.hyperparameters), protocol)

    def table(self) -> pd.DataFrame:
        """Return one row per trial: status, mean, spread, the score of each fold, cost, values."""
        return self._trials().table()

    def write_report(self, folder: str | Path) -> Path:
        """Write `trials.csv`, `curves.csv`, `space.yaml`, `summary.json` and `tensorboard/`.

        Args:
            folder: Made if need be. A worker writes nothing into it; its chief does.

        Returns:
            The folder; `hybrid_zoo.studies.search_page.write_search_page` makes a page of it.
        """
        if not self._is_worker():
            write_search(Path(folder), self._trials())
        return Path(folder)

    def refit(self, seed: int | None = None) -> keras.Model:
        """Train the best configuration on all rows of the folds, for their median best epoch.

        Args:
            seed: Of the weights and the batches; the search's own if None.
        """
        config, result = self.best()
        learner, protocol = self._ready()
        rows = np.unique(np.concatenate([rows for part in protocol.folds for rows in part]))
        seed = self.options.seed if seed is None else seed
        return learner.fit(config, rows, epochs=result.median_epochs, seed=seed).model

    def _nested(self, learner: Learner, splitting: Splitting, folds: Any, outer: Any) -> Nested:
        objective, trials = self.oracle.objective, self.oracle.max_trials
        if not isinstance(self.options.oracle, str):
            raise ConfigError("search: nested folds need an oracle each; give it by its name.")

        def choose(number: int, parts: Any) -> tuple[Config, CrossValidated]:
            tuner = CrossValidatedTuner(
                self._hypermodel,
                objective=objective,
                directory=self._folder / f"outer-{number}",
                trials=trials,
                options=self.options,
            )
            tuner.run(replace(protocol, folds=parts), learner)
            return tuner.best()

        protocol = self._settled(learner, splitting.protocol(outer), name="outer")
        return nested(learner, protocol, lambda rows: splitting.protocol(folds, rows).folds, choose)

    def _declare(self, hp: Any) -> None:
        """Register the space, as KerasTuner asks for."""
        if hasattr(self._hypermodel, "declare"):
            self._hypermodel.declare(hp)
        else:
            require_compiled(self._hypermodel(hp))

    def _ready(self) -> tuple[Learner, Protocol]:
        if self._searched is None:
            raise ConfigError("CrossValidatedTuner: call search(...) first.")
        return self._searched

    def _trials(self) -> Trials:
        learner, protocol = self._ready()
        return Trials(
            objective=self.oracle.objective,
            folds=len(protocol.folds),
            space=self.oracle.get_space().space,
            draw=learner.draw,
            pairs=[(trial, self.result(trial)) for trial in self.oracle.trials.values()],
            untried=self.untried,
        )

    def _of(self, trial: Any) -> tuple[Learner, Protocol]:
        """Return the learner, and the protocol with the epochs of a trial."""
        learner, protocol = self._ready()
        epochs = min(protocol.epochs, trial.hyperparameters.values.get(_EPOCHS, protocol.epochs))
        return learner, replace(protocol, epochs=epochs)

    def _mean(self, scores: list[float]) -> float:
        """Return what the oracle learns of a trial; of one that was stopped, what it promised."""
        if self._race is not None:
            if len(scores) < self._race.folds:
                return self._race.expected(scores)
            self._race.finish(scores)
        return float(np.mean(scores))

    def _settled(self, learner: Learner, protocol: Protocol, name: str = "folds") -> Protocol:
        objective = self.oracle.objective
        identity = learner.identity() | {
            "version": [__version__, keras.__version__, tf.__version__, code_fingerprint()],
            "folds": fingerprint([list(part) for part in protocol.folds]),
            "seed": self.options.seed,
            "epochs": self.options.epochs,
            "objective": objective.name,
            "oracle": self._oracle_name,
            "space": space_identity(self.oracle.get_space()),
        }
        journal = Journal(self._folder / name, identity, new=self.options.new)
        return replace(
            protocol,
            epochs=self.options.epochs,
            seed=self.options.seed,
            objective=objective.name,
            journal=journal,
        )
