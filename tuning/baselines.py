"""The honest comparison: models without a network, given the same information and chances."""

import warnings
from collections.abc import Mapping, Sequence
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
from hybrid_zoo.tuning.estimators import estimator_recipe
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.recipes import RECIPES, Recipe

Config = dict[str, Any]

# Log-odds of a class that the training rows did not hold, or of a vote without a dissenter.
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted baseline of one target.

    Args:
        name: The baseline's name.
        pipeline: A scikit-learn pipeline from features to a class.
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
                raw = self.pipeline.decision_function(x)
                columns = np.stack([-raw / 2, raw / 2], axis=1) if raw.ndim == 1 else raw
                floor += columns.min(initial=0)
            else:
                columns = np.log(self.pipeline.predict_proba(x).clip(_LEAST_PROBABILITY, 1))
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
        recipes: Recipes by name that a search chooses among; the first is the default.
    """

    name: str
    features: str
    recipes: Mapping[str, Recipe]

    def configurations(self, n: int, seed: int) -> list[Config]:
        """Return what a search would try.

        Args:
            n: How many, at least 1; a recipe without options gives one.
            seed: The same seed gives the same configurations.

        Returns:
            The prespecified configuration, then random ones.
        """
        generator = np.random.default_rng(seed)
        recipes = list(self.recipes.items())
        model, recipe = recipes[0]
        found = [{"model": model, **recipe.default}]
        for _ in range(n - 1 if recipe.draw else 0):
            model, recipe = recipes[generator.integers(len(recipes))]
            found.append({"model": model, **(recipe.draw(generator) if recipe.draw else {})})
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
        recipe = self.recipes[config["model"]]
        if len(np.unique(labels)) < 2 or not varying_columns(x):
            recipe = RECIPES["majority"]
        options = {key: value for key, value in config.items() if key != "model"}
        pipeline = recipe.build(options, x, seed, class_weight)
        # Constant blocks divide zero by zero inside the components, which stay finite; a linear
        # model that stops at its iteration limit is merely a slightly stronger penalty.
        with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            with _one_thread():
                pipeline.fit(x, labels)
        if "n_jobs" in pipeline[-1].get_params():
            # Threads would add the votes in the order they finish, and the last digit would vary.
            pipeline[-1].set_params(n_jobs=None)
        return FittedBaseline(self.name, pipeline, n_classes)


def _own(name: str, features: str, *recipes: str) -> Baseline:
    return Baseline(name, features, {recipe: RECIPES[recipe] for recipe in recipes})


BASELINES = {
    baseline.name: baseline
    for baseline in (
        _own("logistic_regression", "same", "logistic"),
        _own("svm", "same", "svm"),
        _own("random_forest", "same", "forest"),
        _own("gradient_boosting", "same", "boosting"),
        _own("missingness", "missingness", "boosting", "logistic"),
        _own("shortcuts", "shortcuts", "logistic", "boosting"),
        _own("majority", "none", "majority"),
    )
}


def baseline(name: str, space: Mapping[str, Sequence[Any]] | None = None) -> Baseline:
    """Return a baseline by name.

    Args:
        name: A key of `BASELINES`, `score:COLUMN`, or the import path of any scikit-learn
            classifier, such as `sklearn.naive_bayes.GaussianNB`; that gets the same features as
            the others, without NaN.
        space: Of an import path: parameter to the values that a search draws from.

    Raises:
        ConfigError: If there is none of this name, or it is no classifier.
    """
    if name.startswith("score:") and name != "score:":
        return _own(name, "score", "score")
    if "." in name:
        return Baseline(name, "same", {name: estimator_recipe(name, space or {})})
    if name not in BASELINES:
        raise ConfigError(
            f"Unknown baseline {name!r}.{nearest(name, BASELINES)} Known: {sorted(BASELINES)}, "
            "score:COLUMN, and the import path of any classifier."
        )
    return BASELINES[name]


def _one_thread() -> threadpool_limits:
    """Boosting's OpenMP threads wait by spinning: where the cores are shared, one is faster."""
    return threadpool_limits(1, user_api="openmp")
