"""Does the logit fall fastest when what is said to matter is hidden first?"""

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.verdict import Check
from hybrid_zoo.explain.parts import Part

LEAST, STEPS, ORDERS = 0.5, 12, 4


def deletion_and_insertion(evidence: Evidence) -> dict[str, Check]:
    """Hide the parts in the method's order, and from the hidden patient show them in that order.

    The area between the curve and that of random orders is set beside the area that the order of
    the parts' own effects reaches, each hidden alone: 0 is no better than chance, 1 as good as
    measuring.

    Args:
        evidence: The explanations.

    Source:
        Petsiuk et al. 2018, arXiv:1806.07421, section 4.1; the two references: own design, because
        an area alone is of the model as much as of the method.
    """
    areas = np.array([_areas(evidence, k) for k in range(len(evidence.cases))])
    return {
        "deletion": _check(areas[:, 0], "hiding what it points at"),
        "insertion": _check(areas[:, 1], "showing what it points at"),
    }


def _check(areas: np.ndarray, doing: str) -> Check:
    said, measured = areas.sum(axis=0)
    if measured <= 0:
        words = "hiding parts does not change the logit, so that nothing can be pointed at"
        return Check(value=0.0, bar=LEAST, passed=False, words=words)
    value = float(said / measured)
    words = f"{doing} first changes the logit by {value:.2f} of what the measured order does"
    return Check(value=value, bar=LEAST, passed=value >= LEAST, words=f"{words} (random 0)")


def _areas(evidence: Evidence, patient: int) -> np.ndarray:
    """`(2, 2)`: deletion and insertion; by the method's and by the measured order."""
    case, parts = evidence.cases[patient], evidence.parts(patient)
    said, falls = evidence.ranked[patient]
    rng = np.random.default_rng([evidence.seed, patient])
    random = [rng.permutation(len(parts)) for _ in range(ORDERS)]
    # Ties are broken at random: a map that is the same everywhere must not profit from the order
    # in which parts are listed.
    shuffled = rng.permutation(len(parts))
    orders = [
        shuffled[np.argsort(-values[shuffled], kind="stable")]
        for values in (said, evidence.effect(falls))
    ]
    gone, shown = np.array([_curves(evidence, case, parts, o) for o in [*orders, *random]]).T
    return np.array([gone[:2] - gone[2:].mean(), shown[:2] - shown[2:].mean()])


def _curves(
    evidence: Evidence, case: Case, parts: list[Part], order: np.ndarray
) -> tuple[float, float]:
    """Mean effect of hiding more and more parts, and of showing more and more of them."""
    counts = np.unique(np.linspace(0, len(parts), STEPS + 1).astype(int))
    rows = case.copies(2 * len(counts))
    for row, count in enumerate(counts):
        for number in order[:count]:
            parts[number].hide(rows, row)
        for number in order[count:]:
            parts[number].hide(rows, len(counts) + row)
    logits = case.score(rows)
    gone, shown = logits[: len(counts)], logits[len(counts) :]
    return (
        float(evidence.effect(gone[0] - gone).mean()),
        float(evidence.effect(shown - shown[0]).mean()),
    )
