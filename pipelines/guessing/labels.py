"""From a column of a spreadsheet to the labels of a target."""

import re
from dataclasses import dataclass

import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.numbers import MOST, NUMBER
from hybrid_zoo.pipelines.guessing.sheet import listed
from hybrid_zoo.pipelines.guessing.words import plain, says
from hybrid_zoo.registry import nearest

MOST_CLASSES = 20
_YES = set(
    "1 y yes true positive pos present dead died deceased expired event case severe malignant "
    "abnormal ja j wahr positiv verstorben gestorben tot vorhanden krank schwer boesartig "
    "pathologisch oui o vrai positif presente decede mort malade malin si verdadero positivo "
    "muerto fallecido enfermo maligno".split()
)
_NO = set(
    "0 n no false negative neg absent alive survived survivor control healthy benign normal nein "
    "falsch negativ lebt lebend ueberlebt kontrolle gesund gutartig non faux negatif vivant sain "
    "benin falso negativo vivo sano benigno none keine".split()
)


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of one target.

    Args:
        name: Of the target, as cohort.yaml and the samples table call it.
        column: The column it comes from.
        values: Text: `0`, `1` or a class, NaN where unknown.
        classes: Of a multiclass target; empty for a binary one.
        note: What was done to the column, and by which rule.
    """

    name: str
    column: str
    values: pd.Series
    classes: tuple[str, ...]
    note: str


def find_target(name: str, columns: dict[str, Column]) -> str:
    """Find the column that a user calls the target.

    Args:
        name: What was asked for; capitals, accents and marks between words do not matter.
        columns: The columns of the samples table.

    Raises:
        ConfigError: With the nearest name and the candidates, if there is none.
    """
    if name in columns:
        return name
    alike = [column for column in columns if plain(column) == plain(name)]
    if len(alike) == 1:
        return alike[0]
    raise ConfigError(
        f"--target {name!r} is no column of the samples table.{nearest(name, columns)} "
        f"Candidates: {listed(candidates(columns), 8) or 'none'}; columns: {listed(columns, 30)}."
    )


def candidates(columns: dict[str, Column]) -> list[str]:
    """Return the columns that could be a target, the likeliest first.

    Args:
        columns: The columns of the samples table.
    """
    fit = [c for c in columns.values() if _fits(c) and not says(c.name, "group")]
    fit.sort(key=lambda c: (not says(c.name, "outcome"), c.levels != 2, c.levels))
    return [column.name for column in fit]


def _fits(column: Column) -> bool:
    if column.kind != "categorical" or not 2 <= column.levels <= MOST_CLASSES:
        return False
    if says(column.name, "outcome"):
        return True
    return not any(says(column.name, role) for role in ("split", "site", "shortcut"))


def make_labels(column: pd.Series, taken: set[str]) -> Labels:
    """Turn a column into 0 and 1, or into classes.

    Two levels become 0 and 1: 1 is the level that says yes (yes, ja, oui, dead, positive ...) or
    whose counterpart says no; of two others the rarer one, and of two equally frequent ones the one
    that comes later in the alphabet; of two numbers the larger one, whatever they are.

    Args:
        column: Clean text.
        taken: Names of other columns, which the target's own name must not be.

    Raises:
        ConfigError: If it has one level, too many, or is a quantity.
    """
    source = str(column.name)
    values = whole(column)
    levels = values.dropna().value_counts()
    _require_levels(source, levels)
    name, renamed = _safe_name(source, taken)
    if len(levels) == 2:
        values, note = _binary(values, levels)
        return Labels(name, source, values, (), renamed + note)
    classes = tuple(sorted(levels.index, key=_order))
    note = f"{len(classes)} classes"
    rare = int((levels < 10).sum())
    note += f"; {rare} of them in fewer than 10 rows" if rare else ""
    return Labels(name, source, values, classes, renamed + note)


def whole(column: pd.Series) -> pd.Series:
    """Write whole numbers without the `.0` that gaps have given them; both are the same label.

    Args:
        column: Text.
    """
    return column.str.replace(r"^([+-]?\d+)\.0+$", r"\1", regex=True)


def _require_levels(name: str, levels: pd.Series) -> None:
    text = levels.index.to_series()
    numeric = text.str.fullmatch(NUMBER, flags=re.IGNORECASE).mean() >= MOST
    if len(levels) < 2:
        raise ConfigError(
            f"--target {name!r} has {len(levels)} different values; expected at least two. Rows "
            "without the event need a value of their own (0 or no), since an empty cell is unknown."
        )
    if len(levels) > MOST_CLASSES or (
        numeric and len(levels) > 2 and text.str.contains(".", regex=False).any()
    ):
        what = "a quantity" if numeric else "text"
        raise ConfigError(
            f"--target {name!r} has {len(levels)} different values and seems to be {what}; a "
            f"target has two levels, or up to {MOST_CLASSES} classes. Make a column with the "
            "classes that matter."
        )


def _safe_name(name: str, taken: set[str]) -> tuple[str, str]:
    """A target names layers of a model, which allow letters, digits and underscores."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return name, ""
    safe = re.sub(r"\W+", "_", plain(name)).strip("_") or "target"
    safe = safe if safe[0].isalpha() else f"target_{safe}"
    while safe in taken:
        safe += "_"
    return safe, f"column {name!r} under a name that a model's layers may have; "


def _binary(values: pd.Series, levels: pd.Series) -> tuple[pd.Series, str]:
    if set(levels.index) == {"0", "1"}:
        return values, "0 and 1"
    one, rule = _event(levels)
    other = next(level for level in levels.index if level != one)
    coded = values.map({one: "1", other: "0"})
    return coded, f"1 is {one!r}, 0 is {other!r}: {rule}"


def _event(levels: pd.Series) -> tuple[str, str]:
    """Choose the level that becomes 1, and say by which rule."""
    first, second = (str(level) for level in levels.index)  # the more frequent one first
    if all(re.fullmatch(NUMBER, level) for level in (first, second)):
        return max(first, second, key=float), "the larger number"
    if {first.lower(), second.lower()} == {"t", "f"}:
        return max(first, second), "T is true"
    if _affirms(first) != _affirms(second):
        one = max(first, second, key=_affirms)
        said = _affirms(one) > 0
        return one, "it says that the event happened" if said else "the other one says no"
    if levels.iloc[0] == levels.iloc[1]:
        return max(first, second), "the later one in the alphabet, as both are equally frequent"
    return second, "the rarer one"


def _affirms(level: str) -> int:
    """1 if a level says yes, -1 if it says no, 0 if neither."""
    return (plain(level) in _YES) - (plain(level) in _NO)


def _order(level: str) -> tuple[float, str]:
    return (float(level) if re.fullmatch(NUMBER, level) else float("inf"), level)
