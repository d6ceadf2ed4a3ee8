"""The honest comparison: models without a network, given the same information and chances."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.imbalance import IMBALANCE, Remedy, oversample
from hybrid_zoo.registry import nearest
from hybrid_zoo.tuning.encoding import varying_columns
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.recipes import RECIPES

Config = dict[str, Any]

# Log-odds of a class that the training rows did not hold, or of a vote without a dissenter.
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted baseline of one target.

    Args:
        name: The baseline's name.
        pipeline: A plain scikit-learn pipeline from the values of `Features` to a class.
        n_classes: Number of classes of the target; 2 for a binary one.
    """

    name: str
    pipeline: Pipeline
    n_classes: int = 2

    def logits(self, x: Features) -> np.ndarray:
        """Score samples, before recalibration.

        Args:
            x: Features with the columns that the pipeline was fitted on.

        Returns:
            `(rows,)` for two classes, the higher the likelier class 1; else `(rows, classes)`.
            Decision values where the model has them, log-odds or log-probabilities elsewhere.
        """
        seen = np.asarray(self.pipeline.classes_, dtype=int)
        floor = np.log(_LEAST_PROBABILITY)
        with _one_thread():
            if hasattr(self.pipeline, "decision_function"):
                raw = self.pipeline.decision_function(x.values)
                columns = np.stack([-raw / 2, raw / 2], axis=1) if raw.ndim == 1 else raw
                floor += columns.min(initial=0)
            else:
                columns = np.log(self.pipeline.predict_proba(x.values).clip(_LEAST_PROBABILITY, 1))
        logits = np.full((len(x), self.n_classes), floor)
        logits[:, seen] = columns
        return logits[:, 1] - logits[:, 0] if self.n_classes == 2 else logits


@dataclass(frozen=True)
class Baseline:
    """A model without a network.

    Args:
        name: As in the report.
        features: What it may see: "same" (the networks' information), "missingness", "shortcuts",
            "score" or "none".
        recipes: Names in `RECIPES` that a search chooses among; the first is the default.
    """

    name: str
    features: str
    recipes: tuple[str, ...]

    def configurations(self, n: int, seed: int) -> list[Config]:
        """Return what a search would try.

        Args:
            n: How many, at least 1; a recipe without options gives one.
            seed: The same seed gives the same configurations.

        Returns:
            The prespecified configuration, then random ones.
        """
        generator = np.random.default_rng(seed)
        found = [{"model": self.recipes[0], **RECIPES[self.recipes[0]].default}]
        if not RECIPES[self.recipes[0]].default:
            return found
        for _ in range(n - 1):
            model = self.recipes[generator.integers(len(self.recipes))]
            found.append({"model": model, **RECIPES[model].draw(generator)})
        return found

    def fit(
        self,
        x: Features,
        y: np.ndarray,
        config: Config,
        *,
        seed: int = 0,
        imbalance: Remedy = "weights",
        n_classes: int = 2,
    ) -> FittedBaseline:
        """Fit everything, imputation and components included, on these rows.

        Args:
            x: Features of the training rows.
            y: `(rows,)` 0 or 1, or class indices; rows of NaN are left out.
            config: One of `configurations`.
            seed: Of what is random in the model.
            imbalance: What is done about rare classes: a key of `IMBALANCE`.
            n_classes: Number of classes of the target.

        Returns:
            The fitted baseline; rows of one class, or features that never vary, give the majority.

        Raises:
            ConfigError: If no label is known.
        """
        known = ~np.isnan(y)
        if not known.any():
            raise ConfigError(f"baseline {self.name!r}: none of the {len(y)} labels is known.")
        rows = oversample(np.flatnonzero(known), {"": y}, imbalance, seed)
        x, labels = x.take(rows), y[rows].astype(int)
        class_weight = "balanced" if IMBALANCE[imbalance].weights else None
        model = config["model"]
        if len(np.unique(labels)) < 2 or not varying_columns(x):
            model = "majority"
        options = {key: value for key, value in config.items() if key != "model"}
        pipeline = RECIPES[model].build(options, x, seed, class_weight)
        # Constant blocks divide zero by zero inside the components, which stay finite; a linear
        # model that stops at its iteration limit is merely a slightly stronger penalty.
        with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            with _one_thread():
                pipeline.fit(x.values, labels)
        if "n_jobs" in pipeline[-1].get_params():
            # Threads would add the votes in the order they finish, and the last digit would vary.
            pipeline[-1].set_params(n_jobs=None)
        return FittedBaseline(self.name, pipeline, n_classes)


BASELINES = {
    baseline.name: baseline
    for baseline in (
        Baseline("logistic_regression", "same", ("logistic",)),
        Baseline("svm", "same", ("svm",)),
        Baseline("random_forest", "same", ("forest",)),
        Baseline("gradient_boosting", "same", ("boosting",)),
        Baseline("missingness", "missingness", ("boosting", "logistic")),
        Baseline("shortcuts", "shortcuts", ("logistic", "boosting")),
        Baseline("majority", "none", ("majority",)),
    )
}


def baseline(name: str) -> Baseline:
    """Return a baseline by name.

    Args:
        name: A key of `BASELINES`, or `score:COLUMN`.

    Raises:
        ConfigError: If there is none of this name.
    """
    if name.startswith("score:") and name != "score:":
        return Baseline(name, "score", ("score",))
    if name not in BASELINES:
        raise ConfigError(
            f"Unknown baseline {name!r}.{nearest(name, BASELINES)} Known: {sorted(BASELINES)} "
            "and score:COLUMN."
        )
    return BASELINES[name]


def _one_thread() -> threadpool_limits:
    """Boosting's OpenMP threads wait by spinning: where the cores are shared, one is faster."""
    return threadpool_limits(1, user_api="openmp")
