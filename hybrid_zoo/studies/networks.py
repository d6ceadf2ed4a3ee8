"""The networks of a study: the hybrid and each modality alone."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import keras_tuner
import numpy as np

from hybrid_zoo.layers.knob_layers import count_parameters
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.studies.entries import Cost, Entry, Logits, spread
from hybrid_zoo.studies.round import Round
from hybrid_zoo.tuning.cross_validation import CrossValidated
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.search import CrossValidatedTuner

STATE = "state"
"""Where in a round's workspace finished folds are; the reports of the searches stand beside it."""


def enter_network(name: str, network: Network, this: Round) -> Entry:
    """Choose a configuration, refit it with every seed, predict the scored rows.

    Args:
        name: As in `metrics.json`.
        network: The architecture and its data.
        this: The round.

    Returns:
        The entry; its model is the first seed's.

    Source:
        The study's rule: the final refit runs for the folds' median best epoch, without
        validation data.
    """
    config, cv, cost = _choose(name, network, this)
    samples = len(this.arrays)
    seeds = [this.settings.seed + extra for extra in range(this.settings.seeds)]
    runs: list[Logits] = []
    # The first seed comes last: the network's graph then holds the weights that are scored.
    for seed in reversed(seeds):
        if this.late and seed != seeds[0]:
            continue
        start = time.perf_counter()
        fitted = network.fit(config, this.train, epochs=cv.median_epochs, seed=seed)
        found = network.logits(config, this.scored)
        runs.append({t: spread(v, this.scored, samples) for t, v in found.items()})
        cost += Cost(fits=1, seconds=time.perf_counter() - start)
        this.on_fit(name)
    cost.n_parameters, cost.epochs = count_parameters(fitted.model), cv.median_epochs
    return Entry(
        name=name,
        out_of_fold=cv.out_of_fold,
        scored=runs[-1],
        other_seeds=runs[:-1],
        cost=cost,
        config=dict(config),
        artifact=fitted.model,
    )


def present_rows(arrays: CohortArrays, modality: str) -> np.ndarray:
    """Return which samples have anything of a modality.

    Args:
        arrays: The cohort.
        modality: Its name.

    Returns:
        `(samples,)` bool.
    """
    seen: np.ndarray = np.any(arrays.observed(modality), axis=1)
    return seen


def calibrate_model(model: keras.Model, lines: Mapping[str, tuple[float, float]]) -> None:
    """Store fitted recalibrations inside a model.

    Args:
        model: A hybrid model.
        lines: Target to slope and intercept.
    """
    for target, (slope, intercept) in lines.items():
        model.get_layer(f"{target}_calibration").fit_to(slope, intercept)


def _choose(
    name: str, network: Network, this: Round
) -> tuple[Mapping[str, Any], CrossValidated, Cost]:
    """Search, the prespecified configuration first; every fold is kept in case this is stopped."""
    start, folder = time.perf_counter(), f"{name}-{this.number}"
    tuner = CrossValidatedTuner(
        network,
        objective=keras_tuner.Objective("auroc", "max"),
        directory=this.workspace / STATE / folder,
        trials=this.trials,
        options=SearchOptions(
            epochs=this.settings.epochs, seed=this.settings.seed, minutes=this.minutes
        ),
    )
    protocol = this.protocol(name)
    tuner.run(protocol)
    tuner.write_report(this.workspace / folder)
    config, cv = tuner.best()
    tried = len(tuner.table())
    fits = tried * len(protocol.folds)
    seconds = time.perf_counter() - start
    return config, cv, Cost(configurations=tried, fits=fits, seconds=seconds)
