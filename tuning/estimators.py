"""Any scikit-learn classifier as a baseline, by its import path."""

import importlib
import importlib.metadata
import inspect
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registry import nearest
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.recipes import Options, Recipe, encoded


def estimator_recipe(path: str, space: Mapping[str, Sequence[Any]]) -> Recipe:
    """Make a recipe of a classifier: its own defaults, then what is drawn from a space.

    Args:
        path: Where it can be imported from, as of `import_classifier`.
        space: Parameter to its values; a parameter of a step is `step__parameter`.

    Raises:
        ConfigError: If there is no such classifier or parameter.
    """
    known = sorted(import_classifier(path).get_params().keys() - {"model"})
    for name, values in space.items():
        if name not in known:
            raise ConfigError(
                f"Baseline {path!r} has no parameter {name!r}.{nearest(name, known)} Known: "
                f"{known}."
            )
        if not values:
            raise ConfigError(f"Baseline {path!r}: {name} got no value to choose from.")
    return Recipe(partial(_build, path), draw=partial(_draw, dict(space)) if space else None)


def import_classifier(path: str) -> BaseEstimator:
    """Import a classifier.

    Args:
        path: Of a class whose parameters all have defaults, or of a function that takes none and
            returns a classifier with those that you want.

    Returns:
        It, unfitted.

    Raises:
        ConfigError: If it cannot be imported, made or cloned, or is no classifier that scores.
    """
    make = _import(path)
    got = f"one that needs {_required(make)}" if callable(make) else f"a {type(make).__name__}"
    if not callable(make) or _required(make):
        raise ConfigError(
            f"Baseline {path!r}: expected a class or function that can be called without "
            f"arguments, got {got}. Write a function that returns the classifier as you want it, "
            "and name that."
        )
    try:
        estimator = clone(make())
        ranks = is_classifier(estimator) and (
            hasattr(estimator, "decision_function") or hasattr(estimator, "predict_proba")
        )
    except Exception as error:  # it is anybody's code
        raise ConfigError(
            f"Baseline {path!r} cannot be made and cloned ({type(error).__name__}: {error}); "
            "expected a classifier as scikit-learn defines it."
        ) from error
    if not ranks:
        raise ConfigError(
            f"Baseline {path!r} is no classifier that ranks samples; expected one with "
            "decision_function or predict_proba."
        )
    return estimator


def _import(path: str) -> Any:
    """Import the longest importable part of a path, and look up the rest in it."""
    found: Any = None
    at = ""
    for name in path.split("."):
        at = f"{at}.{name}".removeprefix(".")
        try:
            found = getattr(found, name) if hasattr(found, name) else importlib.import_module(at)
        except ModuleNotFoundError as error:
            if error.name and not f"{at}.".startswith(f"{error.name}."):
                raise _broken(path, error) from error  # it is there and lacks something itself
            known = _names_in(found)
            raise ConfigError(
                f"Baseline {path!r}: there is no {name!r} in "
                f"{found.__name__ if found else 'the installed packages'}.{nearest(name, known)} "
                "Expected an import path such as sklearn.naive_bayes.GaussianNB."
            ) from error
        except Exception as error:  # it is anybody's code
            raise _broken(path, error) from error
    return found


def _broken(path: str, error: Exception) -> ConfigError:
    return ConfigError(f"Baseline {path!r} cannot be imported ({type(error).__name__}: {error}).")


def _names_in(found: ModuleType | None) -> Iterable[str]:
    if found is None:
        return importlib.metadata.packages_distributions()
    inside = [module.name for module in pkgutil.iter_modules(getattr(found, "__path__", []))]
    return {*inside, *dir(found)}


def _required(make: Any) -> list[str]:
    """The parameters that a call must give."""
    try:
        parameters = inspect.signature(make).parameters.values()
    except ValueError:  # of a class in C
        return []
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [p.name for p in named if p.default is p.empty]


def _draw(space: Mapping[str, Sequence[Any]], generator: np.random.Generator) -> Options:
    return {name: values[int(generator.integers(len(values)))] for name, values in space.items()}


def _build(
    path: str, options: Options, x: Features, seed: int, class_weight: str | None
) -> Pipeline:
    model = import_classifier(path)
    shared = {"random_state": seed, "class_weight": class_weight}
    unset = {
        name: shared[last]
        for name, value in model.get_params().items()
        if (last := name.rpartition("__")[2]) in shared and value is None
    }
    # Any estimator will do, so that none may meet a NaN.
    return encoded(model.set_params(**unset | options), seed, for_trees=False)
