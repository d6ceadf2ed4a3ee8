"""Nested cross-validation: what a search would have chosen for every fold without a look at it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.tuning.cross_validation import (
    CrossValidated,
    Part,
    Protocol,
    scored_fold,
    together,
)
from hybrid_zoo.tuning.learner import Config, Learner

Choose = Callable[[int, Sequence[Part]], tuple[Config, CrossValidated]]


@dataclass(frozen=True, kw_only=True)
class Nested:
    """An estimate that no choice has touched.

    Args:
        result: Scores and predictions of the outer folds.
        configs: What was chosen for each of them.
    """

    result: CrossValidated
    configs: list[Config]


def nested(
    learner: Learner,
    protocol: Protocol,
    inner: Callable[[np.ndarray], Sequence[Part]],
    choose: Choose,
) -> Nested:
    """Search on the training part of every outer fold, refit there, score the outer fold.

    Args:
        learner: The architecture and its data.
        protocol: Of the outer folds; its journal keeps what is finished of them.
        inner: From the training rows of an outer fold to the folds of its search.
        choose: From the number of the outer fold and its inner folds to the best configuration.

    Source:
        Varma & Simon 2006, doi:10.1186/1471-2105-7-91.
    """
    done, configs = [], []
    for number, (train, scored) in enumerate(protocol.folds):
        config, found = choose(number, inner(train))
        epochs = found.median_epochs
        key = {**config, "refitted": epochs}
        fold = protocol.journal.read(key, number)
        if fold is None:
            fitted = learner.fit(config, train, epochs=epochs, seed=protocol.seed)
            fold = scored_fold(learner, config, scored, fitted)
            protocol.journal.write(key, number, fold)
        done.append(fold)
        configs.append(config)
    return Nested(result=together(done, protocol), configs=configs)
