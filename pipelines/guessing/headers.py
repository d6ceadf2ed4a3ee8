"""Finds the row of column names, and takes away what is no data: blank lines, titles, units."""

import re

import pandas as pd

from hybrid_zoo.pipelines.guessing.sheet import counted, listed

_LOOK = 15  # rows among which the names are looked for
_FULL = 0.6  # of the columns are named by a row of names
_VALUE = r"[-+<>=~ ]*[\d.,:/\- ]*\d[\d.,:/\-Tt ]*%?"  # numbers, dates and times


def with_header(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Turn cells into a table with one row of names.

    Args:
        cells: All cells as text, `""` where empty.

    Returns:
        The table, NaN where a cell is empty, with distinct names; and what was done.
    """
    cells = cells.apply(lambda column: column.str.replace("\xa0", " ").str.strip())
    body, notes = _without_blanks(cells)
    place = _find(body.head(_LOOK))
    if place is None:
        notes.append("no row of names was found: columns are named by their place")
        names = [f"column_{k + 1}" for k in range(body.shape[1])]
        return _named(body, names), notes
    if place:
        notes.append(f"{counted(place, 'row')} above the row of names left out (title, groups)")
    names, renamed = _distinct(body.iloc[place].tolist(), _groups(body, place))
    body = body.iloc[place + 1 :]
    for found in (_units(body), _tail(body)):
        body = body.drop(index=found[0])
        notes += [found[1]] if len(found[0]) else []
    return _named(body, names), notes + renamed


def _named(body: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return body.set_axis(names, axis=1).reset_index(drop=True).replace("", None).astype("str")


def _without_blanks(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    filled = cells != ""
    rows, columns = filled.any(axis=1), filled.any(axis=0)
    # Empty lines at the end are how every file ends.
    last = int(rows.to_numpy().nonzero()[0].max()) if rows.any() else -1
    blank = int((~rows.iloc[: last + 1]).sum()), int((~columns).sum())
    words = zip(blank, ("blank row", "blank column"), strict=True)
    notes = [f"{counted(number, what)} left out" for number, what in words if number]
    return cells.loc[rows, columns].reset_index(drop=True), notes


def _find(head: pd.DataFrame) -> int | None:
    """Return the first row that names most columns in words, most of them differently."""
    for row in range(len(head)):
        cells = _filled(head, row)
        if len(cells) < max(_FULL * head.shape[1], min(2, head.shape[1])):
            continue
        if sum(map(_is_value, cells)) > 0.2 * len(cells):
            return None  # data already
        if not _above_names(head, row):
            return row
    return None


def _above_names(head: pd.DataFrame, row: int) -> bool:
    """Tell whether a row is a title or names groups, and the names themselves stand below it."""
    upper, lower = _filled(head, row), _filled(head, row + 1)
    different = len(set(upper))
    if different == 1 and head.shape[1] > 1:
        return True
    if different == head.shape[1] or len(set(lower)) < different or any(map(_is_value, lower)):
        return False
    return any(map(_is_value, _filled(head, row + 2) + _filled(head, row + 3)))


def _filled(head: pd.DataFrame, row: int) -> list[str]:
    return [cell for cell in head.iloc[row] if cell] if row < len(head) else []


def _is_value(cell: str) -> bool:
    return re.fullmatch(_VALUE, cell) is not None


def _groups(body: pd.DataFrame, place: int) -> list[str]:
    """Return the group that stands above each column, if the row above the names has groups."""
    if place == 0:
        return [""] * body.shape[1]
    above = body.iloc[place - 1].replace("", None).ffill().fillna("")
    return above.tolist() if above[above != ""].nunique() > 1 else [""] * body.shape[1]


def _distinct(raw: list[str], groups: list[str]) -> tuple[list[str], list[str]]:
    """Name nameless columns by their place, and tell columns of one name apart."""
    names = [" ".join(name.split()) for name in raw]
    final: list[str] = []
    nameless, renamed = [], []
    for place, name in enumerate(names):
        group, twice = groups[place], names.count(name) > 1
        new = _free(f"{group * twice} {name}".strip() if name else "", place, final)
        final.append(new)
        if not name:
            nameless.append(new)
        elif new != name:
            renamed.append(f"{name!r} to {new!r}")
    notes = [f"columns without a name: {listed(nameless)}"] if nameless else []
    notes += [f"columns of the same name renamed: {listed(renamed, 8)}"] if renamed else []
    return final, notes


def _free(name: str, place: int, taken: list[str]) -> str:
    name = name or f"column_{place + 1}"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _units(body: pd.DataFrame) -> tuple[list[int], str]:
    """Find a row of units: words in most of the columns that hold numbers from there on."""
    if len(body) < 6:
        return [], ""
    number = body.iloc[1:200].apply(lambda column: column.str.fullmatch(_VALUE)).mean()
    numeric = number.index[number > 0.5]
    first = body.iloc[0][numeric]
    words = (first != "") & ~first.str.fullmatch(_VALUE)
    if len(numeric) < 2 or words.sum() < max(2, 0.5 * len(numeric)):
        return [], ""
    return [body.index[0]], "a row below the names holds units, no data: left out"


def _tail(body: pd.DataFrame) -> tuple[list[int], str]:
    """Find rows at the end that hold one cell only: sources, legends, sums."""
    if body.shape[1] < 4:
        return [], ""
    lonely = (body != "").sum(axis=1) <= 1
    rest = lonely.to_numpy()[::-1]
    number = int(rest.argmin()) if not rest.all() else 0
    found = list(body.index[len(body) - number :])
    return found, f"{counted(number, 'row')} at the end with a single cell left out (a legend)"
