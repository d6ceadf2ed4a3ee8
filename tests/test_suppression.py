"""Small cells are hidden, and nothing that is shown gives them away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from hybrid_zoo.evaluation.suppression import Counts, hide_small, is_small


def counts_of(samples, **options):
    samples = np.array(samples)
    return Counts(samples=samples, patients=samples, overall=samples.sum(axis=1), **options)


class Attacker:
    """Knows every total, every cell that is shown, how hidden ones are called, and arithmetic.

    The unknowns are the cells of all partitions; a level's sum is the same in each.
    """

    def __init__(self, partitions, hidden):
        self.partitions, self.hidden = partitions, hidden
        self.sizes = [p.samples.size for p in partitions]
        self.starts = np.cumsum([0, *self.sizes])
        self.rows, self.values, self.low, self.high = [], [], [], []
        for number, counts in enumerate(partitions):
            self._see(number, counts)

    def index(self, number, level, part):
        return self.starts[number] + level * self.partitions[number].samples.shape[1] + part

    def _sum(self, cells):
        row = np.zeros(self.starts[-1])
        row[cells] = 1
        return row

    def _equal(self, row, value):
        self.rows.append(row)
        self.values.append(value)

    def _see(self, number, counts):
        levels, parts = counts.samples.shape
        for part in range(parts):
            column = [self.index(number, level, part) for level in range(levels)]
            self._equal(self._sum(column), counts.samples[:, part].sum())
        for level in range(levels):
            row = self._sum([self.index(number, level, part) for part in range(parts)])
            if not self.hidden.overall[level]:
                self._equal(row, counts.samples[level].sum())
            if number:
                other = range(self.partitions[0].samples.shape[1])
                self._equal(row - self._sum([self.index(0, level, part) for part in other]), 0)
            for part in range(parts):
                self._bound(counts, number, level, part)

    def _bound(self, counts, number, level, part):
        value = counts.samples[level, part]
        if not self.hidden.parts[number][level]:
            bounds = (value, value)
        elif not self.hidden.named or part in counts.unseen:
            bounds = (0, np.inf)
        else:
            bounds = (0, 9) if value < 10 else (10, np.inf)
        self.low.append(bounds[0])
        self.high.append(bounds[1])

    def totals_called_small(self):
        """What the names of hidden totals add: constraints over a whole level."""
        if not self.hidden.named:
            return []
        found = []
        for level in np.flatnonzero(self.hidden.overall):
            counts = self.partitions[0]
            row = self._sum([self.index(0, level, j) for j in range(counts.samples.shape[1])])
            small = counts.samples[level].sum() < 10
            found.append(LinearConstraint(row, 0 if small else 10, 9 if small else np.inf))
        return found

    def range_of(self, row):
        known = LinearConstraint(np.array(self.rows), self.values, self.values)
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * row,
                constraints=[known, *self.totals_called_small()],
                integrality=np.ones(len(row)),
                bounds=Bounds(self.low, self.high),
            )
            ends.append(found.fun * sign if found.status == 0 else sign * -np.inf)
        return ends

    def works_out(self):
        """The hidden cells that have one possible value only."""
        found = []
        for number, counts in enumerate(self.partitions):
            for level in np.flatnonzero(self.hidden.parts[number]):
                for part in set(range(counts.samples.shape[1])) - set(counts.unseen):
                    low, high = self.range_of(self._sum([self.index(number, level, part)]))
                    found += [(number, level, part)] if high - low < 0.5 else []
        for level in np.flatnonzero(self.hidden.overall):
            parts = range(self.partitions[0].samples.shape[1])
            low, high = self.range_of(self._sum([self.index(0, level, j) for j in parts]))
            found += [("all", level)] if high - low < 0.5 else []
        return found


@st.composite
def tables(draw):
    """Two cuts of the same levels: training and test, and event, none and unknown."""
    levels = draw(st.integers(2, 4))
    cell = st.integers(0, 14) | st.integers(0, 60)
    cube = np.array(draw(st.lists(cell, min_size=levels * 6, max_size=levels * 6)))
    cube = cube.reshape(levels, 2, 3)
    cube[:, :, 2] //= 8
    split, outcome = cube.sum(axis=2), cube.sum(axis=1)
    return cube, split, outcome


@settings(max_examples=60, deadline=None)
@given(tables())
def test_no_hidden_cell_of_a_random_table_can_be_worked_out(found):
    cube, split, outcome = found
    seen = [split.sum(axis=0), outcome[:, :2].sum(axis=0), cube.sum(axis=(1, 2))]
    if any(n.min() < 10 for n in seen[:2]) or seen[2].min() == 0:
        return  # such a part is left out as a whole; such a level does not exist
    partitions = [counts_of(split), counts_of(outcome, unseen=(2,))]
    hidden = hide_small(partitions)
    for counts, levels in zip(partitions, hidden.parts, strict=True):
        small = np.delete(is_small(counts.samples), counts.unseen, axis=1).any(axis=1)
        assert (levels >= small).all() and (levels >= hidden.overall).all()
    assert (hidden.overall >= is_small(partitions[0].overall)).all()
    assert not Attacker(partitions, hidden).works_out()


def test_the_attacker_of_these_tests_does_work_out_what_is_hidden_alone():
    class Alone:
        overall, parts, named = np.array([False, False]), (np.array([True, False]),), True

    assert Attacker([counts_of([[8, 100], [30, 62]])], Alone).works_out() == [(0, 0, 0), (0, 0, 1)]


def test_nothing_is_hidden_where_no_cell_is_small():
    hidden = hide_small([counts_of([[40, 10], [0, 20]])])
    assert not hidden.overall.any() and not hidden.parts[0].any()


@pytest.mark.parametrize("samples", [[[8, 100], [30, 62]], [[100, 30], [8, 62]]])
def test_one_small_cell_of_four_hides_all_four_but_no_total(samples):
    hidden = hide_small([counts_of(samples)])
    assert hidden.parts[0].all() and not hidden.overall.any() and hidden.named


def test_the_smallest_other_level_is_hidden_with_a_small_one_and_what_is_missing_last():
    samples = [[3, 2], [100, 100], [30, 60], [1, 2]]
    hidden = hide_small([counts_of(samples, exempt=(3,))])
    assert hidden.overall.tolist() == hidden.parts[0].tolist() == [True, False, True, False]


def test_cells_that_their_name_would_give_away_are_not_called_small():
    hidden = hide_small([counts_of([[9, 100], [9, 62]])])  # 18 in all, and neither above 9
    assert hidden.parts[0].all() and not hidden.named


def test_a_missing_count_is_shown_unless_it_tells_how_few_are_not():
    shown = hide_small([counts_of([[100, 90], [3, 2]], exempt=(1,))])
    assert not shown.overall.any() and not shown.parts[0].any()
    few = hide_small([counts_of([[5, 30], [95, 62]], exempt=(1,))])
    assert few.parts[0].all() and not few.overall.any()


def test_samples_of_few_patients_are_hidden_however_many_they_are():
    samples = np.array([[40, 100], [100, 100]])
    counts = Counts(
        samples=samples, patients=np.array([[4, 50], [50, 50]]), overall=np.array([54, 100])
    )
    assert hide_small([counts]).parts[0].all()
