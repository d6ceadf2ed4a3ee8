"""Reads one table of a cohort folder as text."""

import csv
import gzip
import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.writing import SUFFIXES
from hybrid_zoo.registry import nearest

QUARANTINE_COLUMNS = ("table", "row", "file", "column", "reason")
_ROW = "row of the file"


@dataclass
class Quarantine:
    """Collects what could not be used: table, 1-based data row, file, column and reason."""

    parts: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self, table: str, rows: Iterable[int], reason: str, column: str = "", file: str = ""
    ) -> None:
        """Add rows that share one reason.

        Args:
            table: Table name.
            rows: 1-based data rows as in the file.
            reason: Why; without the value itself.
            column: The column at fault, empty for a whole row.
            file: The image file at fault, as the table names it.
        """
        rows = list(rows)
        if rows:
            part = {"table": table, "row": rows, "file": file, "column": column, "reason": reason}
            self.parts.append(pd.DataFrame(part))

    def frame(self) -> pd.DataFrame:
        """Return everything collected, ordered by table and row."""
        if not self.parts:
            text = {name: pd.Series(dtype=str) for name in QUARANTINE_COLUMNS}
            return pd.DataFrame(text | {"row": pd.Series(dtype="int64")})
        everything = pd.concat(self.parts, ignore_index=True)[list(QUARANTINE_COLUMNS)]
        return everything.sort_values(["table", "row", "column"], ignore_index=True)


def read_table(folder: Path, name: str, quarantine: Quarantine) -> pd.DataFrame | None:
    """Read a table, whichever of the three formats it has.

    Args:
        folder: The cohort folder.
        name: `samples`, `images`, `events` or `notes`.
        quarantine: Takes CSV rows that have more cells than the header.

    Returns:
        The table with its 1-based data rows as index, CSV cells as text; None if there is no file.

    Raises:
        CohortError: If the table exists twice, or cannot be read as a table at all.
    """
    path = _find_file(folder, name)
    if path is None:
        return None
    try:
        frame = _read_file(path, name, quarantine)
    except pd.errors.EmptyDataError:
        raise CohortError(f"{path} is empty; expected a line of column names.") from None
    except UnicodeDecodeError:
        raise CohortError(f"{path} is not UTF-8 text; save it as CSV UTF-8.") from None
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as e:
        raise CohortError(f"{path} cannot be read as a table ({type(e).__name__}).") from None
    return with_row_numbers(frame, name)


def rows_read(tables: Mapping[str, pd.DataFrame], quarantine: Quarantine) -> dict[str, int]:
    """Count the rows of tables that nothing has been taken out of but rows with too many cells.

    Args:
        tables: Name to table, as read.
        quarantine: Holds those rows, and nothing else yet.

    Returns:
        Table to its rows in the file, empty ones left out.
    """
    torn = quarantine.frame()["table"].value_counts()
    return {name: len(table) + int(torn.get(name, 0)) for name, table in tables.items()}


def _find_file(folder: Path, name: str) -> Path | None:
    files = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    files = [file for file in files if file.exists()]
    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise CohortError(f"{folder} holds {names}; expected one file per table. Remove the other.")
    return files[0] if files else None


def with_row_numbers(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Number the rows from 1, and take empty rows out.

    Args:
        frame: A table as read or as given by the user.
        name: The table, for messages.

    Raises:
        CohortError: If two columns have the same name.
    """
    if frame.index.name != _ROW:
        if frame.index.name is not None and frame.index.name not in frame.columns:
            frame = frame.reset_index()
        frame = frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name=_ROW), axis=0)
    frame = frame.rename(columns=str)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise CohortError(f"table {name} has two columns named {twice[0]!r}; rename one.")
    return frame.dropna(how="all")


def _read_file(path: Path, name: str, quarantine: Quarantine) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, encoding="utf-8-sig")
    columns = ["" if pd.isna(cell) else str(cell) for cell in header.iloc[0]]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return _read_csv(path, columns)
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        return _read_ragged_csv(path, columns, name, quarantine)


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    frame = pd.read_csv(
        path,
        header=None,
        names=range(len(columns)),
        skiprows=1,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        encoding="utf-8-sig",
        skip_blank_lines=False,
        index_col=False,
    )
    return frame.set_axis(columns, axis=1)


def _read_ragged_csv(
    path: Path, columns: list[str], name: str, quarantine: Quarantine
) -> pd.DataFrame:
    """Read a CSV file some of whose rows have too many cells: only those rows are set aside."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file)][1:]
    width = len(columns)
    long = [number for number, row in enumerate(rows, 1) if any(row[width:])]
    quarantine.add(name, long, f"more cells than the {width} columns of the header")
    cells = [[cell or None for cell in row] + [None] * (width - len(row)) for row in rows]
    frame = pd.DataFrame([row[:width] for row in cells], columns=columns, dtype=str)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name=_ROW)
    return frame.drop(index=long)


def require_columns(frame: pd.DataFrame, table: str, columns: Iterable[str]) -> None:
    """Check that a table has some columns.

    Args:
        frame: The table.
        table: Its name, for messages.
        columns: The names that must be there.

    Raises:
        CohortError: Naming the missing column and the nearest one that exists.
    """
    known = [str(column) for column in frame.columns]
    for column in columns:
        if column in known:
            continue
        hint = nearest(column, known)
        if len(known) == 1 and ";" in known[0]:
            hint = " The file seems to be separated by ';': save it separated by ','."
        raise CohortError(f"table {table} has no column {column!r}; it has {known}.{hint}")
