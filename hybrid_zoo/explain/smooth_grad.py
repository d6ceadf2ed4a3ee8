"""How the logit answers to a small change of each number."""

import numpy as np

from hybrid_zoo.explain.arguments import check_at_least
from hybrid_zoo.explain.baseline import fixed_columns
from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS, lacks_gradients, needs
from hybrid_zoo.explain.noise import noisy


@METHODS.register
@needs(lacks_gradients)
def smooth_grad(case: Case, *, samples: int = 25, noise: float = 0.15, seed: int = 0) -> Result:
    """Average the logit's gradient over noisy copies of the patient.

    Args:
        case: The patient.
        samples: Number of copies; at least 1.
        noise: Deviation of the noise as a share of an image's range, or of a column's training
            deviation, of its logarithm where the model takes that. Codes and events get none.
        seed: Of the noise.

    Returns:
        Modality to logits per unit of the input, in its shape; NaN where nothing was observed, and
        of codes and events, which have no slope. Notes have none.

    Raises:
        ConfigError: For less than one copy, or negative noise.

    Source:
        Smilkov et al. 2017, arXiv:1706.03825, section 3; the share as in figure 3.
    """
    check_at_least("smooth_grad", 1, samples=samples)
    check_at_least("smooth_grad", 0, noise=noise)
    rng = np.random.default_rng(seed)
    sums: dict[str, np.ndarray] = {}
    for first in range(0, samples, case.rows):
        count = min(case.rows, samples - first)
        rows = noisy(case, case.copies(count), noise, rng)
        found = case.opened.gradients.along(rows, np.ones(count), case.target, case.label)
        for name, x in found.inputs.items():
            sums[name] = sums.get(name, 0.0) + x.sum(axis=0, dtype="float64")
    values = {k: _slope(case, k, x / samples) for k, x in sums.items() if k in case.present}
    return Result(values=values, absent=case.absent, words="In logits per unit of the input.")


def _slope(case: Case, name: str, x: np.ndarray) -> np.ndarray:
    found = np.where(observed(case.sample[name][0]), x, np.nan)
    found[..., fixed_columns(case, name)] = np.nan
    return found
