"""Cells that stand for nothing, and numbers in other forms: changed, counted and said."""

import re

import pandas as pd

from hybrid_zoo.pipelines.guessing.numbers import with_numbers, writes_commas
from hybrid_zoo.pipelines.guessing.sheet import Sheet, counted, listed

_MISSING = (
    r"n/?\.?a\.?|n\.? ?d\.?|nan|null|nil|[-\u2013\u2014]+|\.+|\?+|/|#|unknown|missing"
    r"|unbekannt|inconnue?"
    r"|fehlt|k\.? ?a\.?|keine angabe|not (recorded|available|done|known)|nicht bekannt|manquante?"
    r"|desconocido|non renseigne|<na>|none recorded"
)
_ERRORS = r"#(N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|CALC!|SPILL!)"
_LOOK = 2000
_LONG = 30  # characters: no marker is longer


def clean(sheet: Sheet) -> Sheet:
    """Empty the cells that say that nothing was recorded, and write numbers plainly.

    Args:
        sheet: As read.

    Returns:
        The same table; a note for everything that was changed, by column and number of cells.
    """
    columns, notes = {}, []
    commas = writes_commas(sheet.frame)
    for name in sheet.frame:
        column, done = _emptied(sheet.frame[name])
        column, more = with_numbers(column, commas=commas)
        columns[name] = column
        notes += [f"column {name!r}: {note}" for note in [*done, *more]]
    return sheet.noted(*_gathered(notes), frame=pd.DataFrame(columns))


def _emptied(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """Empty error cells, and markers of missing values where they are no word among many."""
    levels = column.dropna().unique()
    short = [level for level in levels if len(level) <= _LONG]
    errors = [level for level in short if re.fullmatch(_ERRORS, level)]
    markers = _markers([level for level in short if level not in errors])
    notes = []
    for found, words in ((errors, "error cell of Excel"), (markers, "cell")):
        number = int(column.isin(found).sum())
        shown = f" that said {listed(found)}" if found is markers else ""
        notes += [f"{counted(number, words)}{shown} emptied"] if number else []
    return column.where(~column.isin([*errors, *markers])), notes


def _markers(levels: list[str]) -> list[str]:
    """Return levels that say `not recorded`; among names of variables `Na` is sodium."""
    found = [v for v in levels if re.fullmatch(_MISSING, v, re.IGNORECASE)]
    rest = [level for level in levels[:_LOOK] if level not in found]
    return [level for level in found if not _sodium(level, rest)]


def _sodium(level: str, rest: list[str]) -> bool:
    """`Na` is sodium among words, and in any spelling where other salts stand beside it."""
    numeric = sum(bool(re.match(r"[\d+-]", other)) for other in rest) > 0.5 * len(rest)
    salts = {"k", "cl", "ca"} & {other.lower() for other in rest}
    return level.lower() == "na" and not numeric and (level == "Na" or bool(salts))


def _gathered(notes: list[str]) -> list[str]:
    """Say what happened to many columns alike in one sentence."""
    by_note: dict[str, list[str]] = {}
    for note in notes:
        name, _, what = note.removeprefix("column ").partition(": ")
        by_note.setdefault(re.sub(r"\d+ cells?", "cells", what), []).append(f"{name}|{what}")
    lines = []
    for what, entries in by_note.items():
        names = [entry.split("|")[0] for entry in entries]
        one = f"column {names[0]}: {entries[0].split('|', 1)[1]}"
        lines.append(one if len(names) == 1 else f"columns {listed(names, 12)}: {what}")
    return lines
