"""Which cells of a table of counts stay hidden, so that no small one can be worked out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

SMALLEST_CELL = 10  # patients


@dataclass(frozen=True, kw_only=True)
class Counts:
    """One characteristic: how many samples have each of its levels, in all and in each part.

    Args:
        samples: `(levels, parts)`; the levels cover every sample once, and so do the parts.
        patients: `(levels, parts)`: of how many different patients.
        overall: `(levels,)`: patients of each level in all parts together.
        exempt: Levels that are never small themselves: what was not recorded.
        unseen: Parts that are never shown: samples whose label is unknown.
    """

    samples: np.ndarray
    patients: np.ndarray
    overall: np.ndarray
    exempt: tuple[int, ...] = ()
    unseen: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What a table may not show.

    Args:
        overall: `(levels,)` bool: the count over all samples.
        parts: Per partition `(levels,)` bool: the counts of a level in every part of it.
        named: Whether a hidden cell may be called small; if not, that alone would give it away.
    """

    overall: np.ndarray
    parts: tuple[np.ndarray, ...]
    named: bool


def is_small(patients: np.ndarray) -> np.ndarray:
    """Tell which cells hold fewer patients than may be shown.

    Args:
        patients: Any shape; a cell of no patient tells nothing of one and may be shown.
    """
    return (patients > 0) & (patients < SMALLEST_CELL)


def hide_small(partitions: Sequence[Counts]) -> Hidden:
    """Choose the cells to hide, so that none follows from the totals and from what is shown.

    A level with a small cell is hidden in all parts of that partition; then further levels are, the
    smallest first and what was not recorded last, until every hidden cell can take another value
    without a change in anything that is shown. That the numbers of samples of every part are known
    is taken for granted.

    Args:
        partitions: The same levels cut in one or several ways, such as training and test, event
            and none. One of a single part stands for a table without parts.

    Returns:
        What to hide.

    Source:
        Complementary suppression: Hundepool et al. 2012, Statistical Disclosure Control, section
        4.4; own, simpler search, because tables of this size need no linear program.
    """
    first = partitions[0]
    totals = first.samples.sum(axis=1)
    order = sorted(range(len(totals)), key=lambda level: (level in first.exempt, totals[level]))
    for named in (True, False):
        overall = _triggered(first, first.overall[:, None])
        parts = [overall | _triggered(c, np.delete(c.patients, c.unseen, 1)) for c in partitions]
        found = Hidden(overall=overall, parts=tuple(parts), named=named)
        if _extend(partitions, found, order):
            break
    return found


def _triggered(counts: Counts, patients: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.any(is_small(patients), axis=1)
    levels[list(counts.exempt)] = False
    return levels


def _extend(partitions: Sequence[Counts], hidden: Hidden, order: list[int]) -> bool:
    """Hide further levels until nothing hidden is certain; tell whether that was reached."""
    reached = True
    while not _overall_open(partitions, hidden):
        if not _hide_next(hidden.overall, order):
            reached = False
            break
    for counts, levels in zip(partitions, hidden.parts, strict=True):
        levels |= hidden.overall
        while not _parts_open(counts, levels, named=hidden.named):
            if not _hide_next(levels, order):
                reached = False
                break
    return reached


def _hide_next(levels: np.ndarray, order: list[int]) -> bool:
    left = [level for level in order if not levels[level]]
    if left:
        levels[left[0]] = True
    return bool(left)


def _overall_open(partitions: Sequence[Counts], hidden: Hidden) -> bool:
    """Tell whether a sample of each hidden level could belong to another, in every partition."""
    rows = [int(level) for level in np.flatnonzero(hidden.overall)]
    return all(
        any(_can_trade(partitions, a, b, hidden.named) for b in rows if b != a) for a in rows
    )


def _can_trade(partitions: Sequence[Counts], a: int, b: int, named: bool) -> bool:
    return any(
        all(
            any(_moves(c, ((up, j, 1), (down, j, -1)), named) for j in range(c.samples.shape[1]))
            and _total_moves(c, up, 1, named)
            and _total_moves(c, down, -1, named)
            for c in partitions
        )
        for up, down in ((a, b), (b, a))
    )


def _parts_open(counts: Counts, levels: np.ndarray, *, named: bool) -> bool:
    """Tell whether every hidden cell is a corner of a swap that keeps all sums."""
    rows, parts = np.flatnonzero(levels).tolist(), range(counts.samples.shape[1])
    if len(parts) == 1:
        return True  # the part is the whole, which was looked at
    shown = [part for part in parts if part not in counts.unseen]
    return all(
        any(_moves(counts, swap, named) for swap in _swaps(rows, parts, a, j))
        for a, j in product(rows, shown)
    )


Swap = tuple[tuple[int, int, int], ...]


def _swaps(rows: list[int], parts: range, a: int, j: int) -> Iterator[Swap]:
    for b, k, step in product(rows, parts, (1, -1)):
        if b != a and k != j:
            yield ((a, j, step), (b, k, step), (a, k, -step), (b, j, -step))


def _moves(counts: Counts, swap: Swap, named: bool) -> bool:
    return all(
        _can_be(counts.samples[a, j], counts.patients[a, j], step, named) for a, j, step in swap
    )


def _total_moves(counts: Counts, level: int, step: int, named: bool) -> bool:
    return _can_be(counts.samples[level].sum(), counts.overall[level], step, named)


def _can_be(samples: int, patients: int, step: int, named: bool) -> bool:
    """Tell whether a cell could hold a sample more or less and still be called what it is."""
    if not named:
        return samples + step >= 0
    if patients < SMALLEST_CELL:
        fewest = 1 if samples else 0
        return fewest <= samples + step and (samples > patients or samples + step < SMALLEST_CELL)
    return samples + step >= SMALLEST_CELL
