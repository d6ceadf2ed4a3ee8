"""The straight way from a baseline to a patient, and the integral of the gradient along it."""

from dataclasses import dataclass

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.slopes import Slopes
from hybrid_zoo.explain.steps import Step
from hybrid_zoo.serving.rows import Arrays

PARTS = 16
"""Parts of the path to begin with."""
MANY = 64
"""Parts of which each may be off by the same, however short it is: there the slope jumps."""
NODES = np.array([0.5 - 12**-0.5, 0.5 + 12**-0.5])
"""Of the Gauss-Legendre rule of two points on [0, 1]; both weigh a half."""
NOISE = 1e-5
"""Of a logit in float32."""


@dataclass(kw_only=True)
class Integral:
    """Mean derivatives along the path.

    Args:
        inputs: Input to `(1, ...)` mean derivatives by its values.
        sites: Position of a site to its contributions, `(1, ...)`.
        end: Logit at the end of the path.
        points: Logits and gradients that were computed.
    """

    inputs: Arrays
    sites: dict[int, np.ndarray]
    end: float = 0.0
    points: int = 0


class Path:
    """The way from a baseline to a patient.

    Args:
        case: The patient.
        start: The baseline, every input `(1, ...)`.
    """

    def __init__(self, case: Case, start: Arrays) -> None:
        self._case, self._start = case, start
        self._change = {
            name: np.nan_to_num(x - start[name])
            for name, x in case.sample.items()
            if x.dtype.kind == "f"
        }
        self.sites: list[Step] = case.opened.gradients.sites

    def slopes(self, alphas: np.ndarray) -> Slopes:
        """Return logits and derivatives at some places of the path.

        Args:
            alphas: `(rows,)`, from 0 at the baseline to 1 at the patient.
        """
        parts = [
            self._slopes(alphas[k : k + self._case.rows])
            for k in range(0, len(alphas), self._case.rows)
        ]
        return Slopes(
            np.concatenate([p.scores for p in parts]),
            {k: np.concatenate([p.inputs[k] for p in parts]) for k in parts[0].inputs},
            {k: np.concatenate([p.sites[k] for p in parts]) for k in parts[0].sites},
        )

    def logits_at_start(self, starts: list[Arrays]) -> np.ndarray:
        """Return the logits of other baselines.

        Args:
            starts: Each every input, `(1, ...)`.
        """
        case, zeros = self._case, np.zeros(len(starts))
        rows = {name: np.concatenate([x[name] for x in starts]) for name in starts[0]}
        return case.opened.gradients.along(rows, zeros, case.target, case.label).scores

    def integrate(self, tolerance: float, most: int) -> Integral:
        """Integrate the gradient, part by part, until the parts add up to the logit's change.

        On each part the integral of the slope is compared with the difference of the logits at its
        ends; while the sum of all is off, the parts that are off are halved again.

        Args:
            tolerance: Largest share of the change by which the sum may differ.
            most: Points at which to stop.

        Source:
            Own design: adaptive quadrature, whose exact result is known on every part.
        """
        edges = np.linspace(0, 1, PARTS + 1)
        parts = np.stack([edges[:-1], edges[1:]], axis=1)
        scores: dict[float, float] = {}
        done, gap = Integral(inputs={}, sites={}), 0.0
        while len(parts):
            found = self._measure(parts, scores)
            done.points += len(found.scores)
            widths = parts[:, 1] - parts[:, 0]
            told = widths * self._steepness(found)[: 2 * len(parts)].reshape(-1, 2).mean(axis=1)
            gaps = told - np.array([scores[b] - scores[a] for a, b in parts])
            enough = tolerance / 2 * abs(scores[1.0] - scores[0.0]) + NOISE
            accept = np.ones(len(parts), bool)
            if abs(gap + gaps.sum()) > enough and done.points < most:
                accept = abs(gaps) <= enough * (widths + 1 / MANY) / 2
            gap += gaps[accept].sum()
            _add(done, found, np.repeat(accept * widths / 2, 2))
            parts = _halved(parts[~accept])
        done.end = scores[1.0]
        return done

    def _measure(self, parts: np.ndarray, scores: dict[float, float]) -> Slopes:
        """Slopes at the nodes of the parts, then at ends whose logit is not yet known."""
        nodes = (parts[:, :1] + NODES * (parts[:, 1:] - parts[:, :1])).ravel()
        ends = [end for end in np.unique(parts) if end not in scores]
        found = self.slopes(np.concatenate([nodes, ends]))
        scores.update(zip(ends, found.scores[len(nodes) :], strict=True))
        return found

    def _steepness(self, found: Slopes) -> np.ndarray:
        """`(rows,)`: the logit's derivative along the path."""
        rows = len(found.scores)
        told = [found.inputs[k] * self._change[k] for k in found.inputs] + [*found.sites.values()]
        return sum((x.reshape(rows, -1).sum(axis=1, dtype="float64") for x in told), np.zeros(rows))

    def _slopes(self, alphas: np.ndarray) -> Slopes:
        rows = {}
        for name, x in self._case.sample.items():
            if name in self._change:
                way = alphas.reshape(-1, *(1,) * (x.ndim - 1)) * self._change[name]
                rows[name] = (self._start[name] + way).astype(x.dtype)
            else:
                rows[name] = np.repeat(x, len(alphas), axis=0)
        case = self._case
        return case.opened.gradients.along(rows, alphas, case.target, case.label)


def _add(done: Integral, found: Slopes, weights: np.ndarray) -> None:
    """Add weighted derivatives; the rows behind the weights are ends and weigh nothing."""
    for name, x in found.inputs.items():
        done.inputs[name] = done.inputs.get(name, 0.0) + _weighed(x, weights)
    for site, x in found.sites.items():
        done.sites[site] = done.sites.get(site, 0.0) + _weighed(x, weights)


def _weighed(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.tensordot(weights, x[: len(weights)], axes=1)[None]


def _halved(parts: np.ndarray) -> np.ndarray:
    middles = parts.mean(axis=1)
    return np.concatenate(
        [np.stack([parts[:, 0], middles], axis=1), np.stack([middles, parts[:, 1]], axis=1)]
    )
