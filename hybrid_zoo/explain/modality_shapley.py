"""What each modality as a whole contributes, fairly shared."""

import itertools
import math

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS


@METHODS.register
def modality_shapley(case: Case) -> Result:
    """Return the exact Shapley value of each modality that this patient has.

    The logit is computed with every subset of them, the others not observed: these models answer
    for any subset, so that nothing is trained again.

    Args:
        case: The patient.

    Returns:
        Modality to its contribution in logits, of shape `()`; together with `none`, the logit of
        a patient of whom nothing is known, they add up to the logit. `checks`: `none`, and `gap`,
        by how much the sum differs.

    Source:
        Shapley 1953, doi:10.1515/9781400881970-018, equation 12.
    """
    players = case.present
    subsets = [
        frozenset(s) for n in range(len(players) + 1) for s in itertools.combinations(players, n)
    ]
    rows = case.copies(len(subsets))
    for row, subset in enumerate(subsets):
        for name in set(players) - subset:
            case.without(rows, row, name)
    worth = dict(zip(subsets, case.score(rows), strict=True))
    values = {name: np.array(_value(name, players, worth)) for name in players}
    none, everything = worth[frozenset()], worth[frozenset(players)]
    gap = abs(sum(values.values()) + none - everything)
    checks = {"none": float(none), "gap": float(gap)}
    return Result(values=values, absent=case.absent, checks=checks)


def _value(name: str, players: list[str], worth: dict[frozenset[str], float]) -> float:
    """The mean of what a player adds, over all orders in which players can come."""
    count, total = len(players), 0.0
    for subset, value in worth.items():
        if name not in subset:
            size = len(subset)
            orders = math.factorial(size) * math.factorial(count - size - 1)
            total += orders / math.factorial(count) * (worth[subset | {name}] - value)
    return total
