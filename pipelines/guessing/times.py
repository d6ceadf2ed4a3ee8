"""When something was recorded: in hours from the sample's index time."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.guessing.dates import read_dates
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.words import plain, says

_HOURS = {
    r"\b(s|sec|secs|seconds?|sekunden?|secondes?)\b": 1 / 3600,
    r"\b(m|min|mins|minutes?|minuten?)\b": 1 / 60,
    r"\b(h|hr|hrs|hours?|std|stunden?|heures?|horas?)\b": 1.0,
    r"\b(d|days?|tage?|jours?|dias?|giorni|dagen)\b": 24.0,
    r"\b(weeks?|wochen?|semaines?|semanas?)\b": 168.0,
    r"\b(months?|monate?|mois|mes|meses)\b": 730.5,
    r"\b(years?|jahre?|annees?|ans)\b": 8766.0,
}
_TIME = r"time|zeit|datum|date|temps|heure|\bt\b|offset|stamp|fecha|hora|charttime"
_SINCE = r"since|admi|aufnahme|index|\bseit\b|depuis|entree|baseline"


@dataclass(frozen=True)
class Clock:
    """The column that tells when.

    Args:
        column: Its name.
        factor: Hours per unit; 0 if it holds dates.
        words: What was guessed.
    """

    column: str
    factor: float
    words: str


def find_clock(columns: dict[str, Column], stem: str) -> Clock | None:
    """Find the column that tells when a row was recorded.

    Args:
        columns: What the columns of a table are.
        stem: Its name, which a column may repeat: `lab_day` of `labs`.
    """
    sides = {"w", "width", "orig w"} & {plain(name) for name in columns}
    heights = {"h", "height", "orig h"} if sides else set()
    fit = [c for c in columns.values() if _may_tell(c) and plain(c.name) not in heights]
    if not fit:
        return None
    best = max(fit, key=lambda c: (_since(c.name), _own(c.name, stem), c.levels))
    return _read_as(best, [c.name for c in fit if c is not best])


def _read_as(best: Column, others: list[str]) -> Clock:
    beside = f" (not {', '.join(others)})" if others else ""
    if best.kind == "date":
        return Clock(best.name, 0.0, f"hours from the dates of {best.name!r}{beside}")
    factors = [factor for unit, factor in _HOURS.items() if re.search(unit, plain(best.name))]
    unit = "" if factors else ": UNIT UNKNOWN, taken as hours"
    factor = (*factors, 1.0)[0]
    return Clock(best.name, factor, f"hours are {best.name!r} x {factor:.4g}{unit}{beside}")


def _may_tell(column: Column) -> bool:
    name = plain(column.name)
    if says(column.name, "birth"):
        return False
    if column.kind == "date":
        return True
    numeric = column.kind in ("numeric", "categorical") and column.levels > 1
    units = "|".join(_HOURS)
    return (
        numeric and bool(re.search(f"{_TIME}|{units}", name)) and not says(column.name, "outcome")
    )


def _since(name: str) -> bool:
    return re.search(_SINCE, plain(name)) is not None


def _own(name: str, stem: str) -> bool:
    words = {word.rstrip("s") for word in plain(stem).split()}
    return bool(words & {word.rstrip("s") for word in plain(name).split()})


def index_dates(
    frame: pd.DataFrame, columns: dict[str, Column], ids: pd.Series
) -> pd.Series | None:
    """Return the index time of each sample, if the samples table has a date that may be it.

    Args:
        frame: The samples table.
        columns: What its columns are.
        ids: Its samples, which become the index.
    """
    dates = [c.name for c in columns.values() if c.kind == "date" and _may_begin(c.name)]
    if not dates:
        return None
    best = max(dates, key=lambda name: (says(name, "index"), -dates.index(name)))
    return read_dates(frame[best]).values.rename(best).set_axis(ids.to_numpy())


def _may_begin(name: str) -> bool:
    return not says(name, "birth") and not says(name, "outcome")


def hours(
    column: pd.Series, clock: Clock, ids: pd.Series, index: pd.Series | None
) -> tuple[pd.Series, str]:
    """Return hours from the sample's index time, NaN where unknown.

    Args:
        column: The clock's column, text.
        clock: How to read it.
        ids: The sample of each row.
        index: Sample to its index time; without it, dates count from the sample's first row.

    Returns:
        The hours, rounded to seconds; what was done.
    """
    if clock.factor:
        numbers = pd.to_numeric(column, errors="coerce") * clock.factor
        return numbers.where(np.isfinite(numbers)).round(4), clock.words
    dates = read_dates(column)
    if index is None:
        start = dates.values.groupby(ids).transform("min")
        words = "counted from the first row of each sample, as samples has no date to count from"
    else:
        start, words = ids.map(index), f"counted from {index.name!r} of samples"
    difference = (dates.values - start).dt.total_seconds() / 3600
    unread = f"; {dates.unread} unreadable" if dates.unread else ""
    return difference.round(4), f"{clock.words}, {words} ({dates.day_first}{unread})"
