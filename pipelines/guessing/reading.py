"""All tables that a user points at."""

from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import ConfigError, DataError
from hybrid_zoo.pipelines.guessing.cells import clean
from hybrid_zoo.pipelines.guessing.delimited import read_delimited
from hybrid_zoo.pipelines.guessing.headers import with_header
from hybrid_zoo.pipelines.guessing.sheet import Sheet
from hybrid_zoo.pipelines.guessing.workbook import read_workbook
from hybrid_zoo.pipelines.values import as_text

TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_WORKBOOK = (".xlsx", ".xlsm")
_PARQUET = ".parquet"
_OLD = (".xls", ".ods", ".sav", ".dta", ".sas7bdat", ".rds")
_OURS = ("quarantine.csv", "manifest.csv", "unmatched_images.csv")  # written by this package


def find_tables(inputs: list[Path]) -> list[Path]:
    """Find the tables among files, and directly in folders.

    Args:
        inputs: Files and folders.

    Raises:
        ConfigError: If an input does not exist.
    """
    found: list[Path] = []
    for path in inputs:
        if not path.exists():
            raise ConfigError(f"{path} does not exist; expected a folder or a table.")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [p for p in inside if p.is_file() and _is_table(p) and p.name not in _OURS]
    return found


def _is_table(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "~$"))  # ~$ is what Excel keeps beside an open workbook
    return name.endswith((*TEXT, *_WORKBOOK, _PARQUET)) and not hidden


def unread_tables(inputs: list[Path]) -> list[str]:
    """Name files that are tables of a kind that is not read.

    Args:
        inputs: Files and folders.
    """
    inside = [p for path in inputs for p in (path.iterdir() if path.is_dir() else [path])]
    return sorted(p.name for p in inside if p.name.lower().endswith(_OLD))


def read_sheets(path: Path) -> list[Sheet]:
    """Read every table of a file, cleaned, with a note for everything that was done to it.

    Args:
        path: `.csv`, `.csv.gz`, `.tsv`, `.parquet` or `.xlsx`.

    Raises:
        DataError: If it cannot be read; the message names the file and what to do.
    """
    name = path.name.lower()
    if name.endswith(_PARQUET):
        return [clean(Sheet(path.name, _parquet(path)))]
    if name.endswith(_WORKBOOK):
        sheets = read_workbook(path)
        many = len(sheets) > 1
        names = [f"{path.name}:{tab}" if many else path.name for tab, _, _ in sheets]
        return [_sheet(n, *found[1:]) for n, found in zip(names, sheets, strict=True)]
    return [_sheet(path.name, *read_delimited(path))]


def _sheet(name: str, cells: pd.DataFrame, notes: list[str]) -> Sheet:
    frame, more = with_header(cells)
    return clean(Sheet(name, frame, (*notes, *more)))


def _parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no Parquet file ({type(error).__name__}).") from None
    if frame.index.name is not None:
        frame = frame.reset_index()
    return frame.rename(columns=str).apply(as_text)
