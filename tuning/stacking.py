"""A stack: weigh the logits of several models by what they predicted of samples not seen."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.calibration import fit_recalibration, fit_temperature

# Standard deviation of a weight around an equal share, before any label is seen. A few hundred
# events outweigh it; a few dozen hardly move the weights.
_PRIOR_SD = 0.5


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Fitted weights of a stack.

    Args:
        weights: Member to its weight, at least 0, on its calibrated logits.
        slopes: Member to what calibrates its logits.
        intercepts: `(classes,)`; two for a binary target.
    """

    weights: dict[str, float]
    slopes: dict[str, float]
    intercepts: np.ndarray

    def logits(self, members: Mapping[str, np.ndarray]) -> np.ndarray:
        """Weigh the members' logits.

        Args:
            members: Member to `(rows,)` or `(rows, classes)` logits; NaN stays NaN.

        Returns:
            Likewise.
        """
        scaled = (w * self.slopes[m] * _columns(members[m]) for m, w in self.weights.items())
        found = sum(scaled) + self.intercepts
        return found[:, 1] - found[:, 0] if len(self.intercepts) == 2 else found


def fit_stack(members: Mapping[str, np.ndarray], labels: np.ndarray) -> Stack:
    """Fit the weights by penalised maximum likelihood.

    Args:
        members: Member to `(rows,)` or `(rows, classes)` logits of samples that its fit never saw;
            rows of NaN are left out.
        labels: `(rows,)` 0 or 1, or class indices; NaN is unknown.

    Returns:
        Weights of at least 0. Where data are few they stay near equal shares.

    Raises:
        ConfigError: If there is no member, or no row that all have predicted.

    Source:
        Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1; weights of at least 0 after Breiman 1996,
        doi:10.1007/BF00117832. The pull towards equal shares is our own design, because members
        that agree leave their weights undetermined in a small cohort.
    """
    rows = _whole_rows(members, labels)
    y = labels[rows].astype(int)
    slopes = {name: _slope(values[rows], y) for name, values in members.items()}
    z = np.stack([slopes[name] * _columns(values[rows]) for name, values in members.items()])
    share = 1 / len(z)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercepts = point[: len(z)], point[len(z) :]
        scores = np.tensordot(weights, z, 1) + intercepts
        away = (weights - share) / _PRIOR_SD
        value = (away @ away) / 2 - log_softmax(scores, axis=1)[np.arange(len(y)), y].sum()
        error = softmax(scores, axis=1)
        error[np.arange(len(y)), y] -= 1
        slope = away / _PRIOR_SD + np.tensordot(z, error, 2)
        return float(value), np.concatenate([slope, error.sum(0)])

    classes = z.shape[2]
    start = np.concatenate([np.full(len(z), share), np.zeros(classes)])
    bounds = [(0, None)] * len(z) + [(None, None)] * classes
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = dict(zip(members, best[: len(z)].tolist(), strict=True))
    return Stack(weights=weights, slopes=slopes, intercepts=best[len(z) :])


def _whole_rows(members: Mapping[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
    known = [np.isfinite(_columns(values)).all(1) for values in members.values()]
    rows = np.flatnonzero(np.isfinite(labels) & np.all(known, axis=0)) if known else np.empty(0)
    if not len(rows):
        raise ConfigError(
            f"fit_stack: got {len(members)} members and no row that all of them have predicted and "
            "whose label is known; expected out-of-fold logits of the same samples."
        )
    return rows


def _slope(logits: np.ndarray, labels: np.ndarray) -> float:
    if logits.ndim == 1:
        return fit_recalibration(logits, labels)[0]
    return 1 / fit_temperature(logits, labels)


def _columns(logits: np.ndarray) -> np.ndarray:
    """A binary logit as the logits of both classes: one rule serves any number of them."""
    return np.stack([-logits / 2, logits / 2], axis=1) if logits.ndim == 1 else logits
