"""What each column of the samples table is for, and why it is not an input where it is none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from hybrid_zoo.pipelines.guessing.kinds import MOST_LEVELS, Column
from hybrid_zoo.pipelines.guessing.labels import Labels
from hybrid_zoo.pipelines.guessing.leaks import knows_the_answer
from hybrid_zoo.pipelines.guessing.words import plain, says

_COMMON = set(
    "in at on of the and or is has was had no yes any ever hospital patient day days time date "
    "year first last status type class group diagnosis diagnose diagnostic result ergebnis flag "
    "code id name nr der die das des im am bei nach vor und ja nein le la les de du en et au ou "
    "with mit avec n h hours months binary label target outcome follow up recode".split()
)
_MOST_GROUPS = 10
_REST = {
    "empty": "empty",
    "id": "an id",
    "text": "text",
    "path": "names files",
    "date": "a date",
    "constant": "constant",
}


@dataclass(frozen=True)
class Role:
    """What a column is for.

    Args:
        role: `target`, `input`, `group` (an input that is also reported apart), `outcome`, `score`,
            `site`, `split`, `folds`, `shortcut` or `left`.
        why: The reason.
    """

    role: str
    why: str


def choose_roles(
    frame: pd.DataFrame,
    columns: dict[str, Column],
    targets: list[Labels],
    variables: Iterable[str] = (),
) -> dict[str, Role]:
    """Choose what each column is for.

    Args:
        frame: The samples table with `patient_id`, clean.
        columns: What its columns are, the ids left out.
        targets: The targets.
        variables: Names of what other tables record over time; how often is told by `n_NAME`.
    """
    recorded = set(map(plain, variables))
    own = [labels.column for labels in targets]
    shared = set(plain(" ".join(own)).split()) - _COMMON
    roles = dict.fromkeys(own, Role("target", "the target"))
    for name in filter(lambda name: name not in own, columns):
        column, taken = columns[name], {role.role for role in roles.values()}
        roles[name] = (
            _by_name(name, column, shared)
            or _counts(name, recorded)
            or _by_values(frame[name], column, targets)
            or _by_place(frame, column, taken)
        )
    return {name: roles[name] for name in columns}


def _by_name(name: str, column: Column, shared: Iterable[str]) -> Role | None:
    words = [word for word in plain(name).split() if word in shared]
    if says(name, "outcome"):
        return Role("outcome", "named like an outcome: known only after the prediction")
    if column.kind in _REST:
        return Role("left", _REST[column.kind])
    if words:
        return Role("outcome", f"shares {words[0]!r} with the target's name")
    if says(name, "score") and column.kind in ("numeric", "categorical"):
        return Role("score", "a severity score: compared with the models, never an input")
    if says(name, "shortcut"):
        return Role("shortcut", "says how something was recorded, not how the patient is")
    return None


def _counts(name: str, recorded: set[str]) -> Role | None:
    what = plain(name).partition(" ")[2]
    if says(name, "count") and what in recorded:
        return Role("shortcut", f"says how often {what!r} was recorded")
    return None


def _by_values(column: pd.Series, kind: Column, targets: list[Labels]) -> Role | None:
    for labels in targets:
        reason = knows_the_answer(column, kind, labels.values)
        if reason:
            return Role("outcome", reason)
    return None


def _by_place(frame: pd.DataFrame, column: Column, taken: set[str]) -> Role:
    name = column.name
    if says(name, "split"):
        return _part(frame, column, taken)
    if column.kind != "categorical":
        return Role("input", "an input")
    if column.levels > MOST_LEVELS:
        return Role("left", f"{column.levels} levels are too many for an input")
    if says(name, "site"):
        return Role("left" if "site" in taken else "site", "an institution: reported apart")
    if says(name, "group") and column.levels <= _MOST_GROUPS:
        return Role("group", "an input, and reported apart")
    return Role("input", "an input")


def _part(frame: pd.DataFrame, column: Column, taken: set[str]) -> Role:
    """A split or folds, if they are whole and never cut through a patient."""
    values = frame[column.name]
    patients = frame.get("patient_id", pd.Series(range(len(frame)), index=frame.index))
    whole = values.notna().all() and (values.groupby(patients).nunique() <= 1).all()
    if not whole:
        return Role("left", "named like a split, but with gaps or through patients")
    if set(values) == {"train", "test"} and not taken & {"split", "folds"}:
        return Role("split", "train and test")
    folds = re.search(r"fold|\bcv\b", plain(column.name)) and 2 <= column.levels <= 20
    if folds and not taken & {"split", "folds"}:
        return Role("folds", f"{column.levels} folds: cross-validation on them, no hold-out")
    return Role("left", "named like a split, but neither train and test nor folds")
