"""Does attention rest on what the logit depends on?"""

import numpy as np

from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.likeness import rank_correlation
from hybrid_zoo.explain.faith.verdict import Check

LEAST = 0.2


def agreement(evidence: Evidence) -> Check:
    """Correlate the weight of each part with what hiding it alone changes the logit by.

    Args:
        evidence: The explanations.

    Source:
        Jain & Wallace 2019, arXiv:1902.10186, section 4.1, with occlusion in the place of leaving
        one word out.
    """
    every = [rank_correlation(said, abs(falls)) for said, falls in evidence.ranked]
    value = float(np.mean(every))
    words = f"its weights and the effects of hiding correlate by {value:.2f}"
    return Check(value=value, bar=LEAST, passed=value >= LEAST, words=words)
