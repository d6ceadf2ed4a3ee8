"""Turns other tables into events and notes, and guesses the window of the events."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.guessing.keys import join_ids
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.sheet import Sheet, counted
from hybrid_zoo.pipelines.guessing.times import Clock, find_clock, hours
from hybrid_zoo.pipelines.guessing.words import plain

EVENTS = ["sample_id", "hours", "variable", "value"]
_VARIABLE = (
    r"^variab|param|\bitem|\btest|analy|label|bezeich|messgr|marker|laborw|concept|measurement"
    r"|\bname\b|mesure|examen|untersuchung|\bsignal\b|feature"
)
_VALUE = (
    r"^(value|wert|val|valeur|valor|valore|result|ergebnis|resultat|messwert|num)|value|\bwert\b"
)
_ASIDE = r"\bunit|einheit|unite|flag|\bdetection|\bref\b|normal|\bcode\b"
_TEXT = 200  # characters of the longest note, from which a text column is certainly notes


@dataclass(frozen=True, eq=False)
class Shape:
    """How a table is laid out.

    Args:
        kind: `long` (variable and value), `wide` (a column per variable), `notes`, or `rows` for
            one row per thing, which may be samples.
        clock: The column that tells when; None if there is none.
        variable: Column of names, if long.
        values: Columns of values; of a note its text.
    """

    kind: str
    clock: Clock | None
    variable: str = ""
    values: tuple[str, ...] = ()


def shape_of(sheet: Sheet, columns: dict[str, Column]) -> Shape:
    """Recognise a table by its columns; one that has the format's names by those.

    Args:
        sheet: The table.
        columns: What its columns are.
    """
    clock = find_clock(columns, sheet.stem)
    filled = [column for column in columns.values() if column.kind != "empty"]
    ids = [column for column in filled if column.kind == "id"]
    rest = [column for column in filled if column not in ids and not _is_clock(column, clock)]
    named = _by_name(sheet.stem, set(columns), clock)
    return named or _long(rest, clock, ids) or _other(rest, clock, ids)


def _by_name(stem: str, names: set[str], clock: Clock | None) -> Shape | None:
    if stem == "events" and set(EVENTS) <= names:
        return Shape("long", clock, "variable", ("value",))
    if stem == "notes" and {"sample_id", "text"} <= names:
        return Shape("notes", clock, values=("text",))
    return None


def _is_clock(column: Column, clock: Clock | None) -> bool:
    return clock is not None and clock.column == column.name


def _repeated(ids: list[Column]) -> bool:
    return any(column.levels < column.known for column in ids)


def _long(rest: list[Column], clock: Clock | None, ids: list[Column]) -> Shape | None:
    variable = _first(rest, _VARIABLE, ("categorical", "text", "constant"))
    value = _first(rest, _VALUE, ("numeric", "categorical", "text", "constant"), but=variable)
    if variable and value:
        return Shape("long", clock, variable, (value,))
    amounts = _names(rest, "numeric")
    words = [name for name in _names(rest, "categorical") if not re.search(_ASIDE, plain(name))]
    if _repeated(ids) and len(amounts) == len(words) == 1 and len(rest) <= 4:
        return Shape("long", clock, words[0], (amounts[0],))
    return None


def _other(rest: list[Column], clock: Clock | None, ids: list[Column]) -> Shape:
    amounts, texts = _names(rest, "numeric"), _names(rest, "text")
    if ids and texts and len(rest) <= 3 and not amounts:
        return Shape("notes", clock, values=(texts[0],))
    if _repeated(ids) and clock is not None and amounts:
        return Shape("wide", clock, values=tuple(amounts))
    return Shape("rows", clock)


def _names(columns: list[Column], kind: str) -> list[str]:
    return [column.name for column in columns if column.kind == kind]


def _first(columns: list[Column], words: str, kinds: tuple[str, ...], but: str = "") -> str:
    fit = (c.name for c in columns if c.kind in kinds and re.search(words, plain(c.name)))
    return next((name for name in fit if name != but), "")


def event_rows(
    sheet: Sheet, shape: Shape, key: str, known: pd.Series, index: pd.Series | None
) -> tuple[pd.DataFrame, list[str]]:
    """Write a table as events, one row per measurement.

    Args:
        sheet: The table.
        shape: Long or wide.
        key: Its column of sample ids.
        known: Ids of the samples.
        index: Sample to index time, if known.

    Returns:
        `sample_id, hours, variable, value` as text or numbers; what was done.
    """
    ids, joined = join_ids(sheet.frame[key], known)
    when, words = _hours(sheet.frame, shape.clock, ids, index)
    frame = pd.DataFrame({"sample_id": ids, "hours": when})
    if shape.kind == "long":
        frame["variable"] = sheet.frame[shape.variable]
        frame["value"] = sheet.frame[shape.values[0]]
        words = [*words, f"variable is {shape.variable!r}, value is {shape.values[0]!r}"]
        return frame, [note for note in (joined, *words) if note]
    cells = sheet.frame[list(shape.values)]
    wide = pd.concat([frame, cells], axis=1)
    long = wide.melt(id_vars=["sample_id", "hours"], var_name="variable", value_name="value")
    words = [*words, f"{counted(len(shape.values), 'column')} laid out as one row per measurement"]
    long = long.dropna(subset=["value"]).sort_values(["sample_id", "hours"], kind="stable")
    return long[EVENTS].reset_index(drop=True), [note for note in (joined, *words) if note]


def note_rows(
    sheet: Sheet, shape: Shape, key: str, known: pd.Series, index: pd.Series | None
) -> tuple[pd.DataFrame, list[str]]:
    """Write a table as notes.

    Args:
        sheet: The table.
        shape: Of notes.
        key: Its column of sample ids.
        known: Ids of the samples.
        index: Sample to index time, if known.
    """
    ids, joined = join_ids(sheet.frame[key], known)
    frame = pd.DataFrame({"sample_id": ids, "text": sheet.frame[shape.values[0]]})
    words = []
    if shape.clock is not None:
        frame["hours"], word = hours(sheet.frame[shape.clock.column], shape.clock, ids, index)
        words = [word]
    return frame, [note for note in (joined, *words) if note]


def _hours(
    frame: pd.DataFrame, clock: Clock | None, ids: pd.Series, index: pd.Series | None
) -> tuple[pd.Series, list[str]]:
    if clock is None:
        return pd.Series(0.0, index=frame.index), ["no column tells when: all rows at hour 0"]
    when, words = hours(frame[clock.column], clock, ids, index)
    return when, [words]


_STEPS = (0.25, 0.5, 1, 2, 4, 6, 12, 24, 168, 730, 8766)
_STAY = 48.0  # hours: what is commonly looked at after an admission
_LONG_STAY = 72.0
_MOST_STEPS = 200
_SEEN = 0.3  # of the samples have a row in the window


def window(events: pd.DataFrame) -> tuple[dict[str, Any], str]:
    """Guess start, end and step of the events from their hours.

    Args:
        events: `sample_id, hours`.

    Returns:
        `start_hours, end_hours, step_hours`; and why, with the rows that the window cuts off.
    """
    known = events.dropna(subset=["hours"])
    when = known["hours"].to_numpy(dtype=float)
    if not len(when):
        return {}, "no row has a time"
    low, high = float(when.min()), float(when.max())
    end, why = float(np.ceil(high)), "the last row"
    if np.median(when) < 0:
        end, why = 0.0, "most rows are from before the index time"
    elif high > _LONG_STAY:
        early = known.loc[known["hours"].between(0, _STAY), "sample_id"].nunique()
        if early >= _SEEN * known["sample_id"].nunique():
            end, why = _STAY, "the first two days"
    start = float(np.floor(min(low, 0.0)))
    cut = float(np.mean((when < start) | (when > end)))
    step = _step(known, start, end)
    return (
        {"start_hours": start, "end_hours": end} | ({"step_hours": step} if step else {}),
        f"end is {why}; rows go from hour {low:.4g} to {high:.4g}, {cut:.0%} of them are cut off",
    )


def _step(known: pd.DataFrame, start: float, end: float) -> float | None:
    """Return the step that parts most neighbouring times, but not more than 200 of them."""
    times = known[["sample_id", "hours"]].drop_duplicates().sort_values(["sample_id", "hours"])
    gaps = times.groupby("sample_id")["hours"].diff().dropna()
    if gaps.empty or end <= start:
        return None
    typical = float(gaps.median())
    enough = [s for s in _STEPS if (end - start) / s <= _MOST_STEPS]
    return next((s for s in enough if s >= 0.75 * typical), enough[-1] if enough else None)
