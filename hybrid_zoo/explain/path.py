"""The straight way from a baseline to a patient, and the integral of the gradient along it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.slopes import Slopes
from hybrid_zoo.explain.steps import Step
from hybrid_zoo.serving.rows import Arrays

PARTS = 16
"""Parts of the path to begin with; they are shorter near the baseline, where logits move most."""
KEPT = 256
"""Parts that may still be halved; those that are off least are settled first."""
NODES = np.array([0.5 - 12**-0.5, 0.5 + 12**-0.5])
"""Of the Gauss-Legendre rule of two points on [0, 1]; both weigh a half."""
NOISE = 1e-5
"""Of a logit in float32."""


class Part(NamedTuple):
    """A part of the path: its integral misses the difference of the logits at its ends by `gap`."""

    start: float
    end: float
    gap: float
    inputs: Arrays
    sites: dict[int, np.ndarray]


@dataclass(kw_only=True)
class Integral:
    """Mean derivatives along the path.

    Args:
        inputs: Input to `(1, ...)` mean derivatives by its values.
        sites: Position of a site to its contributions, `(1, ...)`.
        gap: By how much they miss the change of the logit.
        end: Logit at the end of the path.
        points: Logits and gradients that were computed.
    """

    inputs: Arrays = field(default_factory=dict)
    sites: dict[int, np.ndarray] = field(default_factory=dict)
    gap: float = 0.0
    end: float = 0.0
    points: int = 0

    def add(self, part: Part) -> None:
        """Add a part of the path.

        Args:
            part: Behind which nothing is halved any more.
        """
        self.gap += part.gap
        for name, x in part.inputs.items():
            self.inputs[name] = self.inputs.get(name, 0.0) + x
        for site, x in part.sites.items():
            self.sites[site] = self.sites.get(site, 0.0) + x


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
        ends; while the sum of all is off, the parts that are off most are halved.

        Args:
            tolerance: Largest share of the change by which the sum may differ.
            most: Points at which to stop.

        Source:
            Own design: adaptive quadrature, whose exact result is known on every part.
        """
        scores: dict[float, float] = {}
        done, kept, edges = Integral(), list[Part](), np.linspace(0, 1, PARTS + 1) ** 2
        new = np.stack([edges[:-1], edges[1:]], axis=1)
        at_once = max(self._case.rows // 5, 1)  # parts, of which each half needs 2.5 points
        while True:
            kept += self._measured(new, scores, done)
            gap = abs(done.gap + sum(part.gap for part in kept))
            if gap <= tolerance / 2 * abs(scores[1.0] - scores[0.0]) + NOISE or done.points >= most:
                break
            kept.sort(key=lambda part: abs(part.gap))
            new = _halved(kept[-at_once:])
            kept = kept[:-at_once]
            for part in kept[:-KEPT]:
                done.add(part)
            kept = kept[-KEPT:]
        for part in kept:
            done.add(part)
        done.end = scores[1.0]
        return done

    def _measured(
        self, parts: np.ndarray, scores: dict[float, float], done: Integral
    ) -> list[Part]:
        """Integrate over each part; the logits at its ends are computed once."""
        nodes = (parts[:, :1] + NODES * (parts[:, 1:] - parts[:, :1])).ravel()
        ends = [end for end in np.unique(parts) if end not in scores]
        found = self.slopes(np.concatenate([nodes, ends]))
        scores.update(zip(ends, found.scores[len(nodes) :], strict=True))
        done.points += len(found.scores)
        steepness, made = self._steepness(found), []
        for k, (a, b) in enumerate(parts):
            rows, width = slice(2 * k, 2 * k + 2), b - a
            gap = width * steepness[rows].mean() - (scores[b] - scores[a])
            inputs = {name: width * _mean(x[rows]) for name, x in found.inputs.items()}
            sites = {site: width * _mean(x[rows]) for site, x in found.sites.items()}
            made.append(Part(a, b, gap, inputs, sites))
        return made

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


def _mean(x: np.ndarray) -> np.ndarray:
    return x.mean(axis=0, keepdims=True)


def _halved(parts: list[Part]) -> np.ndarray:
    ends = np.array([(part.start, part.end) for part in parts])
    middles = ends.mean(axis=1)
    return np.concatenate(
        [np.stack([ends[:, 0], middles], axis=1), np.stack([middles, ends[:, 1]], axis=1)]
    )
