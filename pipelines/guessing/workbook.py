"""Excel workbooks, by openpyxl."""

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.guessing.sheet import counted

_ENCRYPTED_OR_OLD = b"\xd0\xcf\x11\xe0"  # an OLE file: a workbook with a password, or an .xls


def read_workbook(path: Path) -> list[tuple[str, pd.DataFrame, list[str]]]:
    """Read every sheet of a workbook that holds anything.

    Args:
        path: `.xlsx` or `.xlsm`.

    Returns:
        Name of the sheet, its cells as text, `""` where empty, and what was found out.

    Raises:
        DataError: If it has a password, is damaged, or holds nothing.
        ImportError: If openpyxl is not installed; the message says how to install it.
    """
    openpyxl = _openpyxl()
    if path.read_bytes()[:4] == _ENCRYPTED_OR_OLD:
        raise DataError(
            f"{path} has a password or is an old .xls file; save it in Excel as .xlsx "
            "without a password, or as CSV UTF-8."
        )
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, TypeError) as error:
        raise DataError(
            f"{path} is damaged or no workbook ({type(error).__name__}); open it in Excel and save "
            "it again as .xlsx, or as CSV UTF-8."
        ) from None
    sheets = [(sheet.title, *_cells(sheet)) for sheet in book.worksheets]
    filled = [(name, cells, notes) for name, cells, notes in sheets if (cells != "").any(axis=None)]
    if not filled:
        raise DataError(f"{path} holds no cell; expected a table with a row of column names.")
    return filled


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        raise ImportError(
            "Excel workbooks need openpyxl: pip install 'hybrid-zoo[tables]', or save the "
            "table as CSV UTF-8"
        ) from None
    return openpyxl


def _cells(sheet: Any) -> tuple[pd.DataFrame, list[str]]:
    rows = [[_text(cell) for cell in row] for row in sheet.iter_rows()]
    cells = np.array(rows, dtype=object).reshape(len(rows), -1)
    for area in sheet.merged_cells.ranges:
        rows_of = slice(area.min_row - 1, area.max_row)
        cells[rows_of, area.min_col - 1 : area.max_col] = cells[area.min_row - 1, area.min_col - 1]
    merged = len(sheet.merged_cells.ranges)
    notes = [f"{counted(merged, 'merged area')}: each cell got the area's text"] if merged else []
    return pd.DataFrame(cells, dtype=str), notes


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and value == int(value):
        # A format of zeros is how Excel shows the leading zeros of a number: 00042.
        width = len(cell.number_format) if re.fullmatch("0+", str(cell.number_format)) else 0
        return str(int(value)).zfill(width)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return str(value)
