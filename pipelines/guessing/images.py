"""The images table of a draft, and what the pictures are like."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.errors import DataError
from hybrid_zoo.pipelines.formats import decode, quiet_decoders
from hybrid_zoo.pipelines.guessing.shapes import Table
from hybrid_zoo.pipelines.guessing.sheet import listed
from hybrid_zoo.pipelines.guessing.times import hours
from hybrid_zoo.pipelines.guessing.words import plain, says

FOLDER = "images"
_LOOKED_AT = 12  # files that are decoded to see what all are like
_SIDE = 128  # pixels, unless the pictures are smaller
_DEPTH, _VOLUME_SIDE = 32, 64
_UNSEEN = (1, _SIDE, _SIDE, 1)  # where none of them can be decoded
_MOST = 4  # images per sample
_RESERVED = ("sample_id", "path", "hours", "modality", "sha256")
_SIZES = {"w", "h", "width", "height", "rows", "columns", "breite", "hoehe", "largeur", "hauteur"}


@dataclass(eq=False)
class ImageTable:
    """Images of a draft.

    Args:
        frame: `sample_id`, `path` and the table's other columns.
        options: Of cohort.yaml, by modality.
        did: What was done.
        shortcuts: Columns that say how the pictures were taken.
    """

    frame: pd.DataFrame
    options: dict[str, Any]
    did: list[str] = field(default_factory=list)
    shortcuts: dict[str, str] = field(default_factory=dict)


def named_images(table: Table, ids: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """List the image files that a samples table names.

    Args:
        table: Samples, with links.
        ids: The sample of each row.

    Returns:
        `sample_id, path`; what was done.
    """
    links = table.links
    if links is None:
        return pd.DataFrame(columns=["sample_id", "path"]), []
    rows = ids.iloc[links.pairs["row"].to_numpy()]
    frame = pd.DataFrame({"sample_id": rows.to_numpy(), "path": links.pairs["file"]})
    frame = pd.concat([frame, _absent(table, ids)], ignore_index=True)
    return frame, [f"{len(links.pairs)} image files matched {links.way}, column {links.column!r}"]


def image_rows(
    table: Table, ids: pd.Series, key: str, index: pd.Series | None
) -> tuple[pd.DataFrame, list[str]]:
    """Write a table with a row per image as an images table.

    Args:
        table: The table, with links.
        ids: The sample of each row.
        key: The column that they come from.
        index: Sample to index time, if known.

    Returns:
        `sample_id, path`, `hours` if they are known, and its other columns; what was done.
    """
    frame, notes = named_images(table, ids)
    source, clock, links = table.sheet.frame, table.shape.clock, table.links
    if links is None:
        return frame, notes
    rows = links.pairs["row"].to_numpy()
    used = {key, links.column} if table.columns[links.column].kind == "path" else {key}
    if clock is not None:
        when, words = hours(source[clock.column], clock, ids, index)
        frame["hours"] = pd.Series(when.to_numpy()[rows])
        used |= {clock.column} & {"hours"}
        notes.append(words)
    for name in source.columns.difference(list(used), sort=False):
        free = f"{name}_original" if name in _RESERVED else name
        frame[free] = pd.Series(source[name].to_numpy()[rows])
        if free != name:
            notes.append(f"column {name!r} is called {free!r} in images")
    return frame, notes


def _absent(table: Table, ids: pd.Series) -> pd.DataFrame:
    """Keep rows whose file is not there: `validate` lists them, nothing vanishes here."""
    links = table.links
    if links is None or table.columns[links.column].kind != "path":
        return pd.DataFrame(columns=["sample_id", "path"])
    paths = table.sheet.frame[links.column]
    there = set(links.pairs["row"])
    rows = [k for k in range(len(paths)) if k not in there and isinstance(paths.iloc[k], str)]
    absent = {"sample_id": ids.iloc[rows].to_numpy(), "path": paths.iloc[rows].to_numpy()}
    return pd.DataFrame(absent)


def with_options(frame: pd.DataFrame, files: dict[str, Path]) -> ImageTable:
    """Guess the options of the pictures from some of them.

    Args:
        frame: The images table.
        files: Path inside the cohort to where each file is.
    """
    shapes = _shapes([files[name] for name in frame["path"].unique() if name in files])
    seen = sorted({"x".join(map(str, shape)) for shape in shapes})
    did = [
        f"{len(shapes)} image files looked at: {listed(seen, 4)} (frames, height, width, channels)"
    ]
    middle = np.median(shapes or [_UNSEEN], axis=0).astype(int).tolist()
    if middle[0] > 1:
        size = np.minimum(middle[:3], (_DEPTH, _VOLUME_SIDE, _VOLUME_SIDE)).tolist()
        frame = frame.assign(modality="volume")
        return ImageTable(frame, {"volume": {"size": size}}, did, image_shortcuts(frame))
    options = {
        "size": np.minimum(middle[1:3], _SIDE).tolist(),
        "channels": max((shape[3] for shape in shapes), default=1),
        "max_per_sample": min(int(frame["sample_id"].value_counts().max()), _MOST),
    }
    return ImageTable(frame, options, did, image_shortcuts(frame))


def _shapes(paths: list[Path]) -> list[tuple[int, ...]]:
    """Return frames, height, width and channels of some files, spread over all."""
    step = max(1, len(paths) // _LOOKED_AT)
    found = []
    with quiet_decoders():
        for path in paths[::step][:_LOOKED_AT]:
            try:
                found.append(decode(path.read_bytes()).shape)
            except (DataError, OSError):
                continue  # `validate` says which files are bad, and why
    return found


def image_shortcuts(frame: pd.DataFrame) -> dict[str, str]:
    """Name columns of images that say how a picture was taken.

    Args:
        frame: The images table.
    """
    found = {}
    for name in frame.columns.difference(["sample_id", "path", "hours", "modality"], sort=False):
        levels = frame[name].nunique()
        told = says(name, "shortcut") or plain(name) in _SIZES
        if told and levels > 1 and not says(name, "outcome"):
            found[str(name)] = f"says how a picture was taken: {levels} levels"
    return found
