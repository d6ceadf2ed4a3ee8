"""Numbers as people write them: decimal commas, thousands, units."""

import re

import pandas as pd

from hybrid_zoo.pipelines.guessing.sheet import counted

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf"
MOST = 0.8
"""Of the known cells must be numbers, for a column to be one of numbers."""

_COMMA = r"[+-]?(\d+|\d{1,3}(\.\d{3})+|\d{1,3}([' ]\d{3})+),\d+"  # 1,5 and 1.234,5
_THOUSANDS = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?|[+-]?\d{1,3}([' ]\d{3})+(\.\d+)?"  # 1,234.5
_POINTS = r"[+-]?\d{1,3}(\.\d{3}){2,}"  # 1.234.567
_UNIT = re.compile(r"\s*(%|[a-zA-Zµ°/²³]{1,8}[a-zA-Zµ°/²³\d]*)$")


def with_numbers(column: pd.Series, *, commas: bool) -> tuple[pd.Series, list[str]]:
    """Write the numbers of a column as `1234.5`, if most of its cells are numbers.

    Args:
        column: Text, NaN where not recorded.
        commas: The table writes decimal commas, so that `1,234` is a little more than one.

    Returns:
        The column, changed only in cells that are numbers in another form; what was done.
    """
    known = column.dropna()
    if not len(known) or _share(known) >= 1:
        return column, []
    bare, notes = _without_unit(known)
    for change in (_points, _decimal_commas if commas else _thousands, _decimal_commas):
        bare, note = change(bare)
        notes += [note] if note else []
    if not notes or _share(bare) < MOST:
        return column, []
    column = column.copy()
    changed = bare.index[bare.str.fullmatch(NUMBER)]
    column[changed] = bare[changed]
    return column, notes


def writes_commas(frame: pd.DataFrame) -> bool:
    """Tell whether a table writes decimal commas anywhere beyond doubt.

    Args:
        frame: Text cells.
    """
    head = frame.head(500)
    return any(
        (_matches(head[name], _COMMA) & ~_matches(head[name], _THOUSANDS)).mean() > 0.1
        for name in head
    )


def _share(column: pd.Series) -> float:
    return float(_matches(column, NUMBER).mean())


def _matches(column: pd.Series, pattern: str) -> pd.Series:
    return column.str.fullmatch(pattern, flags=re.IGNORECASE).fillna(False).astype(bool)


def _without_unit(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """Take a unit off, if all cells that have one have the same."""
    ends = column.str.extract(_UNIT, expand=False)
    starts = column.str.match(r"[+-]?[\d.,' ]*\d")
    units = ends[starts & ends.notna()].unique()
    if len(units) != 1 or (starts & ends.notna()).mean() < 0.2 or units[0].lower().startswith("e"):
        return column, []
    bare = column.where(~(starts & ends.notna()), column.str.replace(_UNIT, "", regex=True))
    return bare, [f"the unit {units[0]!r} taken off {counted(int(ends.notna().sum()), 'cell')}"]


def _points(column: pd.Series) -> tuple[pd.Series, str]:
    found = _matches(column, _POINTS)
    note = f"points between thousands taken out of {counted(int(found.sum()), 'cell')}"
    return _replaced(column, found, {".": ""}, note)


def _thousands(column: pd.Series) -> tuple[pd.Series, str]:
    """Read `1,234` as a thousand, unless another cell shows that commas are decimal here."""
    found = _matches(column, _THOUSANDS)
    if (_matches(column, _COMMA) & ~found).any():
        return column, ""
    note = f"marks between thousands taken out of {counted(int(found.sum()), 'cell')}"
    return _replaced(column, found, {",": "", "'": "", " ": ""}, note)


def _decimal_commas(column: pd.Series) -> tuple[pd.Series, str]:
    found = _matches(column, _COMMA)
    note = f"decimal commas turned into points in {counted(int(found.sum()), 'cell')}"
    return _replaced(column, found, {".": "", "'": "", " ": "", ",": "."}, note)


def _replaced(
    column: pd.Series, found: pd.Series, marks: dict[str, str], note: str
) -> tuple[pd.Series, str]:
    if not found.any():
        return column, ""
    text = column[found]
    for old, new in marks.items():
        text = text.str.replace(old, new, regex=False)
    column = column.copy()
    column[found] = text
    return column, note
