"""From files to the draft of a cohort; nothing is written here."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.guessing.adding import add_images, add_rest
from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.keys import SAMPLE, with_ids
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.labels import Labels, candidates, find_target, make_labels, whole
from hybrid_zoo.pipelines.guessing.pictures import find_images
from hybrid_zoo.pipelines.guessing.reading import find_tables, read_sheets, unread_tables
from hybrid_zoo.pipelines.guessing.roles import choose_roles
from hybrid_zoo.pipelines.guessing.shapes import Plan, Table, look_at, plan
from hybrid_zoo.pipelines.guessing.sheet import counted, listed, prefixed
from hybrid_zoo.pipelines.guessing.telling import summarise
from hybrid_zoo.pipelines.guessing.times import index_dates

Choose = Callable[[list[str]], list[str]]
"""Asks which of some candidates are the targets."""


def draft_cohort(
    inputs: Sequence[Path], out: Path, targets: Sequence[str], choose: Choose | None = None
) -> Draft:
    """Guess a cohort from files.

    Args:
        inputs: Folders and tables.
        out: Where the cohort will be: the folder itself if it already is one but for cohort.yaml.
        targets: Columns to predict.
        choose: Asked for the targets if none are given; None refuses instead.

    Returns:
        The draft, whose tables follow the cohort format.

    Raises:
        ConfigError: If no table is found, a target is not, or which table holds the samples is not
            clear.
        DataError: If a table cannot be read.
    """
    pictures = find_images(list(inputs), None if out in inputs else out)
    paths = find_tables(list(inputs))
    if not paths:
        raise ConfigError(_nothing(inputs, pictures))
    sheets = [sheet for path in paths for sheet in read_sheets(path)]
    tables = [look_at(sheet, list(pictures)) for sheet in sheets]
    found = plan(tables, list(targets))
    chosen = _targets(found.samples, targets, choose)
    draft, index = _samples(found, chosen)
    draft.name = _name(inputs, out)
    draft.sources = [path.name for path in paths]
    draft.guessed = {table.sheet.name: table.columns for table in tables}
    add_rest(draft, found, index)
    add_images(draft, found, index, pictures, inside=out in inputs)
    summarise(draft)
    return draft


def _nothing(inputs: Sequence[Path], pictures: dict[str, Path]) -> str:
    where = listed(inputs)
    old = unread_tables(list(inputs))
    have = f" and {counted(len(pictures), 'image file')}" if pictures else ""
    hint = f" Not read: {listed(old)}; save as .csv or .xlsx." if old else ""
    return (
        f"{where}: no table found{have}; expected .csv, .csv.gz, .tsv, .parquet or .xlsx with a "
        f"row per patient, stay, exam or image, directly in the folder.{hint}"
    )


def _name(inputs: Sequence[Path], out: Path) -> str:
    return (out.resolve().name or inputs[0].resolve().name or "cohort").removesuffix(".partial")


def _targets(samples: Table, targets: Sequence[str], choose: Choose | None) -> list[str]:
    if targets:
        return list(dict.fromkeys(find_target(name, samples.columns) for name in targets))
    fit = candidates(samples.columns)
    if choose is None or not fit:
        known = listed(fit, 12) if fit else "none; a target has two levels or a few classes"
        raise ConfigError(
            f"Which column of {samples.sheet.name} is to be predicted? Name it with --target. "
            f"Candidates: {known}. Nothing was written."
        )
    return [find_target(name, samples.columns) for name in choose(fit)]


def _samples(found: Plan, targets: list[str]) -> tuple[Draft, pd.Series | None]:
    """Draft the samples table: ids, targets, what each column is for."""
    table = found.samples
    sheet, keys, look = with_ids(table.sheet, table.columns)
    frame = sheet.frame
    rest = {n: c for n, c in table.columns.items() if n not in (keys.sample, keys.patient)}
    labels = _labels(frame, rest, targets)
    roles = choose_roles(frame, rest, labels, _variables(found))
    names = dict(zip(rest, rest, strict=True)) | {one.column: one.name for one in labels}
    frame = frame.assign(**{one.column: one.values for one in labels}).rename(columns=names)
    changed = [f"target {one.name!r}: {one.note}" for one in labels if _changes(one, table)]
    draft = Draft(
        name="",
        sources=[],
        tables={"samples": frame},
        columns={names[name]: column for name, column in rest.items()},
        roles={names[name]: role for name, role in roles.items()},
        targets=labels,
        did=prefixed(sheet.name, sheet.notes) + changed,
        changed=[*sheet.notes, *changed],
        look=look,
    )
    return draft, index_dates(table.sheet.frame, table.columns, frame[SAMPLE])


def _labels(frame: pd.DataFrame, columns: dict[str, Column], targets: list[str]) -> list[Labels]:
    ids = set(targets) - set(columns)
    if ids:
        raise ConfigError(f"--target {listed(ids)} is the id of the rows; choose another column.")
    return [make_labels(frame[name], set(map(str, frame))) for name in targets]


def _variables(found: Plan) -> set[str]:
    """Return the names of all that the other tables record over time."""
    names: set[str] = set()
    for table in found.rest:
        if table.shape.kind == "long":
            names |= set(table.sheet.frame[table.shape.variable].dropna().unique())
    return names


def _changes(labels: Labels, table: Table) -> bool:
    before = whole(table.sheet.frame[labels.column])
    return labels.name != labels.column or not labels.values.equals(before)
