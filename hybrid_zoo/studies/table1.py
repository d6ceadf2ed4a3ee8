"""`table1.csv`: the patients of a study, in all, by part and by outcome; small cells hidden."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.evaluation.suppression import SMALLEST_CELL, Counts, Hidden, hide_small, is_small
from hybrid_zoo.studies.characteristics import Characteristic, characteristics
from hybrid_zoo.studies.flow import study_parts
from hybrid_zoo.studies.report_files import TABLE1, TABLE1_HEAD
from hybrid_zoo.studies.scoring import Result
from hybrid_zoo.studies.spreadsheets import safe_cell
from hybrid_zoo.studies.table1_statistics import (
    has_long_tail,
    mean_and_sd,
    median_and_quartiles,
    share,
    standardised_difference,
)
from hybrid_zoo.studies.words_numbers import MISSING, number, whole

FEW, SUPPRESSED = f"<{SMALLEST_CELL}", "suppressed"
_SMD = "smd"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A way to part the samples.

    Args:
        columns: Names of the parts that are shown; each holds at least 10 patients.
        part: `(samples,)` position in `columns`; one beyond them where the label is unknown.
        outcome: Whether the parts are classes of an outcome.
    """

    columns: tuple[str, ...]
    part: np.ndarray
    outcome: bool


@dataclass(frozen=True)
class _Column:
    """The samples of a column, which levels are hidden in it, and the patients of each level."""

    rows: np.ndarray
    levels: np.ndarray
    patients: np.ndarray
    hidden: Hidden


def write_table1(folder: Path, result: Result) -> None:
    """Write `table1.csv`: numbers of samples, means and medians, never a sample's own.

    Args:
        folder: The run folder.
        result: What the rounds brought.

    Source:
        STROBE, item 14, and TRIPOD+AI, items 20b and 20c: no p-values, but standardised differences
        between training and test. Own, since tableone 0.9.6 hides no small cell and would bring
        statsmodels and openpyxl.
    """
    arrays = result.arrays
    cuts = [*_split(result), *_by_outcome(result)]
    rows = [
        *_totals(arrays.patient_ids, cuts),
        *(
            row
            for described in characteristics(result.cohort, arrays)
            for row in _rows(described, arrays.patient_ids, cuts)
        ),
    ]
    table = pd.DataFrame(rows, columns=[*TABLE1_HEAD, *_columns(cuts)])
    safe = table.map(safe_cell).rename(columns=safe_cell)
    safe.to_csv(folder / TABLE1, index=False, lineterminator="\n")


def _split(result: Result) -> Iterator[Cut]:
    parts = study_parts(result)
    if len(parts) > 1:
        part = np.full(len(result.arrays), len(parts))
        for number_of_part, rows in enumerate(parts.values()):
            part[rows] = number_of_part
        yield from _large_enough(result, Cut(columns=tuple(parts), part=part, outcome=False))


def _by_outcome(result: Result) -> Iterator[Cut]:
    arrays = result.arrays
    for target, labels in arrays.labels.items():
        classes = arrays.classes.get(target) or ("without event", "with event")
        part = np.where(np.isfinite(labels), labels, len(classes)).astype(int)
        columns = tuple(f"{target}: {name}" for name in classes)
        yield from _large_enough(result, Cut(columns=columns, part=part, outcome=True))


def _large_enough(result: Result, cut: Cut) -> Iterator[Cut]:
    """Leave out a cut with a part of few patients: every cell in it would be hidden."""
    patients = result.arrays.patient_ids
    sizes = [len(set(patients[cut.part == part])) for part in range(len(cut.columns))]
    if min(sizes) >= SMALLEST_CELL:
        yield cut


def _columns(cuts: list[Cut]) -> list[str]:
    found = ["overall"]
    for cut in cuts:
        found += [*cut.columns, *([] if cut.outcome else [_SMD])]
    return found


def _totals(patients: np.ndarray, cuts: list[Cut]) -> Iterator[dict[str, str]]:
    masks = {"overall": np.ones(len(patients), dtype=bool)}
    for cut in cuts:
        masks |= {name: cut.part == place for place, name in enumerate(cut.columns)}
    sizes = {name: len(set(patients[mask])) for name, mask in masks.items()}
    few = sizes["overall"] < SMALLEST_CELL
    samples = {name: FEW if few else whole(mask.sum()) for name, mask in masks.items()}
    found = {name: FEW if few else whole(size) for name, size in sizes.items()}
    blank = dict.fromkeys([*TABLE1_HEAD, *_columns(cuts)], "")
    yield blank | {"variable": "Samples", "statistic": "n"} | samples
    yield blank | {"variable": "Patients", "statistic": "n"} | found


