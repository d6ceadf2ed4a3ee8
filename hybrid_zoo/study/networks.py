"""The networks of a study: the hybrid, each modality alone, and their late average."""

import time
from collections.abc import Mapping

import keras
import numpy as np

from hybrid_zoo.evaluation.calibration import fit_recalibration, fit_temperature
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.study.entries import Cost, Entry, Logits, spread
from hybrid_zoo.study.round import Round
from hybrid_zoo.tuning.cross_validation import CrossValidated, cross_validate
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.search import CrossValidatedTuner
from hybrid_zoo.tuning.space import DEFAULT


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
    cost.n_parameters, cost.epochs = fitted.model.count_params(), cv.median_epochs
    return Entry(
        name=name,
        out_of_fold=cv.logits,
        scored=runs[-1],
        other_seeds=runs[:-1],
        cost=cost,
        config=dict(config),
        artifact=fitted.model,
    )


def late_average(singles: list[Entry], this: Round) -> Entry:
    """Average the recalibrated logits of the single-modality nets over what a sample has.

    Args:
        singles: Entries of the single-modality nets, named `{modality}_only`.
        this: The round.

    Returns:
        The entry `late_average`. A sample with no modality gets the mean of all nets.

    Source:
        Huang et al. 2020, doi:10.1038/s41746-020-00341-z: late fusion by averaging.
    """
    present = {s.name: present_rows(this.arrays, s.name.removesuffix("_only")) for s in singles}
    labels = {t: y[this.train] for t, y in this.arrays.labels.items()}
    lines = {
        s.name: {t: _recalibrate(s.out_of_fold[t][this.train], y) for t, y in labels.items()}
        for s in singles
    }

    def average(of: Mapping[str, Logits]) -> Logits:
        return {
            t: _mean_present([_line(of[n][t], lines[n][t]) for n in of], list(present.values()))
            for t in labels
        }

    cost = sum((s.cost for s in singles), Cost())
    cost.n_parameters = sum(s.cost.n_parameters or 0 for s in singles)
    return Entry(
        name="late_average",
        out_of_fold=average({s.name: s.out_of_fold for s in singles}),
        scored=average({s.name: s.scored for s in singles}),
        other_seeds=[
            average({s.name: s.other_seeds[i] for s in singles})
            for i in range(min(len(s.other_seeds) for s in singles))
        ],
        cost=cost,
    )


def present_rows(arrays: CohortArrays, modality: str) -> np.ndarray:
    """Return which samples have anything of a modality.

    Args:
        arrays: The cohort.
        modality: Its name.

    Returns:
        `(samples,)` bool.
    """
    values = arrays.inputs[modality]
    seen = values != 0 if values.dtype.kind == "i" else np.isfinite(values)
    return seen.reshape(len(values), -1).any(axis=1)


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
) -> tuple[Mapping[str, float], CrossValidated, Cost]:
    """Search, or take the prespecified configuration; either way with out-of-fold predictions."""
    protocol = this.protocol(name)
    start = time.perf_counter()
    if this.trials > 1:
        tuner = CrossValidatedTuner(
            network,
            protocol,
            trials=this.trials,
            directory=this.workspace / f"search-{name}-{this.number}",
            deadline=this.deadline,
        )
        tuner.search()
        config, cv = tuner.best()
        tried = len(tuner.results)
    else:
        config, tried = DEFAULT, 1
        cv = cross_validate(network, config, protocol)
    fits = tried * len(protocol.folds)
    seconds = time.perf_counter() - start
    return config, cv, Cost(configurations=tried, fits=fits, seconds=seconds)


def _recalibrate(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    known = np.isfinite(labels)
    if logits.ndim == 1:
        return fit_recalibration(logits[known], labels[known])
    return 1 / fit_temperature(logits[known], labels[known]), 0.0


def _line(logits: np.ndarray, line: tuple[float, float]) -> np.ndarray:
    moved = logits * line[0] + line[1]
    if moved.ndim == 1:
        return moved
    return moved - np.logaddexp.reduce(moved, axis=-1, keepdims=True)


def _mean_present(parts: list[np.ndarray], present: list[np.ndarray]) -> np.ndarray:
    weights = np.stack(present).astype(float)
    weights[:, weights.sum(axis=0) == 0] = 1.0
    stacked = np.stack(parts)
    weights = weights.reshape(*weights.shape, *[1] * (stacked.ndim - 2))
    return (stacked * weights).sum(axis=0) / weights.sum(axis=0)
