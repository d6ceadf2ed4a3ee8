"""Does an explanation stay when nobody could see a difference?"""

import dataclasses

import numpy as np

from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.likeness import rank_correlation
from hybrid_zoo.explain.faith.verdict import Check
from hybrid_zoo.explain.noise import noisy

LEAST, NOISE = 0.8, 0.005


def stability(evidence: Evidence) -> Check:
    """Correlate each map with that of the same patient after imperceptible noise.

    Args:
        evidence: The explanations.

    Source:
        Alvarez-Melis & Jaakkola 2018, arXiv:1806.08049, section 3; noise of 0.005 of an image's
        range (one grey level of 255) and of a column's training deviation.
    """
    found = []
    for number, case in enumerate(evidence.cases):
        rng = np.random.default_rng([evidence.seed, int(evidence.rows[number])])
        disturbed = dataclasses.replace(case, sample=noisy(case, case.sample, NOISE, rng))
        again = evidence.explain(number, disturbed, "disturbed")
        found.append(rank_correlation(evidence.maps[number], again))
    value = float(np.mean(found))
    words = f"maps before and after imperceptible noise correlate by {value:.2f}"
    return Check(value=value, bar=LEAST, passed=value >= LEAST, words=words)
