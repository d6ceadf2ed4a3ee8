"""Dates written as text, in whatever order of day, month and year."""

from dataclasses import dataclass

import pandas as pd

MOST = 0.9
"""Of the known cells must be dates, for a column to be one of dates."""

_SHAPE = (
    r"\d{1,4}[-./]\d{1,2}[-./]\d{2,4}([ T,]+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[ .-]*[A-Za-z]{3,9}[ .,-]*\d{4}.*"
)
_COMPACT = r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])"  # 20231231
_LOOK = 400  # cells that decide whether a column holds dates at all


@dataclass(frozen=True, eq=False)
class Dates:
    """A column of dates.

    Args:
        values: Their time stamps, NaT where unknown or unreadable.
        day_first: How days and months were told apart.
        unread: Known cells that are no dates.
    """

    values: pd.Series
    day_first: str
    unread: int


def looks_like_dates(column: pd.Series, *, compact: bool = False) -> bool:
    """Tell whether nearly all known cells of a column have the form of a date.

    Args:
        column: Text.
        compact: Its name says that it is a date, so that `20231231` is one too.
    """
    known = column.dropna().head(_LOOK)
    shape = f"{_SHAPE}|{_COMPACT}" if compact else _SHAPE
    return len(known) > 0 and bool(known.str.fullmatch(shape).mean() >= MOST)


def read_dates(column: pd.Series) -> Dates:
    """Read a column of dates; which part is the day follows from the column as a whole.

    Args:
        column: Text, NaN where unknown.
    """
    first, words = _day_first(column)
    values = pd.to_datetime(column, dayfirst=first, format="mixed", errors="coerce", utc=True)
    values = values.dt.tz_localize(None)
    return Dates(values, words, int((values.isna() & column.notna()).sum()))


def _day_first(column: pd.Series) -> tuple[bool, str]:
    """Decide by the cells that can be read in one way only."""
    parts = column.dropna().str.extract(r"^(\d{1,2})([-./])(\d{1,2})[-./]\d{2,4}").dropna()
    if parts.empty:
        return False, "year, month, day" if column.notna().any() else ""
    first, second = parts[0].astype(int), parts[2].astype(int)
    if (first > 12).any():
        mixed = "; some cells have the month first" if (second > 12).any() else ""
        return True, f"day first, since a first part is above 12{mixed}"
    if (second > 12).any():
        return False, "month first, since a second part is above 12"
    return True, "AMBIGUOUS: taken as day first, but no cell shows which part is the day"
