"""Finds a cohort's good image files, puts them in order, and reads one."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.fitting import fit
from hybrid_zoo.pipelines.formats import decode
from hybrid_zoo.pipelines.inspection import Inspected
from hybrid_zoo.pipelines.manifest import changed, entries, listed, manifest
from hybrid_zoo.pipelines.scan import Job, Progress, scan
from hybrid_zoo.pipelines.schema import Images
from hybrid_zoo.pipelines.tables import Quarantine

LESION = "lesion"
"""Optional column of the images table: path of a mask, above 0 where a lesion is known to be."""


def check_images(
    rows: pd.DataFrame,
    folder: Path,
    quarantine: Quarantine,
    trusted: pd.DataFrame,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the image rows whose file is inside the folder, whole, and of a known format.

    Args:
        rows: With `path`, and `sha256` where known; row numbers as index.
        folder: Where paths start.
        quarantine: Takes the others, each with its file and reason.
        trusted: Manifest of files that need no second look; every other one is decoded in full.
        progress: Called with the number of files scanned and of all files to scan.

    Returns:
        The good rows, where a path with `..` that stays inside is rewritten without; and the
        manifest of their files.

    Raises:
        DataError: If a file of the manifest is gone or has another size.
    """
    hashes = rows["sha256"].fillna("") if "sha256" in rows else [""] * len(rows)
    jobs = list(zip(rows["path"], hashes, strict=True))
    known = _look_up(jobs, folder.resolve(), trusted, progress)
    found = [known[job] for job in jobs]
    for number, job, entry in zip(rows.index, jobs, found, strict=True):
        if entry.reason:
            quarantine.add("images", [number], entry.reason, "path", job[0])
    paths = pd.Series([entry.path for entry in found], index=rows.index, dtype="str")
    good = np.array([not entry.reason for entry in found], dtype=bool)
    return rows.assign(path=paths)[good], manifest(found)


def _look_up(
    jobs: list[Job], root: Path, trusted: pd.DataFrame, progress: Progress | None
) -> dict[Job, Inspected]:
    """Return what is known of every file: from the manifest, else from a scan."""
    by_path = entries(trusted)
    answers = {job: listed(by_path, root, *job) for job in dict.fromkeys(jobs)}
    known = {job: entry for job, entry in answers.items() if entry is not None}
    fresh = [job for job in answers if job not in known]
    return known | dict(zip(fresh, scan(root, fresh, progress), strict=True))


def order_images(rows: pd.DataFrame, sample_ids: Iterable[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Put the images of each sample in order of hours, the latest last.

    Args:
        rows: Image rows of one modality.
        sample_ids: All samples, in order.

    Returns:
        The rows in order, and `(rows, 2)` sample and image position of each.
    """
    rows = rows.sort_values(["hours", "path"], na_position="first", kind="stable")
    samples = pd.Index(sample_ids).get_indexer(pd.Index(rows["sample_id"]))
    positions = rows.groupby("sample_id").cumcount().to_numpy()
    return rows, np.stack([samples, positions], axis=1).astype(np.int64)


def read_image(folder: Path, name: str, sha256: str, options: Images) -> np.ndarray:
    """Read one file of a manifest.

    Args:
        folder: Where paths start.
        name: Its path.
        sha256: Hash of its content.
        options: Of its modality.

    Returns:
        `(*size, channels)` in the dtype of the file.

    Raises:
        DataError: If the file is not what the manifest says.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError:
        raise changed(name, "cannot be read any more") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise changed(name, "has another content")
    return fit(decode(data, scanned=True), options)
