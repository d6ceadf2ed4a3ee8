"""The table of patients, read from `table1.csv` of a run folder."""

from collections.abc import Iterable

import pandas as pd

from hybrid_zoo.studies.report_files import TABLE1_HEAD
from hybrid_zoo.studies.spreadsheets import plain_cell
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_numbers import capital, listed

_COLUMNS = {"overall": "Overall", "training": "Training", "test": "Test", "smd": "SMD"}
_NOTE = (
    "Numbers of samples. n (%): of the samples in which it was recorded. Mean (SD) where the "
    "skewness lies within 1 either way and no remainder of few patients would follow from it; "
    "median [quartiles] elsewhere. Cells of fewer than 10 patients are suppressed (<10), and with "
    "them others from which they would follow; levels of fewer than 10 patients are joined. What "
    "was not recorded and the outcomes, which an article must state, are counted nevertheless."
)
_SMD = (
    " SMD: absolute standardised mean difference between training and test, in place of a p-value."
)


def patients_table(
    found: pd.DataFrame, targets: Iterable[str], *, simulated: bool = False
) -> Table | None:
    """Make the table of patients: in all, by part, and by outcome where there is one target.

    Args:
        found: `table1.csv`.
        targets: The targets' names.
        simulated: Whether the patients are made up.

    Returns:
        The table, or None where the run folder has no such file.
    """
    if found.empty:
        return None
    targets = list(targets)
    general = [name for name in _COLUMNS if name in found]
    outcomes = _columns_of(found, targets[0]) if len(targets) == 1 else []
    lacking = [name for name in targets if not _columns_of(found, name)]
    few = (
        f" No columns by outcome for {listed(lacking)}: fewer than 10 patients in one of its parts."
        if lacking
        else ""
    )
    return _table(
        found,
        [*general, *outcomes],
        f"Characteristics of the {'simulated ' if simulated else ''}patients",
        f"{_NOTE}{_SMD if 'smd' in general else ''}{few}",
    )


def outcome_table(found: pd.DataFrame, target: str, caption: str) -> Table | None:
    """Make the table of patients by one outcome.

    Args:
        found: `table1.csv`.
        target: The outcome.
        caption: What the table is.

    Returns:
        The table, or None where there are no such columns.
    """
    columns = _columns_of(found, target)
    if not columns:
        return None
    return _table(found, ["overall", *columns], caption, "As in the table of all patients.")


def _columns_of(found: pd.DataFrame, target: str) -> list[str]:
    names = [str(name) for name in found]
    return [name for name in names if plain_cell(name).startswith(f"{target}: ")]


def _table(found: pd.DataFrame, columns: list[str], caption: str, note: str) -> Table:
    shown = found[[*TABLE1_HEAD, *columns]].map(plain_cell)
    parts = [
        _part(str(name), rows, columns)
        for name, rows in shown.groupby("variable", sort=False)
        if (rows[columns[1:]] != "").to_numpy().any() or len(columns) == 1
    ]
    heads = [_COLUMNS.get(name, plain_cell(name)) for name in columns]
    return Table(
        caption=caption,
        columns=("Characteristic", *heads),
        parts=tuple(parts),
        note=note,
    )


def _part(name: str, rows: pd.DataFrame, columns: list[str]) -> Part:
    """Give a characteristic of several rows a heading; one of a single row is its own."""
    alone = len(rows) == 1
    records = [
        {str(key): str(cell) for key, cell in row.items()} for row in rows.to_dict("records")
    ]
    found = tuple(
        Row(_head(name if alone else "", row), tuple(Cell(row[column]) for column in columns))
        for row in records
    )
    return Part("" if alone else name, found)


def _head(name: str, row: dict[str, str]) -> str:
    what = ", ".join(part for part in (name, row["level"]) if part)
    statistic = row["statistic"]
    return f"{what}, {statistic}" if what else capital(statistic)
