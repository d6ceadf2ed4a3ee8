"""Finds image files, and the rows of a table that they belong to, by their names."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hybrid_zoo.pipelines.guessing.file_tokens import match_tokens
from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.words import says

SUFFIXES = (".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".ima", ".nii", ".nii.gz")
_DICOM = slice(128, 132)  # where a DICOM file without a suffix says what it is


@dataclass(frozen=True, eq=False)
class Links:
    """Which file belongs to which row.

    Args:
        column: The column that names the files.
        way: How, in words.
        pairs: `row` (position in the table) and `file` (as `find_images` names it).
        severed: Files that more than one row lays claim to, each with the reason.
    """

    column: str
    way: str
    pairs: pd.DataFrame
    severed: dict[str, str]


def find_images(inputs: list[Path], skip: Path | None) -> dict[str, Path]:
    """Find all image files, in folders within folders too.

    Args:
        inputs: Folders and files.
        skip: A folder that is left out: the one to write.

    Returns:
        The name of each file, relative to its folder with slashes, to where it is.
    """
    folders = [path for path in inputs if path.is_dir()]
    found = {path.name: path for path in inputs if path.is_file() and _is_image(path)}
    for folder in folders:
        above = Path(folder.name) if len(folders) > 1 else Path()
        for path in _files(folder, skip):
            found[(above / path.relative_to(folder)).as_posix()] = path
    return found


def _files(folder: Path, skip: Path | None) -> list[Path]:
    """Return the image files of a folder, without hidden ones and those of another folder."""
    visible = [
        path
        for path in sorted(folder.rglob("*"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    away = None if skip is None else skip.resolve()
    here = [path for path in visible if away is None or not path.resolve().is_relative_to(away)]
    return [path for path in here if path.is_file() and _is_image(path)]


def _is_image(path: Path) -> bool:
    if path.name.lower().endswith(SUFFIXES):
        return True
    if path.suffix and not path.suffix[1:].isdigit():  # 1.2.840.113 is how DICOM names files
        return False
    try:
        with path.open("rb") as file:
            return file.read(_DICOM.stop)[_DICOM] == b"DICM"
    except OSError:
        return False


def link_images(names: list[str], frame: pd.DataFrame, columns: dict[str, Column]) -> Links | None:
    """Match files to rows: by a column of paths or names, else by an id inside the name.

    Args:
        names: Of the files, as `find_images` gives them.
        frame: The table.
        columns: What its columns are.

    Returns:
        The way that matches most files; None if none matches any.
    """
    found = [_by_name(names, frame[name]) for name in _naming(columns)]
    ids = [c.name for c in columns.values() if c.kind == "id" and not says(c.name, "identity")]
    most = max((len(links.pairs) for links in found), default=0)
    if most < 0.9 * min(len(names), len(frame)):
        found += [_by_token(names, frame[name]) for name in ids]
    found = [links for links in found if len(links.pairs)]
    return max(found, key=lambda links: len(links.pairs), default=None)


def _naming(columns: dict[str, Column]) -> list[str]:
    """Columns that may name files, those that hold paths first."""
    fit = [c for c in columns.values() if c.kind in ("path", "id", "text", "categorical")]
    fit = [c for c in fit if c.kind != "categorical" or c.levels > 20]
    return [c.name for c in sorted(fit, key=lambda c: c.kind != "path")]


def _by_name(names: list[str], column: pd.Series) -> Links:
    """Match whole names: a path, the end of one, a file name, or a file name without suffix."""
    files: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for key in _endings(name):
            files[key].append(name)
    rows: list[tuple[int, str]] = []
    severed: dict[str, str] = {}
    for row, cell in enumerate(column.fillna("")):
        ends = (key for key in _endings(cell) if key in files)
        hits = files.get(next(ends, ""), [])
        if len(hits) > 1 and "." in cell.rpartition("/")[2]:
            severed |= dict.fromkeys(hits, "named alike in several folders")
        else:
            rows += [(row, file) for file in hits]
    pairs, shared = _single(rows)
    return Links(str(column.name), "by file name", pairs, severed | shared)


def _endings(path: str) -> Iterator[str]:
    """A path, then without its first folder, and so on; the same without suffix."""
    plain = path.replace("\\", "/").casefold().removeprefix("./")
    parts = plain.split("/")
    yield from ("/".join(parts[k:]) for k in range(len(parts)))
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if plain.endswith(suffix):
            yield from ("/".join(parts[k:])[: -len(suffix)] for k in range(len(parts)))
            return


def _by_token(names: list[str], column: pd.Series) -> Links:
    rows = match_tokens(names, column)
    pairs, severed = _single(rows)
    return Links(str(column.name), "by the id inside the file name", pairs, severed)


def _single(rows: list[tuple[int, str]]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take out files that several rows claim: whose picture it is nobody knows."""
    pairs = pd.DataFrame(rows, columns=["row", "file"]).drop_duplicates()
    claims = pairs["file"].value_counts()
    many = claims.index[claims > 1]
    reasons = {str(file): f"fits {claims[file]} rows" for file in many}
    return pairs[~pairs["file"].isin(many)].reset_index(drop=True), reasons
