"""What is built on the hybrid and the baselines without a further fit of either."""

import numpy as np

from hybrid_zoo.studies.entries import Cost, Entry, Logits
from hybrid_zoo.studies.round import Round
from hybrid_zoo.tuning.stacking import Stack, fit_stack


def enter_ensembles(hybrid: Entry, rivals: list[Entry], this: Round) -> dict[str, Entry]:
    """Average the hybrid's seeds, and stack that average and the baselines.

    Args:
        hybrid: What the hybrid handed in.
        rivals: Likewise of the baselines that have the hybrid's information.
        this: The round.

    Returns:
        `hybrid_ensemble`, where there is more than one seed, and `stack`, where there is a
        baseline.
    """
    found = {}
    if hybrid.other_seeds:
        hybrid = found["hybrid_ensemble"] = hybrid_ensemble(hybrid)
    if rivals:
        found["stack"] = stack([hybrid, *rivals], this)
    return found


def hybrid_ensemble(hybrid: Entry) -> Entry:
    """Average the logits of the hybrid's seeds.

    Args:
        hybrid: With at least one other seed.

    Returns:
        The entry. Only the first seed was cross-validated, so that its out-of-fold predictions
        calibrate the average.

    Source:
        Lakshminarayanan et al. 2017, arXiv:1612.01474: networks of several seeds, averaged.
    """
    runs = [hybrid.scored, *hybrid.other_seeds]
    cost = hybrid.cost + Cost()
    cost.n_parameters = len(runs) * (hybrid.cost.n_parameters or 0)
    return Entry(
        name="hybrid_ensemble",
        out_of_fold=hybrid.out_of_fold,
        scored={target: np.mean([run[target] for run in runs], axis=0) for target in runs[0]},
        cost=cost,
        config=hybrid.config,
    )


def stack(members: list[Entry], this: Round) -> Entry:
    """Weigh the members' logits by weights that only out-of-fold predictions have fitted.

    Args:
        members: Entries.
        this: The round.

    Returns:
        The entry; its artefact is target to `Stack`. Its own out-of-fold predictions of a fold come
        from weights that the other folds fitted.

    Source:
        van der Laan et al. 2007, doi:10.2202/1544-6115.1309: the stack is cross-validated on the
        members' folds.
    """
    fitted: dict[str, Stack] = {}
    out_of_fold, scored = {}, {}
    for target, labels in this.arrays.labels.items():
        seen, unseen = _of_target(members, target)
        fitted[target] = fit_stack(seen, labels)
        scored[target] = fitted[target].logits(unseen)
        out_of_fold[target] = _cross_fitted(seen, labels, this)
    return Entry(
        name="stack",
        out_of_fold=out_of_fold,
        scored=scored,
        cost=sum((member.cost for member in members), Cost()),
        config={target: of_target.weights for target, of_target in fitted.items()},
        artifact=fitted,
    )


def _of_target(members: list[Entry], target: str) -> tuple[Logits, Logits]:
    return (
        {member.name: member.out_of_fold[target] for member in members},
        {member.name: member.scored[target] for member in members},
    )


def _cross_fitted(seen: Logits, labels: np.ndarray, this: Round) -> np.ndarray:
    found = np.full_like(next(iter(seen.values())), np.nan)
    for train, held_out in this.folds:
        fitted = fit_stack({name: z[train] for name, z in seen.items()}, labels[train])
        found[held_out] = fitted.logits({name: z[held_out] for name, z in seen.items()})
    return found
