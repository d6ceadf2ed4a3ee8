"""The parts of a patient's records that are hidden at once."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.serving.rows import Arrays

PATCHES, WINDOW = 8, 6
"""Patches along a side of an image, and steps of a window, where nothing else is asked for."""
NOISE = 1e-6
"""Of a logit in float32: what changes no more is 0."""


class Part(NamedTuple):
    """What is hidden at once: a patch, a window, a variable, a column, a word or an image.

    Args:
        result: Name of the array in which such parts have their places, as `occlusion` returns it.
        modality: Its input.
        cells: Where in the input, of the shape of one patient's.
        fill: What stands there instead.
    """

    result: str
    modality: str
    cells: np.ndarray
    fill: float | np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the result: an image without its channels, or what is left of a modality's axes."""
        part = self.result.partition("/")[2]
        if part:
            return (self.cells.shape[-1 if part == "variables" else 0],)
        return self.cells.shape[:-1] if self.cells.ndim > 2 else self.cells.shape

    @property
    def places(self) -> np.ndarray:
        """Where in the result the part is, of its shape."""
        over = {"variables": (0,), "steps": (1,), "whole": tuple(range(1, self.cells.ndim))}
        part = self.result.partition("/")[2]
        if part:
            return np.asarray(np.any(self.cells, axis=over[part]))
        return np.asarray(np.any(self.cells, axis=-1)) if self.cells.ndim > 2 else self.cells

    def hide(self, rows: Arrays, row: int) -> None:
        """Hide this part of one row.

        Args:
            rows: As `Case.copies` returns.
            row: Which of them.
        """
        x = rows[self.modality]
        x[row] = np.where(self.cells, np.asarray(self.fill, x.dtype), x[row])


def parts_of(case: Case, name: str, patches: int = PATCHES, window: int = WINDOW) -> Iterator[Part]:
    """Yield every part of a modality that holds anything.

    Args:
        case: The patient.
        name: The modality.
        patches: Along each side of an image; half as many along each of a volume.
        window: Steps of a series that are hidden at once.
    """
    x = case.sample[name][0]
    seen, kind = observed(x), name.partition("_")[0]
    if kind in ("image", "volume"):
        found = _of_images(name, x, seen, patches if kind == "image" else max(patches // 2, 1))
    elif kind == "sequence":
        found = _of_series(name, seen, window)
    elif x.dtype.kind in "iu":
        found = (Part(name, name, x == word, 0) for word in np.unique(x[seen]))
    else:
        found = (Part(name, name, seen & row, np.nan) for row in np.eye(len(x), dtype=bool))
    yield from (part for part in found if (part.cells & seen).any())


def falls(case: Case, parts: Sequence[Part]) -> np.ndarray:
    """Return what the logit loses when each part is hidden alone.

    Args:
        case: The patient.
        parts: Its parts.

    Returns:
        `(parts,)`; 0 where the change is within rounding.
    """
    full, found = case.score(case.sample)[0], np.zeros(len(parts))
    for first in range(0, len(parts), case.rows):
        some = parts[first : first + case.rows]
        rows = case.copies(len(some))
        for row, part in enumerate(some):
            part.hide(rows, row)
        found[first : first + case.rows] = full - case.score(rows)
    return np.where(abs(found) > NOISE, found, 0.0)


def _of_images(name: str, x: np.ndarray, seen: np.ndarray, patches: int) -> Iterator[Part]:
    for image in np.flatnonzero(seen.any(axis=tuple(range(1, x.ndim)))):
        whole = np.zeros(x.shape, bool)
        whole[image] = True
        yield Part(f"{name}/whole", name, whole, np.nan)
        mean = np.nanmean(x[image], axis=tuple(range(x.ndim - 2)))
        cuts = [np.array_split(np.arange(side), min(patches, side)) for side in x.shape[1:-1]]
        for patch in np.ndindex(*map(len, cuts)):
            cells = np.zeros(x.shape, bool)
            places = [cut[k] for cut, k in zip(cuts, patch, strict=True)]
            cells[np.ix_(np.array([image]), *places, np.arange(x.shape[-1]))] = True
            yield Part(name, name, cells & seen, mean)


def _of_series(name: str, seen: np.ndarray, window: int) -> Iterator[Part]:
    steps, variables = seen.shape
    every = np.arange(variables)
    for first in range(0, steps, window):
        during = (np.arange(steps) // window == first // window)[:, None]
        yield Part(f"{name}/steps", name, during & seen, np.nan)
        for variable in every:
            yield Part(name, name, during & seen & (every == variable), np.nan)
    for variable in every:
        yield Part(f"{name}/variables", name, seen & (every == variable), np.nan)
