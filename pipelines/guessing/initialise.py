"""`init`: from whatever files there are to a cohort folder that passes `validate`."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.checks import clean_samples
from hybrid_zoo.pipelines.guessing.cohort_yaml import MARK, to_yaml
from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.drafting import Choose, draft_cohort
from hybrid_zoo.pipelines.guessing.sheet import counted, listed
from hybrid_zoo.pipelines.schema import parse_config
from hybrid_zoo.pipelines.tables import Quarantine, with_row_numbers
from hybrid_zoo.pipelines.writing import SUFFIXES, write_cohort

UNMATCHED = "unmatched_images.csv"


def init_cohort(
    inputs: Sequence[Path],
    out: Path | None,
    targets: Sequence[str],
    *,
    overwrite: bool = False,
    choose: Choose | None = None,
) -> tuple[Draft, Path]:
    """Write a cohort from a folder of files, or cohort.yaml into a folder that lacks only that.

    Args:
        inputs: Folders and tables: spreadsheets, long tables, folders of images.
        out: A folder to write; None for a folder that holds `samples.csv` (`.csv.gz`, `.parquet`)
            by the cohort format, whose tables then stay as they are.
        targets: Columns to predict.
        overwrite: Replace a cohort that an earlier `init` wrote.
        choose: Asked for the targets if none are given; None refuses instead.

    Returns:
        The draft, and the folder that was written.

    Raises:
        ConfigError: If something must be said first: the target, the samples table, `out`.
        CohortError: If the samples cannot be a cohort, such as fewer than 10 of them.
        DataError: If a table cannot be read.
    """
    inputs = [Path(path) for path in inputs]
    place = _place(inputs, out)
    inside = place in inputs
    _require_room(place, inside=inside, overwrite=overwrite)
    draft = draft_cohort(inputs, place, targets, choose)
    text = to_yaml(draft)
    _check(draft, text)
    if inside:
        _write_inside(place, draft, text)
    else:
        _write(place, draft, text)
    return draft, place


def _place(inputs: list[Path], out: Path | None) -> Path:
    """Return the folder to write; one of the inputs if that is a cohort but for cohort.yaml."""
    first = inputs[0]
    if len(inputs) == 1 and _holds_samples(first) and (out is None or _within(first, out) == 0):
        return first
    if out is None:
        raise ConfigError("Say where the cohort is to be written: --out FOLDER.")
    inner = [path for path in inputs if _within(path, out) is not None]
    if inner:
        raise ConfigError(f"--out {out} holds {listed(inner)}, the files to read; choose another.")
    return Path(out)


def _holds_samples(folder: Path) -> bool:
    return any((folder / f"samples{suffix}").is_file() for suffix in SUFFIXES)


def _within(path: Path, folder: Path) -> int | None:
    """Return how many folders deep a path lies in a folder; None if it does not."""
    path, folder = path.resolve(), Path(folder).resolve()
    return len(path.relative_to(folder).parts) if path.is_relative_to(folder) else None


def _require_room(place: Path, *, inside: bool, overwrite: bool) -> None:
    described = place / "cohort.yaml"
    there = described.exists() if inside else place.exists() and not _is_empty(place)
    if not there:
        return
    if not overwrite:
        what = f"{described} exists; it alone is replaced" if inside else f"{place} exists"
        raise ConfigError(f"{what}: choose another --out, or pass --overwrite.")
    if not (inside or _is_ours(described)):
        raise ConfigError(
            f"{place} was not written by init, and is not replaced even with --overwrite; "
            "choose another --out, or remove it yourself."
        )


def _is_empty(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _is_ours(described: Path) -> bool:
    return described.is_file() and described.read_text(encoding="utf-8").startswith(MARK)


def _check(draft: Draft, text: str) -> None:
    """Refuse before writing what `validate` would refuse afterwards."""
    if not (draft.of_role("input", "group") or draft.modalities):
        out = listed((f"{name} ({role.why})" for name, role in draft.roles.items()), 8)
        raise ConfigError(f"Nothing is left that could be an input. Columns: {out}.")
    config = parse_config(yaml.safe_load(text), "cohort.yaml")
    images = draft.tables.get("images", pd.DataFrame())
    samples = with_row_numbers(draft.tables["samples"], "samples")
    clean_samples(samples, config, [str(name) for name in images], Quarantine())


def _write_inside(place: Path, draft: Draft, text: str) -> None:
    """Write cohort.yaml, and a table of images if there is none; change no file."""
    if draft.changed:
        raise ConfigError(
            f"The tables of {place} cannot stay as they are ({listed(draft.changed, 3)}). Pass "
            "--out FOLDER for a changed copy; nothing was written."
        )
    names = [f"images{suffix}" for suffix in SUFFIXES]
    if "images" in draft.tables and not any((place / name).exists() for name in names):
        draft.tables["images"].to_csv(place / "images.csv", index=False)
    _write_unmatched(place, draft)
    (place / "cohort.yaml").write_text(text, encoding="utf-8")


def _write(place: Path, draft: Draft, text: str) -> None:
    partial = place.with_name(place.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    write_cohort(partial, yaml.safe_load(text), draft.tables)
    linked = sum(_bring(source, partial / name) for name, source in draft.files.items())
    if draft.files:
        copied = len(draft.files) - linked
        ways = [f"{counted(linked, 'image file')} hard-linked (same bytes, no space)"] * (
            linked > 0
        )
        ways += [f"{counted(copied, 'image file')} copied"] * (copied > 0)
        draft.did.append(", ".join(ways))
        text = to_yaml(draft)
    _write_unmatched(partial, draft)
    (partial / "cohort.yaml").write_text(text, encoding="utf-8")
    if place.exists():
        shutil.rmtree(place)
    partial.rename(place)


def _bring(source: Path, target: Path) -> bool:
    """Hard-link a file, or copy it where that is not possible; tell which."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
        return False
    return True


def _write_unmatched(folder: Path, draft: Draft) -> None:
    if draft.unmatched:
        rows = pd.DataFrame(list(draft.unmatched.items()), columns=["file", "reason"])
        rows.to_csv(folder / UNMATCHED, index=False)
