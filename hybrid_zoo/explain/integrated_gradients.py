"""Contributions of every input that add up to what sets this patient apart from the average."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_zoo.explain.baseline import baseline as path_start
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.discrete import discrete_effects
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS, lacks_gradients, needs
from hybrid_zoo.explain.path import Path
from hybrid_zoo.explain.site_values import add_sites


@METHODS.register
@needs(lacks_gradients)
def integrated_gradients(
    case: Case,
    *,
    baseline: Mapping[str, Any] | None = None,
    tolerance: float = 0.01,
    most: int = 1024,
) -> Result:
    """Integrate the logit's gradient from an average patient to this one, all inputs at once.

    The average patient has the same records: numbers at the training mean, even images two
    deviations darker than it (where each image is standardised by itself, even ones), notes whose
    words are embedded as zeros, categories not recorded, no events. Words and categories are
    interpolated behind their embedding. Between an event and none nothing lies: what the events of
    a variable do is measured by taking them from the average patient, in the order of the variables
    and in the reverse.

    Args:
        case: The patient.
        baseline: Modality to values of your own in place of the mean, which broadcast against one
            patient's input.
        tolerance: Largest difference between the sum and the change of the logit, as a share.
        most: Points on the path at which to stop refining it.

    Returns:
        Modality to contributions in logits, `(images, height, width, channels)`,
        `(steps, variables)`, `(columns,)` and `(length,)`. `checks`: `change` is the logit minus
        the baseline's, `gap` the share of it by which the sum differs, `rest` what belongs to no
        single input, `points` how many were needed.

    Raises:
        ConfigError: For a baseline that does not fit, or a mean that nobody knows.

    Source:
        Sundararajan et al. 2017, arXiv:1703.01365, equation 1; by the Gauss-Legendre rule of two
        points on parts of the path, of which those are halved that do not add up. Events: own
        design, the mean of two orders of Shapley 1953, doi:10.1515/9781400881970-018, because
        they cannot be interpolated.
    """
    start = path_start(case, baseline or {})
    path = Path(case, start)
    integral = path.integrate(tolerance, most)
    values = {
        name: (integral.inputs[name] * (x - start[name]))[0].astype("float64")
        for name, x in case.sample.items()
        if name in case.present and name in integral.inputs
    }
    rest = add_sites(case, values, integral.sites, path.sites)
    effects, lowest = discrete_effects(case, start, path)
    for name, found in effects.items():
        values[name] = values.get(name, 0.0) + found
    return _result(case, values, rest, integral, lowest)


def _result(case: Case, values: dict[str, np.ndarray], rest: float, integral, lowest: float):
    total = sum(float(np.nansum(x)) for x in values.values()) + rest
    change = integral.end - lowest
    gap = abs(total - change) / abs(change) if change else abs(total)
    checks = {
        "change": float(change),
        "gap": float(gap),
        "rest": rest,
        "points": float(integral.points),
    }
    words = "From training means, even dark images, no category, no word and no event."
    return Result(values=values, absent=case.absent, checks=checks, words=words)
