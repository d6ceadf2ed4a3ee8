"""What kind of column it is, by its values first and its name second."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.guessing.dates import looks_like_dates, read_dates
from hybrid_zoo.pipelines.guessing.numbers import MOST, NUMBER
from hybrid_zoo.pipelines.guessing.sheet import counted
from hybrid_zoo.pipelines.guessing.words import AGE, plain, says

KINDS = ("numeric", "categorical", "id", "date", "text", "path", "constant", "empty")
COUNTS = "counts the rows"
MOST_LEVELS = 50
"""Of a categorical input."""

_CODES = 6  # whole numbers up to 9 of so few levels are codes, not amounts
_ROWS_PER_CODE = 4
_FEWEST = 5  # rows, below which being different says nothing
_PATH = r"(?i).*\.(png|jpe?g|dcm|dicom|ima|nii|nii\.gz|tiff?|bmp)"
_SENTINELS = (-9999, -999, -99, -9, -1, 99, 999, 9999)


@dataclass(frozen=True, kw_only=True)
class Column:
    """What is guessed of a column.

    Args:
        name: Its name.
        kind: One of `KINDS`.
        why: What was seen, in words; for the comment behind it.
        levels: Different known values.
        known: Known cells.
        rows: All cells.
        low: Smallest number, if numeric.
        high: Largest number.
        look: What somebody should look at; empty if nothing.
    """

    name: str
    kind: str
    why: str
    levels: int
    known: int
    rows: int
    low: float = np.nan
    high: float = np.nan
    look: str = ""


def guess_columns(frame: pd.DataFrame) -> dict[str, Column]:
    """Guess the kind of every column of a table.

    Args:
        frame: Clean text cells.
    """
    return {str(name): guess_column(frame[name]) for name in frame}


def guess_column(column: pd.Series) -> Column:
    """Guess the kind of one column.

    Args:
        column: Clean text, NaN where not recorded.
    """
    name, known = str(column.name), column.dropna()
    levels = int(known.nunique())
    facts = Column(name=name, kind="", why="", levels=levels, known=len(known), rows=len(column))
    if not len(known):
        return replace(facts, kind="empty", why="no cell is filled")
    if known.str.fullmatch(_PATH).mean() >= MOST:
        return replace(facts, kind="path", why="names files")
    numbers = _numbers(known)
    reason = _identifies(name, known, numbers, facts)
    if reason:
        return replace(facts, kind="id", why=reason)
    if facts.levels == 1:
        gaps = "; the rest is empty: perhaps a tick box" if len(known) < len(column) else ""
        return replace(facts, kind="constant", why=f"one value only{gaps}")
    if looks_like_dates(known, compact=bool(re.search(r"dat|\bam\b|dob", plain(name)))):
        return replace(facts, kind="date", why=f"dates: {read_dates(column).day_first}")
    if numbers is not None:
        return _numeric(name, known, numbers, facts)
    return _worded(known, facts)


def _numbers(known: pd.Series) -> pd.Series | None:
    """Return the numbers of a column, NaN for cells that are none; None if most are none."""
    found = known.str.fullmatch(NUMBER, flags=re.IGNORECASE)
    if found.mean() < MOST:
        return None
    return pd.to_numeric(known.where(found), errors="coerce")


def _identifies(name: str, known: pd.Series, numbers: pd.Series | None, facts: Column) -> str:
    """Say why a column tells rows or patients apart; empty if it does not."""
    levels, words = facts.levels, numbers is None
    if words and says(name, "identity") and levels > 0.5 * len(known):
        return "seems to name persons"
    many = 2 if words else min(20, 0.2 * len(known))
    if levels > max(many, 2) and _named_id(name, known, numbers):
        return "named like an id" + ", repeated" * (levels < len(known))
    if levels == facts.rows >= _FEWEST:
        return _numbers_rows(known, numbers)
    return ""


def _named_id(name: str, known: pd.Series, numbers: pd.Series | None) -> bool:
    if not says(name, "id") or says(name, "count") or AGE.search(plain(name)):
        return False
    if numbers is not None and (numbers.dropna() % 1 != 0).any():
        return False
    return bool(known.head(500).str.contains(" ").mean() < 0.5)


def _numbers_rows(known: pd.Series, numbers: pd.Series | None) -> str:
    """Say how a column of different values, one per row, tells the rows apart."""
    if numbers is not None:
        return COUNTS if bool((numbers.diff().dropna() == 1).all()) else ""
    coded = known.str.fullmatch(r"[A-Za-z_./-]*\d[\w./-]*|[0-9a-f-]{8,}").mean()
    return "a different code in every row" if coded > 0.9 and not looks_like_dates(known) else ""


def _numeric(name: str, known: pd.Series, numbers: pd.Series, facts: Column) -> Column:
    finite = numbers[np.isfinite(numbers)]
    if _are_codes(name, numbers.dropna()):
        why = f"{numbers.nunique()} numbers only: taken as codes"
        return replace(facts, kind="categorical", why=why)
    bad = len(known) - len(finite)
    looks = [f"{counted(bad, 'cell')} hold no finite number: `validate` will quarantine them"]
    return replace(
        facts,
        kind="numeric",
        why=f"{numbers.nunique()} different numbers",
        look="; ".join(looks * bool(bad) + _sentinels(finite)),
        low=float(finite.min()),
        high=float(finite.max()),
    )


def _are_codes(name: str, values: pd.Series) -> bool:
    """Two numbers, or a few small whole ones that stand often and are no age and no count."""
    levels = values.nunique()
    if levels == 2:
        return True
    often = levels <= _CODES and len(values) >= _ROWS_PER_CODE * levels
    whole = bool(((values % 1 == 0) & values.between(0, 9)).all())
    return often and whole and not says(name, "count") and not AGE.search(plain(name))


def _sentinels(values: pd.Series) -> list[str]:
    """Name codes that often stand for `not recorded`, if they lie apart from all other values."""
    found = []
    for code in _SENTINELS:
        rest = values[~values.isin(_SENTINELS)]
        number = int((values == code).sum())
        if not number or rest.empty:
            continue
        low, high = rest.min(), rest.max()
        apart = code < min(low, 0) if code < 0 else code > high + (high - low)
        if apart:
            found.append(f"{code} in {counted(number, 'cell')} may stand for not recorded")
    return found


def _worded(known: pd.Series, facts: Column) -> Column:
    head = known.head(500)
    words = head.str.count(r"\s+") + 1
    if head.str.len().mean() > 25 and words.mean() >= 4 and facts.levels > 0.3 * len(known):
        return replace(facts, kind="text", why="free text")
    if facts.levels > max(MOST_LEVELS, 0.5 * len(known)) or facts.levels == len(known) > 20:
        return replace(facts, kind="text", why="words that hardly repeat")
    return replace(facts, kind="categorical", why=f"{facts.levels} levels")
