"""The late average: single-modality networks that never met."""

import numpy as np
from scipy.special import log_softmax

from hybrid_zoo.studies.calibrated import calibrate
from hybrid_zoo.studies.entries import Cost, Entry, Logits
from hybrid_zoo.studies.networks import present_rows
from hybrid_zoo.studies.round import Round

Lines = dict[str, tuple[float, float]]


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
    lines = [_lines(single, this) for single in singles]
    weights = _shares(singles, this)
    seeds = zip(*(single.other_seeds for single in singles), strict=False)
    return Entry(
        name="late_average",
        out_of_fold=_average([single.out_of_fold for single in singles], lines, weights),
        scored=_average([single.scored for single in singles], lines, weights),
        other_seeds=[_average(list(runs), lines, weights) for runs in seeds],
        cost=_cost(singles),
    )


def _shares(singles: list[Entry], this: Round) -> np.ndarray:
    """`(nets, samples)`: how much each net weighs in each sample's mean."""
    modalities = [single.name.removesuffix("_only") for single in singles]
    present = np.stack([present_rows(this.arrays, name) for name in modalities]).astype(float)
    present[:, present.sum(axis=0) == 0] = 1.0
    return present / present.sum(axis=0)


def _cost(singles: list[Entry]) -> Cost:
    cost = sum((single.cost for single in singles), Cost())
    cost.n_parameters = sum(single.cost.n_parameters or 0 for single in singles)
    return cost


def _lines(single: Entry, this: Round) -> Lines:
    """Target to the recalibration that the net's out-of-fold logits ask for."""
    return {
        target: calibrate(single.out_of_fold[target], single.scored[target], labels).line
        for target, labels in this.arrays.labels.items()
    }


def _average(runs: list[Logits], lines: list[Lines], weights: np.ndarray) -> Logits:
    found = {}
    for target in runs[0]:
        pairs = zip(runs, lines, strict=True)
        parts = np.stack([_move(run[target], line[target]) for run, line in pairs])
        shares = weights.reshape(*weights.shape, *[1] * (parts.ndim - 2))
        found[target] = (parts * shares).sum(axis=0)
    return found


def _move(logits: np.ndarray, line: tuple[float, float]) -> np.ndarray:
    moved = logits * line[0] + line[1]
    if moved.ndim == 1:
        return moved
    return log_softmax(moved, axis=-1)
