"""From files to the draft of a cohort; nothing is written here."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.images import (
    FOLDER,
    image_rows,
    named_images,
    with_options,
)
from hybrid_zoo.pipelines.guessing.keys import PATIENT, SAMPLE, join_ids, shared_column, with_ids
from hybrid_zoo.pipelines.guessing.labels import Labels, candidates, find_target, make_labels
from hybrid_zoo.pipelines.guessing.pictures import find_images
from hybrid_zoo.pipelines.guessing.reading import find_tables, read_sheets, unread_tables
from hybrid_zoo.pipelines.guessing.roles import choose_roles
from hybrid_zoo.pipelines.guessing.rows import event_rows, note_rows, window
from hybrid_zoo.pipelines.guessing.shapes import Plan, Table, look_at, plan
from hybrid_zoo.pipelines.guessing.sheet import counted, listed
from hybrid_zoo.pipelines.guessing.times import index_dates
from hybrid_zoo.pipelines.guessing.words import says

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
    draft, index = _samples(found.samples, chosen)
    draft.name = _name(inputs, out)
    draft.sources = [path.name for path in paths]
    draft.guessed = {table.sheet.name: table.columns for table in tables}
    _add_images(draft, found, index, pictures, inside=out in inputs)
    _add_rest(draft, found, index)
    _summarise(draft)
    return draft


def _nothing(inputs: Sequence[Path], pictures: dict[str, Path]) -> str:
    where = listed(inputs)
    old = unread_tables(list(inputs))
    have = f" and {counted(len(pictures), 'image file')}" if pictures else ""
    hint = f" Not read: {listed(old)}; save as .csv or .xlsx." if old else ""
    return (
        f"{where}: no table found{have}; expected .csv, .csv.gz, .tsv, .parquet or .xlsx with a row "
        f"per patient, stay, exam or image, directly in the folder.{hint}"
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


def _samples(table: Table, targets: list[str]) -> tuple[Draft, pd.Series | None]:
    """Draft the samples table: ids, targets, what each column is for."""
    sheet, keys, look = with_ids(table.sheet, table.columns)
    frame = sheet.frame
    rest = {n: c for n, c in table.columns.items() if n not in (keys.sample, keys.patient)}
    for name in targets:
        if name not in rest:
            raise ConfigError(f"--target {name!r} is the id of the rows; choose another column.")
    labels = [make_labels(frame[name], set(frame)) for name in targets]
    for one in labels:
        frame[one.column] = one.values
        frame = frame.rename(columns={one.column: one.name})
    roles = choose_roles(sheet.frame, rest, labels)
    roles = {_renamed(name, labels): role for name, role in roles.items()}
    columns = {_renamed(name, labels): column for name, column in rest.items()}
    changed = [f"target {one.name!r}: {one.note}" for one in labels if _changes(one, table)]
    draft = Draft(
        name="",
        sources=[],
        tables={"samples": frame},
        columns=columns,
        roles=roles,
        targets=labels,
        did=[f"{sheet.name}: {note}" for note in sheet.notes] + changed,
        changed=[*sheet.notes, *changed],
        look=[look] if look else [],
    )
    index = index_dates(table.sheet.frame, table.columns)
    named = None if index is None else index.set_axis(frame[SAMPLE].to_numpy())
    return draft, named


def _renamed(name: str, labels: list[Labels]) -> str:
    return next((one.name for one in labels if one.column == name), name)


def _changes(labels: Labels, table: Table) -> bool:
    return labels.name != labels.column or not labels.values.equals(
        table.sheet.frame[labels.column].rename(labels.values.name)
    )


def _key(draft: Draft, table: Table) -> tuple[str, pd.Series]:
    """Return the column of another table that names samples, and the ids it is compared with."""
    known = draft.tables["samples"][SAMPLE]
    key, _ = shared_column(table.sheet.frame, table.columns, known)
    return key, known


def _add_images(
    draft: Draft,
    found: Plan,
    index: pd.Series | None,
    pictures: dict[str, Path],
    *,
    inside: bool,
) -> None:
    if not pictures:
        return
    table = found.images or found.samples
    ids, key = draft.tables["samples"][SAMPLE], SAMPLE
    frame, notes = pd.DataFrame(columns=[SAMPLE, "path"]), []
    if found.images is not None:
        key, known = _key(draft, table)
        if key:
            ids, joined = join_ids(table.sheet.frame[key], known)
            frame, notes = image_rows(table, ids, key, index)
            draft.changed += [*table.sheet.notes, joined] if joined else [*table.sheet.notes]
        draft.did += [f"{table.sheet.name}: {note}" for note in (*table.sheet.notes, *notes)]
        if not key:
            found.rest.append(table)
    elif table.links is not None:
        frame, notes = named_images(table, ids)
        draft.did += notes
    there = set(frame["path"]) & set(pictures)
    severed = table.links.severed if table.links is not None else {}
    names = (name for name in pictures if name not in there)
    draft.unmatched = {name: severed.get(name, "matches no row") for name in names}
    place = "" if inside else f"{FOLDER}/"
    frame["path"] = place + frame["path"]
    draft.files = {place + name: pictures[name] for name in pictures if name in there}
    _look_at_images(draft, frame, len(pictures))
    if draft.files:
        _image_options(draft, frame)


def _look_at_images(draft: Draft, frame: pd.DataFrame, number: int) -> None:
    samples = draft.tables["samples"][SAMPLE]
    without = samples[~samples.isin(frame[SAMPLE])]
    draft.found.append(
        ("image files", f"{number}: {len(draft.files)} matched, {len(draft.unmatched)} not")
    )
    if draft.unmatched:
        draft.look.append(
            f"{counted(len(draft.unmatched), 'image file')} without a row, such as "
            f"{listed(draft.unmatched, 3)}: all are in unmatched_images.csv"
        )
    if len(without):
        draft.look.append(
            f"{counted(len(without), 'sample')} without an image, such as {listed(without, 3)}"
        )


def _image_options(draft: Draft, frame: pd.DataFrame) -> None:
    made = with_options(frame, draft.files)
    draft.tables["images"] = made.frame
    draft.image_shortcuts = made.shortcuts
    draft.modalities.append(("images", made.options, "; ".join(made.did)))


def _add_rest(draft: Draft, found: Plan, index: pd.Series | None) -> None:
    events, notes = [], []
    for table in found.rest:
        key, known = _key(draft, table)
        if not key or table.shape.kind == "rows":
            why = (
                "no column names the samples" if not key else "one row per sample: join it yourself"
            )
            draft.did.append(f"{table.sheet.name}: not used, {why}")
            draft.look.append(f"{table.sheet.name} is not used: {why}")
            continue
        write = note_rows if table.shape.kind == "notes" else event_rows
        frame, done = write(table.sheet, table.shape, key, known, index)
        (notes if table.shape.kind == "notes" else events).append(frame)
        draft.did += [f"{table.sheet.name}: {note}" for note in (*table.sheet.notes, *done)]
        draft.changed += table.sheet.notes
    if events:
        _event_options(draft, pd.concat(events, ignore_index=True))
    if notes:
        _note_options(draft, pd.concat(notes, ignore_index=True))


def _event_options(draft: Draft, events: pd.DataFrame) -> None:
    draft.tables["events"] = events
    options, why = window(events)
    draft.modalities.append(("events", options, why))
    names = events["variable"].dropna().unique()
    draft.found.append(
        ("events", f"{len(events)} rows of {len(names)} variables: {listed(names, 6)}")
    )
    if "end_hours" in options:
        draft.look.append(
            f"events are seen up to hour {options['end_hours']:g} ({why}): set end_hours to the "
            "hour at which you would predict; what is later knows more than you will"
        )


def _note_options(draft: Draft, notes: pd.DataFrame) -> None:
    draft.tables["notes"] = notes
    timed = "hours" in notes and notes["hours"].notna().any()
    end = next((o.get("end_hours") for n, o, _ in draft.modalities if n == "events" and o), None)
    options = {"end_hours": end} if timed and end is not None else {}
    why = "as the events" if options else "no time limit"
    draft.modalities.append(("notes", options, why))
    draft.found.append(("notes", f"{len(notes)} rows"))
    draft.look.append(
        f"notes ({why}): one written after the prediction, such as a discharge letter, tells the "
        "answer; take such rows out"
    )


def _summarise(draft: Draft) -> None:
    samples = draft.tables["samples"]
    patients = samples[PATIENT].nunique() if PATIENT in samples else len(samples)
    rows = [("samples", f"{len(samples)} of {patients} patients")]
    for one in draft.targets:
        kind = f"{len(one.classes)} classes" if one.classes else "binary"
        rows.append((f"target {one.name}", f"{kind}: {one.note}"))
    for words, roles in (
        ("inputs", ("input", "group")),
        ("left out: knows the outcome", ("outcome",)),
        ("left out: other", ("left",)),
        ("scores", ("score",)),
        ("groups", ("group",)),
        ("site", ("site",)),
        ("split or folds", ("split", "folds")),
    ):
        names = draft.of_role(*roles)
        rows += [(words, f"{len(names)}: {listed(names, 12)}")] if names else []
    shortcuts = draft.shortcuts()
    rows += [("shortcuts", f"{len(shortcuts)}: {listed(shortcuts, 12)}")] if shortcuts else []
    draft.found = rows[:1] + draft.found + rows[1:]
    _look_at_columns(draft)


def _look_at_columns(draft: Draft) -> None:
    names = draft.of_role("outcome")
    if names:
        draft.look.append(
            f"left out as knowing the outcome: {listed(names, 12)}; to let one in, take the # away"
        )
    inputs = draft.of_role("input", "group")
    flagged = [
        f"{name!r}: {draft.columns[name].look}" for name in inputs if draft.columns[name].look
    ]
    draft.look += flagged[:8]
    if len(flagged) > 8:
        draft.look.append(f"{len(flagged) - 8} further columns marked LOOK in cohort.yaml")
    named = [name for name in draft.columns if says(name, "identity")]
    if named:
        draft.look.append(
            f"columns that may name persons: {listed(named)}; delete what is not needed"
        )
    unclear = [n for n, c in draft.columns.items() if "AMBIGUOUS" in c.why]
    if unclear:
        draft.look.append(f"dates whose day and month cannot be told apart: {listed(unclear)}")
