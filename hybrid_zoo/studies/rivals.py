"""The models without a network: same rows, same folds, same number of configurations."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registry import nearest
from hybrid_zoo.studies.entries import Cost, Entry, spread
from hybrid_zoo.studies.round import Round
from hybrid_zoo.tuning.baseline_task import BaselineTask
from hybrid_zoo.tuning.baselines import BASELINES, Baseline, baseline
from hybrid_zoo.tuning.features import Features, row_features
from hybrid_zoo.tuning.pretrained import pretrained_features
from hybrid_zoo.tuning.shortcuts import missingness_features, score_values, shortcut_features
from hybrid_zoo.tuning.space import Space
from hybrid_zoo.tuning.worker import OutOfTimeError, Worker, WorkerError

log = logging.getLogger("hybrid_zoo")


def choose_baselines(
    scores: Sequence[str], further: Mapping[str, Mapping[str, Sequence[Any]]]
) -> dict[str, Baseline]:
    """Return the baselines of a study.

    Args:
        scores: Columns that hold the cohort's clinical scores.
        further: Import path of a classifier to its search space, which may be empty.

    Returns:
        Name to baseline; a further one is named as it is imported.

    Raises:
        ConfigError: If a further one cannot be used.
    """
    for path in further:
        if "." not in path or path.startswith("score:"):
            has = path in BASELINES or path.startswith("score:")
            raise ConfigError(
                f"Option baselines: {path!r} runs anyway where it applies; name further ones only."
                if has
                else f"Option baselines: {path!r} is no import path.{nearest(path, BASELINES)} "
                "Expected one such as sklearn.naive_bayes.GaussianNB."
            )
    return (
        BASELINES
        | {path: baseline(path, space) for path, space in further.items()}
        | {f"score:{column}": baseline(f"score:{column}") for column in scores}
    )


def gather_features(
    baselines: Mapping[str, Baseline], cohort: Cohort, arrays: CohortArrays, space: Space
) -> dict[str, Features]:
    """Return each baseline's features, computed once; those that do not apply are left out.

    Args:
        baselines: Name to baseline.
        cohort: For its declared shortcuts and scores.
        arrays: The same cohort as arrays.
        space: Of the networks; the baselines see what its pretrained encoders see.

    Returns:
        Baseline name to its features, one row per sample.
    """
    same, learned = row_features(arrays), pretrained_features(arrays, space)
    by_kind: dict[str, Features | None] = {
        "same": same.join(learned) if learned else same,
        "missingness": missingness_features(arrays),
        "shortcuts": shortcut_features(cohort),
    }
    by_kind["none"] = by_kind["missingness"]
    found = {
        name: score_values(cohort, name.removeprefix("score:"))
        if b.features == "score"
        else by_kind[b.features]
        for name, b in baselines.items()
    }
    return {name: x for name, x in found.items() if x is not None}


class Rivals:
    """The baselines of a study, fitted in a process of its own under a time limit each.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        further: As of `choose_baselines`.
        space: As of `gather_features`.

    Attributes:
        names: The baselines that apply.
        worker: The process; to be entered around what follows.
        left_out: Baseline to the reason why it has no result.
        cut_short: Baseline to the reason why not all of its configurations were tried.

    Source:
        The study's rule: every model gets the same folds and number of configurations. Limits are
        our own design, because a kernel method on a large cohort may take days.
    """

    def __init__(
        self,
        cohort: Cohort,
        arrays: CohortArrays,
        further: Mapping[str, Mapping[str, Sequence[Any]]],
        space: Space | None = None,
    ) -> None:
        self._baselines = choose_baselines(cohort.config.scores, further)
        self._features = gather_features(self._baselines, cohort, arrays, space or Space())
        self.names = list(self._features)
        self.worker = Worker(BaselineTask.__module__)
        self.left_out: dict[str, str] = {}
        self.cut_short: dict[str, str] = {}

    def same_information(self, name: str) -> bool:
        """Tell whether a baseline knows what the networks know.

        Args:
            name: Its name.
        """
        return self._baselines[name].features == "same"

    def enter(self, this: Round) -> dict[str, Entry]:
        """Let every baseline that is not yet left out run through a round.

        Args:
            this: The round.

        Returns:
            Name to entry; its artefact is target to scikit-learn pipeline.
        """
        found = {}
        for name in self.names:
            if name not in self.left_out:
                try:
                    found[name] = self._enter(name, this)
                except WorkerError as error:
                    self.left_out[name] = str(error)
                    log.warning("%s is left out: %s", name, error)
            this.on_fit(name)
        return found

    def refit(self, name: str, this: Round, entry: Entry) -> dict[str, Any]:
        """Fit a baseline on all rows with the configurations that a round chose.

        Args:
            name: The baseline.
            this: A round, for its cohort, seed and limit.
            entry: What the baseline handed in there.

        Returns:
            Target to scikit-learn pipeline.

        Raises:
            WorkerError: If it reached its limit or failed.
        """
        budget = self._budget(name, this)
        fitted = budget.call("fit", entry.config, np.arange(len(this.arrays)))
        return {target: model.pipeline for target, model in fitted.items()}

    def _enter(self, name: str, this: Round) -> Entry:
        budget = self._budget(name, this)
        tried = self._search(name, this, budget)
        best = {t: max(tried, key=lambda of: of[1][t][0]) for t in this.arrays.labels}
        config = {target: chosen for target, (chosen, _) in best.items()}
        try:
            final = budget.call("fit_and_score", config, this.train, this.scored)
        except WorkerError as error:
            raise WorkerError(f"{error}, in its final fit") from error
        fits = len(config) * (len(tried) * this.settings.folds + 1)
        samples = len(this.arrays)
        return Entry(
            name=name,
            out_of_fold={target: scores[target][1] for target, (_, scores) in best.items()},
            scored={target: spread(z, this.scored, samples) for target, (_, z) in final.items()},
            cost=Cost(configurations=len(tried), fits=fits, seconds=budget.spent),
            config=config,
            artifact={target: model.pipeline for target, (model, _) in final.items()},
        )

    def _search(self, name: str, this: Round, budget: "_Budget") -> list[tuple[Any, Any]]:
        """Try configurations, each on all targets, while there is time.

        Returns:
            Configurations, at least one, and what `cross_validate` returned of each.
        """
        configs = self._baselines[name].configurations(this.trials, this.settings.seed)
        tried: list[tuple[Any, Any]] = []
        why = "the study's time was over"
        for config in configs:
            if tried and this.late:
                break
            try:
                tried.append((config, budget.call("cross_validate", config, keep=True)))
            except WorkerError as error:
                why = str(error)
                if not tried:
                    raise WorkerError(f"{why}, before one configuration was done") from error
                break
        if len(tried) < len(configs):
            reason = f"{len(tried)} of {len(configs)} configurations, then {why}"
            self.cut_short.setdefault(name, reason)
            log.warning("%s is cut short: %s", name, reason)
        return tried

    def _budget(self, name: str, this: Round) -> "_Budget":
        arrays = this.arrays
        task = BaselineTask(
            baseline=self._baselines[name],
            features=self._features[name],
            labels=arrays.labels,
            n_classes={t: len(arrays.classes.get(t, ())) or 2 for t in arrays.labels},
            folds=this.folds,
            seed=this.settings.seed,
            imbalance=this.settings.imbalance,
        )
        return _Budget(self.worker, task, this.settings.baseline_minutes)


class _Budget:
    """The time that one baseline may take in one round."""

    def __init__(self, worker: Worker, task: BaselineTask, minutes: float) -> None:
        self._worker, self._minutes = worker, minutes
        self.spent = self._slowest = 0.0
        worker.hold(task)

    def call(self, method: str, *arguments: Any, keep: bool = False) -> Any:
        """Call a method of the task in what is left of its time.

        Args:
            method: Its name.
            arguments: Its arguments.
            keep: Keep time for the final fit: as long as the slowest configuration took, which
                with three folds is enough for a fit whose cost grows with the square of its rows,
                and at least a tenth of all.

        Raises:
            WorkerError: If it reached its limit or failed.
        """
        self._worker.wait()
        limit, start = 60 * self._minutes, time.monotonic()
        kept = max(self._slowest, limit / 10) if keep else 0.0
        try:
            answer = self._worker.call(method, *arguments, seconds=limit - self.spent - kept)
        except OutOfTimeError as error:
            raise WorkerError(f"{error} of {self._minutes:g} minutes") from error
        finally:
            took = time.monotonic() - start
            self.spent += took
        self._slowest = max(self._slowest, took)
        return answer
