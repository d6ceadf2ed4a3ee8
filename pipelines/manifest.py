"""The list of image files that were scanned, by which later changes are found out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError, DataError
from hybrid_zoo.pipelines.inspection import DIFFERS, Inspected, differs, inside

MANIFEST = "manifest.csv"
COLUMNS = ("sha256", "bytes", "shape", "dtype")
_DTYPES = ("uint8", "uint16", "int16", "float32")


def manifest(found: Iterable[Inspected]) -> pd.DataFrame:
    """Return what a scan found of the files that can be used.

    Args:
        found: One entry per image row; those with a reason are left out.

    Returns:
        Index `path`, once each; `sha256, bytes, shape, dtype`.
    """
    rows = {item.path: item for item in found if not item.reason}
    table = {name: [getattr(item, name) for item in rows.values()] for name in COLUMNS}
    return pd.DataFrame(table, index=pd.Index(rows, name="path", dtype="str"))


def read_manifest(folder: Path) -> pd.DataFrame:
    """Read the manifest of a cohort folder.

    Args:
        folder: The cohort folder.

    Returns:
        As `manifest`; empty where there is none.

    Raises:
        CohortError: If the file is there and is no manifest.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return manifest([])
    try:
        table = pd.read_csv(path, dtype={"path": str, "sha256": str, "shape": str, "dtype": str})
        if not table["path"].is_unique or not table["dtype"].isin(_DTYPES).all():
            raise ValueError
        return table.set_index("path")[list(COLUMNS)].astype({"bytes": "int64"})
    except (OSError, ValueError, KeyError) as error:
        raise CohortError(
            f"{path} cannot be read as a manifest ({type(error).__name__}); remove it and run "
            "`hybrid-zoo validate` again."
        ) from None


def write_manifest(files: pd.DataFrame, folder: Path) -> Path | None:
    """Write a manifest into a cohort folder, in place of an older one.

    Args:
        files: As `manifest` returns it.
        folder: The cohort folder.

    Returns:
        The file; None where the folder cannot be written, as on a read-only share.
    """
    path, fresh = folder / MANIFEST, folder / f"{MANIFEST}.partial"
    try:
        files.to_csv(fresh)
        fresh.replace(path)
    except OSError:
        return None
    return path


def entries(files: pd.DataFrame) -> dict[str, Inspected]:
    """Return what a manifest says, by path.

    Args:
        files: As `read_manifest` gives it.
    """
    rows = files[list(COLUMNS)].itertuples(name=None)
    return {path: Inspected("", path, *known) for path, *known in rows}


def listed(
    known: Mapping[str, Inspected], root: Path, name: str, expected: str
) -> Inspected | None:
    """Return what a manifest says of a file, without reading the file.

    Args:
        known: As `entries` gives it.
        root: The cohort folder, resolved.
        name: The path as the images table gives it.
        expected: SHA-256 that the images table gives; empty if it gives none.

    Returns:
        None for a file that the manifest does not list, or that is outside: no list opens a way
        out of the folder.

    Raises:
        DataError: If the file is gone or has another size.
    """
    path, entry = inside(root, name), known.get(name)
    if entry is None or path is None:
        return None
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        size = None
    if size != entry.bytes:
        raise changed(name, "is gone" if size is None else "has another size")
    return entry._replace(reason=DIFFERS) if differs(entry.sha256, expected) else entry


def changed(name: str, how: str) -> DataError:
    """Return the error for a file that is not what it was when it was scanned.

    Args:
        name: Its path.
        how: What differs, such as "has another size".
    """
    return DataError(
        f"Image {name} {how} since the cohort was scanned. If that is meant, run "
        "`hybrid-zoo validate` on the cohort again; if not, restore the file."
    )
