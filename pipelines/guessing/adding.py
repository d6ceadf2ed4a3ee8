"""Adds images, events and notes to a draft whose samples are known."""

from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.images import FOLDER, image_rows, named_images, with_options
from hybrid_zoo.pipelines.guessing.keys import SAMPLE, join_ids, shared_column
from hybrid_zoo.pipelines.guessing.leaks import telling_variables
from hybrid_zoo.pipelines.guessing.rows import event_rows, note_rows, window
from hybrid_zoo.pipelines.guessing.shapes import Plan, Table
from hybrid_zoo.pipelines.guessing.sheet import counted, listed, prefixed


def _key(draft: Draft, table: Table) -> tuple[str, pd.Series]:
    """Return the column of another table that names samples, and the ids it is compared with."""
    known = draft.tables["samples"][SAMPLE]
    key, _ = shared_column(table.sheet.frame, table.columns, known)
    return key, known


def add_images(
    draft: Draft,
    found: Plan,
    index: pd.Series | None,
    pictures: dict[str, Path],
    *,
    inside: bool,
) -> None:
    """Add the image files that belong to a row, and say which do not.

    Args:
        draft: Changed.
        found: What each table is.
        index: Sample to index time, if known.
        pictures: Image files by name.
        inside: They are in the cohort's folder already, and keep their paths.
    """
    if not pictures:
        return
    table = found.images or found.samples
    frame, notes = _named(draft, found, index)
    draft.did += notes
    severed = table.links.severed if table.links is not None else {}
    lost = sorted(set(pictures) - set(frame["path"]))
    draft.unmatched = {name: severed.get(name, "matches no row") for name in lost}
    place = "" if inside else f"{FOLDER}/"
    frame["path"] = place + frame["path"]
    draft.files = {place + name: path for name, path in pictures.items() if name not in lost}
    _look_at_images(draft, frame, len(pictures))
    if draft.files:
        _image_options(draft, frame)


def _named(draft: Draft, found: Plan, index: pd.Series | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the images table as far as rows and files go, and what was done."""
    ids = draft.tables["samples"][SAMPLE]
    if found.images is None:
        return named_images(found.samples, ids)
    table = found.images
    key, known = _key(draft, table)
    if not key:
        draft.look.append(f"{table.sheet.name} is not used: no column names the samples")
        return named_images(found.samples, ids)
    ids, joined = join_ids(table.sheet.frame[key], known)
    frame, notes = image_rows(table, ids, key, index)
    draft.changed += prefixed(table.sheet.name, (*table.sheet.notes, joined))
    return frame, prefixed(table.sheet.name, (*table.sheet.notes, joined, *notes))


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
    why = "; ".join(made.did)
    if "hours" in made.frame and made.frame["hours"].notna().any():
        own, _ = window(made.frame)
        end = _end(draft)
        end = own["end_hours"] if end is None else end
        late = float((made.frame["hours"] > end).mean())
        (made.options.get("volume") or made.options)["end_hours"] = end
        why += f"; end_hours cuts {late:.0%} of the images off"
        draft.look.append(f"images are seen up to hour {end:g}, {late:.0%} of them are later")
    draft.tables["images"] = made.frame
    draft.image_shortcuts = made.shortcuts
    draft.modalities.append(("images", made.options, why))


def _end(draft: Draft) -> float | None:
    """Return the hour up to which events are seen."""
    options = next((o for name, o, _ in draft.modalities if name == "events"), None) or {}
    return options.get("end_hours")


def add_rest(draft: Draft, found: Plan, index: pd.Series | None) -> None:
    """Add the other tables as events or notes, or say why they are not used.

    Args:
        draft: Changed.
        found: What each table is.
        index: Sample to index time, if known.
    """
    events: list[pd.DataFrame] = []
    notes: list[pd.DataFrame] = []
    for table in found.rest:
        key, known = _key(draft, table)
        why = "" if key else "no column names the samples"
        if table.shape.kind == "rows":
            why = "one row per sample: join it to the samples yourself"
        if why:
            draft.look.append(f"{table.sheet.name} is not used: {why}")
            continue
        write, rows = (note_rows, notes) if table.shape.kind == "notes" else (event_rows, events)
        frame, done = write(table.sheet, table.shape, key, known, index)
        rows.append(frame)
        draft.did += prefixed(table.sheet.name, (*table.sheet.notes, *done))
        draft.changed += prefixed(table.sheet.name, table.sheet.notes)
    if events:
        _event_options(draft, pd.concat(events, ignore_index=True))
    if notes:
        _note_options(draft, pd.concat(notes, ignore_index=True))


def _event_options(draft: Draft, events: pd.DataFrame) -> None:
    telling = _telling(draft, events)
    options, why = window(events)
    names = [str(name) for name in events["variable"].dropna().unique()]
    if telling:
        options["variables"] = {name: None for name in names if name not in telling}
        reasons = "; ".join(f"{name}: {reason}" for name, reason in telling.items())
        draft.look.append(f"variables of the events left out as knowing the outcome: {reasons}")
    draft.tables["events"] = events
    draft.modalities.append(("events", options, why))
    draft.found.append(
        ("events", f"{len(events)} rows of {len(names)} variables: {listed(names, 6)}")
    )
    bad = int((~np.isfinite(pd.to_numeric(events["value"], errors="coerce"))).sum())
    bad -= int(events["value"].isna().sum())
    if bad:
        draft.look.append(
            f"{counted(bad, 'value')} of events are no finite numbers, such as limits of "
            "detection: `validate` will quarantine them"
        )
    if "end_hours" in options:
        draft.look.append(
            f"events are seen up to hour {options['end_hours']:g} ({why}): set end_hours to the "
            "hour at which you would predict; what is later knows more than you will"
        )


def _telling(draft: Draft, events: pd.DataFrame) -> dict[str, str]:
    ids = draft.tables["samples"][SAMPLE].to_numpy()
    found: dict[str, str] = {}
    for labels in draft.targets:
        found |= telling_variables(events, labels.values.set_axis(ids))
    return found


def _note_options(draft: Draft, notes: pd.DataFrame) -> None:
    draft.tables["notes"] = notes
    timed = "hours" in notes and notes["hours"].notna().any()
    end = _end(draft)
    options = {"end_hours": end} if timed and end is not None else {}
    why = "as the events" if options else "no time limit"
    draft.modalities.append(("notes", options, why))
    draft.found.append(("notes", f"{len(notes)} rows"))
    draft.look.append(
        f"notes ({why}): one written after the prediction, such as a discharge letter, tells the "
        "answer; take such rows out"
    )
