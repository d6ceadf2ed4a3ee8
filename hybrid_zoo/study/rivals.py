"""The models without a network: same rows, same folds, same number of configurations."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.study.entries import Cost, Entry, spread
from hybrid_zoo.study.round import Round
from hybrid_zoo.tuning.baselines import BASELINES, Baseline, FittedBaseline, baseline
from hybrid_zoo.tuning.features import Features, row_features
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.shortcuts import missingness_features, score_values, shortcut_features


def gather_rivals(cohort: Cohort, arrays: CohortArrays) -> dict[str, Features]:
    """Return each baseline's features, computed once; those that do not apply are left out.

    Args:
        cohort: For its declared shortcuts and scores.
        arrays: The same cohort as arrays.

    Returns:
        Baseline name to its features, one row per sample.
    """
    by_kind: dict[str, Features | None] = {
        "same": row_features(arrays),
        "missingness": missingness_features(arrays),
        "shortcuts": shortcut_features(cohort),
    }
    by_kind["none"] = by_kind["missingness"]
    found = {name: by_kind[b.features] for name, b in BASELINES.items()}
    scores: dict[str, Features | None] = {
        f"score:{column}": score_values(cohort, column) for column in cohort.config.scores
    }
    return {name: x for name, x in (found | scores).items() if x is not None}


def enter_rival(name: str, features: Features, this: Round) -> Entry:
    """Choose each target's configuration on the folds, refit it, predict the scored rows.

    Args:
        name: A baseline.
        features: Its features, one row per sample.
        this: The round.

    Returns:
        The entry; its artefact is target to scikit-learn pipeline.

    Source:
        The study's rule: every model gets the same folds and number of configurations.
    """
    entry = Entry(name=name, out_of_fold={}, scored={}, artifact={})
    start = time.perf_counter()
    for target, labels in this.arrays.labels.items():
        width = len(this.arrays.classes.get(target, ())) or 2
        of_target = _Task(baseline(name), features, labels, width, this)
        config, out_of_fold, tried = of_target.choose()
        fitted = of_target.fit(config, this.train)
        scored = fitted.logits(features.take(this.scored))
        entry.out_of_fold[target] = out_of_fold
        entry.scored[target] = spread(scored, this.scored, len(labels))
        entry.config[target] = config
        entry.artifact[target] = fitted.pipeline
        entry.cost += Cost(configurations=tried, fits=tried * this.settings.folds + 1)
    entry.cost.seconds = time.perf_counter() - start
    this.on_fit(name)
    return entry


def refit_rival(name: str, features: Features, this: Round, entry: Entry) -> dict[str, Any]:
    """Fit a baseline on all rows with the configuration that a round chose.

    Args:
        name: A baseline.
        features: Its features, one row per sample.
        this: A round, for its cohort and seed.
        entry: What the baseline handed in there.

    Returns:
        Target to scikit-learn pipeline.
    """
    everyone = np.arange(len(this.arrays))
    return {
        target: _Task(
            baseline(name), features, labels, len(this.arrays.classes.get(target, ())) or 2, this
        )
        .fit(entry.config[target], everyone)
        .pipeline
        for target, labels in this.arrays.labels.items()
    }


class _Task:
    """One baseline on one target."""

    def __init__(
        self, rival: Baseline, x: Features, y: np.ndarray, n_classes: int, this: Round
    ) -> None:
        self.rival, self.x, self.y, self.n_classes, self.this = rival, x, y, n_classes, this

    def fit(self, config: Mapping, rows: np.ndarray) -> FittedBaseline:
        """Fit on some rows."""
        return self.rival.fit(
            self.x.take(rows),
            self.y[rows],
            dict(config),
            seed=self.this.settings.seed,
            imbalance=self.this.settings.imbalance,
            n_classes=self.n_classes,
        )

    def choose(self) -> tuple[Mapping, np.ndarray, int]:
        """Return the best configuration, its out-of-fold logits and how many were tried."""
        best: tuple[Mapping, np.ndarray] = ({}, np.empty(0))
        highest, tried = -np.inf, 0
        for config in self.rival.configurations(self.this.trials, self.this.settings.seed):
            if tried and self.this.late:
                break
            score, logits = self.cross_validate(config)
            tried += 1
            if score > highest:
                best, highest = (config, logits), score
        return *best, tried

    def cross_validate(self, config: Mapping) -> tuple[float, np.ndarray]:
        """Return the mean AUROC over the folds and the out-of-fold logits."""
        shape = (len(self.y),) if self.n_classes == 2 else (len(self.y), self.n_classes)
        logits, scores = np.full(shape, np.nan), []
        for train, scored in self.this.folds:
            logits[scored] = self.fit(config, train).logits(self.x.take(scored))
            scores.append(mean_auroc({"": logits[scored]}, {"": self.y[scored]}))
        finite = [s for s in scores if np.isfinite(s)]
        return float(np.mean(finite)) if finite else 0.0, logits
