"""One baseline on all targets of a round: what its own process has to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.errors import NumericsError
from hybrid_zoo.pipelines.imbalance import Remedy
from hybrid_zoo.tuning.baselines import Baseline, Config, FittedBaseline
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.ranking import mean_auroc

Logits = np.ndarray


@dataclass(frozen=True, kw_only=True)
class BaselineTask:
    """One baseline on all targets of a round.

    Args:
        baseline: The baseline.
        features: One row per sample.
        labels: Target to `(samples,)` 0 or 1, or class indices; NaN is unknown.
        n_classes: Target to its number of classes; 2 for a binary one.
        folds: Positions to fit and to score.
        seed: Of what is random in the model.
        imbalance: What is done about rare classes: a key of `IMBALANCE`.
    """

    baseline: Baseline
    features: Features
    labels: Mapping[str, np.ndarray]
    n_classes: Mapping[str, int]
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    seed: int
    imbalance: Remedy

    def cross_validate(self, config: Config) -> dict[str, tuple[float, Logits]]:
        """Try one configuration on every target.

        Args:
            config: One of the baseline's configurations.

        Returns:
            Target to the mean AUROC over the folds and the out-of-fold logits, NaN elsewhere.
        """
        return {target: self._cross_validate(target, config) for target in self.labels}

    def fit(self, configs: Mapping[str, Config], rows: np.ndarray) -> dict[str, FittedBaseline]:
        """Fit the chosen configurations.

        Args:
            configs: Target to configuration.
            rows: Positions to fit.

        Returns:
            Target to fitted baseline.
        """
        return {target: self._fit(target, config, rows) for target, config in configs.items()}

    def fit_and_score(
        self, configs: Mapping[str, Config], train: np.ndarray, scored: np.ndarray
    ) -> dict[str, tuple[FittedBaseline, Logits]]:
        """Fit the chosen configurations and predict rows that they did not see.

        Args:
            configs: Target to configuration.
            train: Positions to fit.
            scored: Positions to predict.

        Returns:
            Target to fitted baseline and `(scored, ...)` logits.
        """
        fitted = self.fit(configs, train)
        return {target: (model, self._logits(model, scored)) for target, model in fitted.items()}

    def _cross_validate(self, target: str, config: Config) -> tuple[float, Logits]:
        labels, width = self.labels[target], self.n_classes[target]
        logits = np.full((len(labels),) if width == 2 else (len(labels), width), np.nan)
        scores = []
        for train, scored in self.folds:
            logits[scored] = self._logits(self._fit(target, config, train), scored)
            scores.append(mean_auroc({"": logits[scored]}, {"": labels[scored]}))
        finite = [s for s in scores if np.isfinite(s)]
        return float(np.mean(finite)) if finite else 0.0, logits

    def _fit(self, target: str, config: Config, rows: np.ndarray) -> FittedBaseline:
        return self.baseline.fit(
            self.features.take(rows),
            self.labels[target][rows],
            dict(config),
            seed=self.seed,
            imbalance=self.imbalance,
            n_classes=self.n_classes[target],
        )

    def _logits(self, fitted: FittedBaseline, rows: np.ndarray) -> Logits:
        logits = fitted.logits(self.features.take(rows))
        if not np.isfinite(logits).all():
            raise NumericsError("predicted a score that is not a finite number")
        return logits
