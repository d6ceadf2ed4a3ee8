"""What the logit loses when a part of the patient's records is hidden."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hybrid_zoo.explain.arguments import check_at_least
from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS

NOISE = 1e-6
"""Of a logit in float32: what changes no more is 0."""


class Hidden(NamedTuple):
    """What is hidden at once: its result, its input, where, and what stands there instead."""

    result: str
    modality: str
    cells: np.ndarray
    fill: float | np.ndarray


@METHODS.register
def occlusion(case: Case, *, parts: int = 8, window: int = 6) -> Result:
    """Hide one part after the other and take the logit's fall: positive where a part raises it.

    Columns, values of series, words and whole images are hidden as what was not observed: then the
    model knows that they are missing. A patch of an image, of which that cannot be said, is painted
    in the image's own mean.

    Args:
        case: The patient.
        parts: Patches along each side of an image; half as many along each of a volume.
        window: Steps of a series that are hidden at once.

    Returns:
        `image` and volumes: `(images, height, width)`, the fall at each patch; `image/whole`:
        `(images,)`. `sequence`: `(steps, variables)`, each variable's windows; `sequence/steps`
        and `sequence/variables` hide a window of all, or all of a variable. `tabular`:
        `(columns,)`. `tokens`: `(length,)`, a word everywhere at once. NaN where nothing was
        observed.

    Raises:
        ConfigError: For less than one part or step.

    Source:
        Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2. NaN in the place of their grey: own
        design, because these models know what it means.
    """
    check_at_least("occlusion", 1, parts=parts, window=window)
    hidden = [h for name in case.present for h in _hidden(case, name, parts, window)]
    values = {h.result: np.full(_shape(h), np.nan) for h in hidden}
    full = case.score(case.sample)[0]
    for k in range(0, len(hidden), case.rows):
        some = hidden[k : k + case.rows]
        for h, logit in zip(some, case.score(_rows(case, some)), strict=True):
            fall = full - logit
            values[h.result][_places(h)] = fall if abs(fall) > NOISE else 0.0
    words = "Hidden as not observed; patches of images painted in the image's mean."
    return Result(values=values, absent=case.absent, words=words)


def _hidden(case: Case, name: str, parts: int, window: int) -> Iterator[Hidden]:
    """Every part of a modality that holds anything."""
    x = case.sample[name][0]
    seen, kind = observed(x), name.partition("_")[0]
    if kind in ("image", "volume"):
        found = _of_images(name, x, seen, parts if kind == "image" else max(parts // 2, 1))
    elif kind == "sequence":
        found = _of_series(name, seen, window)
    elif x.dtype.kind in "iu":
        found = (Hidden(name, name, x == word, 0) for word in np.unique(x[seen]))
    else:
        found = (Hidden(name, name, seen & row, np.nan) for row in np.eye(len(x), dtype=bool))
    yield from (h for h in found if (h.cells & seen).any())


def _of_images(name: str, x: np.ndarray, seen: np.ndarray, parts: int) -> Iterator[Hidden]:
    for image in np.flatnonzero(seen.any(axis=tuple(range(1, x.ndim)))):
        whole = np.zeros(x.shape, bool)
        whole[image] = True
        yield Hidden(f"{name}/whole", name, whole, np.nan)
        mean = np.nanmean(x[image], axis=tuple(range(x.ndim - 2)))
        cuts = [np.array_split(np.arange(side), min(parts, side)) for side in x.shape[1:-1]]
        for patch in np.ndindex(*map(len, cuts)):
            cells = np.zeros(x.shape, bool)
            places = [cut[k] for cut, k in zip(cuts, patch, strict=True)]
            cells[np.ix_(np.array([image]), *places, np.arange(x.shape[-1]))] = True
            yield Hidden(name, name, cells & seen, mean)


def _of_series(name: str, seen: np.ndarray, window: int) -> Iterator[Hidden]:
    steps, variables = seen.shape
    every = np.arange(variables)
    for first in range(0, steps, window):
        during = (np.arange(steps) // window == first // window)[:, None]
        yield Hidden(f"{name}/steps", name, during & seen, np.nan)
        for variable in every:
            yield Hidden(name, name, during & seen & (every == variable), np.nan)
    for variable in every:
        yield Hidden(f"{name}/variables", name, seen & (every == variable), np.nan)


def _rows(case: Case, hidden: list[Hidden]) -> dict[str, np.ndarray]:
    rows = case.copies(len(hidden))
    for row, h in enumerate(hidden):
        x = rows[h.modality]
        x[row] = np.where(h.cells, np.asarray(h.fill, x.dtype), x[row])
    return rows


def _shape(h: Hidden) -> tuple[int, ...]:
    """Of the result: an image without its channels, or what is left of a modality's axes."""
    part = h.result.partition("/")[2]
    if part:
        return (h.cells.shape[-1 if part == "variables" else 0],)
    return h.cells.shape[:-1] if h.cells.ndim > 2 else h.cells.shape


def _places(h: Hidden) -> np.ndarray:
    """Where in the result the fall is written."""
    over = {"variables": (0,), "steps": (1,), "whole": tuple(range(1, h.cells.ndim))}
    part = h.result.partition("/")[2]
    if part:
        return np.asarray(np.any(h.cells, axis=over[part]))
    return np.asarray(np.any(h.cells, axis=-1)) if h.cells.ndim > 2 else h.cells
