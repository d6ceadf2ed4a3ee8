"""Frontal X-rays of MIMIC-CXR-JPG that were taken in a stay."""

import os
import shutil
from pathlib import Path

import pandas as pd

from hybrid_zoo.pipelines.sources.mimic_files import find, in_stay, read

_METADATA = "mimic-cxr-2.0.0-metadata.csv"
_COLUMNS = ["dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate", "StudyTime"]
_FRONTAL = ("AP", "PA")


def xrays(raw: Path, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the frontal X-rays (AP and PA) of each stay's window.

    Args:
        raw: The folder that holds MIMIC-CXR-JPG.
        stays: As for `in_stay`.

    Returns:
        `sample_id, path, hours, view` and the file's `source`; empty without MIMIC-CXR-JPG.

    Raises:
        CohortError: If the metadata lack a column or are damaged.
    """
    path = find(raw, _METADATA)
    columns = ["sample_id", "path", "hours", "view", "source"]
    if path is None:
        return pd.DataFrame(columns=columns)
    rows = read(path.parent, _METADATA, _COLUMNS)
    rows["at"] = study_time(rows["StudyDate"], rows["StudyTime"])
    rows = rows[rows["ViewPosition"].isin(_FRONTAL) & rows["subject_id"].isin(stays["subject_id"])]
    rows = in_stay(rows, stays, "subject_id", "at")
    patient = "p" + rows["subject_id"]
    where = "files/" + patient.str[:3] + "/" + patient + "/s" + rows["study_id"]
    rows["source"] = str(path.parent) + "/" + where + "/" + rows["dicom_id"] + ".jpg"
    rows["path"] = "images/" + rows["dicom_id"] + ".jpg"
    return rows.rename(columns={"ViewPosition": "view"})[columns].reset_index(drop=True)


def study_time(date: pd.Series, time: pd.Series) -> pd.Series:
    """Return the time stamps of X-rays.

    Args:
        date: `StudyDate`, such as `21500102`.
        time: `StudyTime` as hours, minutes and seconds in one number without leading zeros:
            `3015.25` is a quarter of a second after 00:30:15.

    Returns:
        Time stamps without the fraction; NaT where either is missing or impossible.
    """
    whole = time.str.split(".").str[0].str.zfill(6)
    return pd.to_datetime(
        date.str.split(".").str[0] + whole, format="%Y%m%d%H%M%S", errors="coerce"
    )


def link(out: Path, images: pd.DataFrame) -> None:
    """Put X-rays into a cohort folder: linked where the disk allows, else copied.

    Args:
        out: The cohort folder.
        images: `path` and `source`; a missing file stays a row, and is quarantined later.
    """
    (out / "images").mkdir(exist_ok=True)
    for source, path in images[["source", "path"]].drop_duplicates().itertuples(index=False):
        if not Path(source).is_file():
            continue
        try:
            os.link(source, out / path)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(source, out / path)