def _rows(
    described: Characteristic, patients: np.ndarray, cuts: list[Cut]
) -> Iterator[dict[str, str]]:
    blank = dict.fromkeys([*TABLE1_HEAD, *_columns(cuts)], "") | {"variable": described.name}
    cuts = [cut for cut in cuts if described.by_outcome or not cut.outcome]
    # Without a cut the samples are counted in one part, which is the whole.
    everyone = Cut(columns=("overall",), part=np.zeros(len(patients), dtype=int), outcome=False)
    counted = [_counted(described, patients, cut) for cut in cuts or [everyone]]
    hidden = hide_small(counted)
    median = _tells_median(described, counted)
    found = {
        "overall": _Column(everyone.part == 0, hidden.overall, counted[0].overall, hidden),
        **_columns_of(cuts, counted, hidden),
    }
    differences = _differences(described, cuts, hidden)
    for level in _levels_shown(described):
        cells = {name: _cell(described, level, column, median) for name, column in found.items()}
        yield blank | _head(described, level, median) | cells | differences
        differences = {}  # on the first of its rows


def _columns_of(cuts: list[Cut], counted: list[Counts], hidden: Hidden) -> dict[str, _Column]:
    return {
        name: _Column(cut.part == place, levels, counts.patients[:, place], hidden)
        for cut, levels, counts in zip(cuts, hidden.parts, counted, strict=False)
        for place, name in enumerate(cut.columns)
    }


def _counted(described: Characteristic, patients: np.ndarray, cut: Cut) -> Counts:
    """Count the samples and the patients of every level in every part."""
    shown = len(cut.columns)
    unseen = (shown,) if (cut.part == shown).any() else ()
    size = (len(described.levels), shown + len(unseen))
    samples = np.zeros(size, dtype=int)
    np.add.at(samples, (described.codes, cut.part), 1)
    each = pd.DataFrame({"level": described.codes, "part": cut.part, "patient": patients})
    different = np.zeros(size, dtype=int)
    once = each.drop_duplicates()
    np.add.at(different, (once["level"], once["part"]), 1)
    anywhere = each.drop_duplicates(["level", "patient"])["level"]
    return Counts(
        samples=samples,
        patients=different,
        overall=np.bincount(anywhere, minlength=size[0]),
        exempt=described.exempt,
        unseen=unseen,
    )


def _tells_median(described: Characteristic, counted: list[Counts]) -> bool:
    """Tell whether a mean would mislead, or would leave that of few when columns are subtracted."""
    if described.values is None:
        return False
    left = [counts.patients[0, part] for counts in counted for part in counts.unseen]
    return has_long_tail(described.values) or bool(is_small(np.array(left)).any())


def _levels_shown(described: Characteristic) -> list[int]:
    numbers = [0] if described.values is not None else []
    found = [*numbers, *described.listed]
    lacks = (described.codes == described.missing).any()
    return [level for level in found if level != described.missing or lacks]


def _head(described: Characteristic, level: int, median: bool) -> dict[str, str]:
    if described.values is not None and level == 0:
        statistic = "median [quartiles]" if median else "mean (SD)"
        return {"level": described.label, "statistic": statistic}
    statistic = "n" if level == described.missing else "n (%)"
    return {"level": described.label or described.levels[level], "statistic": statistic}


def _cell(described: Characteristic, level: int, column: _Column, median: bool) -> str:
    if column.levels[level]:
        return _name(column.hidden.named, column.patients[level])
    codes = described.codes[column.rows]
    if level == described.missing:
        return whole((codes == level).sum())
    if described.values is None:
        recorded = codes if described.of_all else codes[codes != described.missing]
        return share(int((codes == level).sum()), len(recorded))
    known = described.values[column.rows & (described.codes != described.missing)]
    if not len(known):
        return MISSING
    return median_and_quartiles(known) if median else mean_and_sd(known)


def _name(named: bool, patients: int) -> str:
    return FEW if named and patients < SMALLEST_CELL else SUPPRESSED


def _differences(described: Characteristic, cuts: list[Cut], hidden: Hidden) -> dict[str, str]:
    """Compare training and test, unless a hidden cell could be worked out from it."""
    for cut, levels in zip(cuts, hidden.parts, strict=False):
        if not cut.outcome:
            if levels.any():
                return {_SMD: SUPPRESSED}
            first, second = ((cut.part == part) for part in (0, 1))
            return {_SMD: number(standardised_difference(described, first, second), 2)}
    return {}
