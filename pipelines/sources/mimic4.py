"""MIMIC-IV with MIMIC-CXR-JPG and MIMIC-IV-Note: death in hospital from the first 48 hours."""

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.sources.mimic_files import find, read, study_time
from hybrid_zoo.pipelines.sources.mimic_items import CHART, LABS, VARIABLES
from hybrid_zoo.pipelines.writing import write_cohort

HOURS = 48
_STAY = ["subject_id", "hadm_id", "stay_id", "first_careunit", "intime", "outtime"]
_ADMISSION = ["hadm_id", "deathtime", "admission_type", "race", "hospital_expire_flag"]
_PATIENT = ["subject_id", "gender", "anchor_age", "anchor_year"]
_XRAY = ["dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate", "StudyTime"]
_FRONTAL = ("AP", "PA")


@SOURCES.register
def mimic4(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Intensive-care stays of MIMIC-IV: vitals, labs, X-rays and reports of 48 hours; death.

    What it is: every stay of at least 48 hours, of an adult who was alive then; the target `death`
    is hospital_expire_flag. A patient with several stays has one sample for each.

    Inputs, all from the first 48 hours: age at admission, gender, kind of admission and unit;
    vitals from chartevents and labs from labevents, by time and patient, since hadm_id is often
    empty; a value that was only stored after the 48 hours is left out, since nobody had it. Frontal
    X-rays (AP and PA) of those hours from MIMIC-CXR-JPG, and radiology reports of them from
    MIMIC-IV-Note, where these releases lie beside MIMIC-IV. Discharge summaries are never an input:
    they are written when the outcome is known. `view` is a shortcut, since portable pictures are of
    sicker patients; race is a group and no input.

    Originals: https://physionet.org/content/mimiciv/, /mimic-cxr-jpg/ and /mimic-iv-note/. They
    need credentials; their licence, a data use agreement, holds for what this writes too. Cite
    Johnson et al., Sci Data 2023;10:1, and Johnson et al., Sci Data 2019;6:317.

    Args:
        raw: Folder that holds the releases, as PhysioNet lays them out.
        out: A new or empty folder; X-rays are linked into it where the disk allows, else copied.
        progress: Called with the number of steps done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, no stay qualifies, or `out` is not empty.
    """
    raw, out = Path(raw), Path(out)
    tell = progress or (lambda done, total: None)
    stays = _stays(raw)
    tell(1, 5)
    vitals = _events(raw, stays, "icu/chartevents.csv", "stay_id", CHART)
    labs = _events(raw, stays, "hosp/labevents.csv", "subject_id", LABS)
    events = pd.concat([vitals, labs], ignore_index=True)
    tell(2, 5)
    images, notes = _xrays(raw, stays), _reports(raw, stays)
    tell(3, 5)
    require_empty(out)
    _link(out, images)
    tell(4, 5)
    tables = {"samples": _samples(stays), "events": events}
    if len(images):
        tables["images"] = images.drop(columns="source")
    if len(notes):
        tables["notes"] = notes
    write_cohort(out, _config(tables), tables, suffix=".parquet")
    tell(5, 5)
    return out


def _stays(raw: Path) -> pd.DataFrame:
    """Return the stays that qualify, with their admission and patient."""
    admissions = (
        "hosp/admissions.csv" if find(raw, "hosp/admissions.csv") else "core/admissions.csv"
    )
    patients = admissions.replace("admissions", "patients")
    stays = read(raw, "icu/icustays.csv", _STAY).merge(
        read(raw, admissions, _ADMISSION), on="hadm_id"
    )
    stays = stays.merge(read(raw, patients, _PATIENT), on="subject_id")
    for name in ("intime", "outtime", "deathtime"):
        stays[name] = pd.to_datetime(stays[name], errors="coerce")
    stays["until"] = stays["intime"] + pd.Timedelta(hours=HOURS)
    stays["age"] = stays["anchor_age"].astype(float) + (
        stays["intime"].dt.year - stays["anchor_year"].astype(float)
    )
    alive = stays["deathtime"].isna() | (stays["deathtime"] >= stays["until"])
    stays = stays[(stays["outtime"] >= stays["until"]) & alive & (stays["age"] >= 18)]
    if stays.empty:
        raise CohortError(
            f"mimic4: no stay in {raw} is of an adult, lasts {HOURS} hours and has an admission."
        )
    return stays.sort_values("stay_id", ignore_index=True)


def _samples(stays: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": stays["stay_id"],
            "patient_id": stays["subject_id"],
            "death": stays["hospital_expire_flag"].astype(int),
            "age": stays["age"],
            "gender": stays["gender"],
            "admission_type": stays["admission_type"],
            "careunit": stays["first_careunit"],
            "race": stays["race"],
        }
    )


def _events(
    raw: Path, stays: pd.DataFrame, name: str, key: str, items: Mapping[str, str]
) -> pd.DataFrame:
    """Return the measurements of some items; a temperature in Fahrenheit is turned into Celsius."""
    rows = _charted(raw, stays, name, key, ["itemid", "valuenum"], set(items))
    variable = rows["itemid"].map(items)
    value = pd.to_numeric(rows["valuenum"], errors="coerce")
    value = value.where(variable != "TempF", (value - 32) / 1.8)
    rows = rows.assign(variable=variable.replace("TempF", "Temp"), value=value)[value.notna()]
    return rows[["sample_id", "hours", "variable", "value"]]


def _charted(
    raw: Path,
    stays: pd.DataFrame,
    name: str,
    key: str,
    columns: Sequence[str],
    items: Collection[str] = (),
) -> pd.DataFrame:
    """Return the rows of a table, of all items or of some, that were known in a stay's window."""
    known = set(stays[key])

    def keep(part: pd.DataFrame) -> pd.DataFrame:
        part = part[part[key].isin(known)]
        return part[part["itemid"].isin(items)] if items else part

    rows = read(raw, name, [key, "charttime", "storetime", *columns], keep)
    return _in_stay(rows, stays, key, "charttime")


def _in_stay(rows: pd.DataFrame, stays: pd.DataFrame, key: str, time: str) -> pd.DataFrame:
    """Give each row to the stay of its patient whose first 48 hours it was known in."""
    columns = list(dict.fromkeys([key, "stay_id", "intime", "until"]))
    rows = rows.merge(stays[columns], on=key)
    at = pd.to_datetime(rows[time], errors="coerce")
    inside = (at >= rows["intime"]) & (at <= rows["until"])
    if "storetime" in rows:
        stored = pd.to_datetime(rows["storetime"], errors="coerce")
        inside &= stored.isna() | (stored <= rows["until"])
    hours = (at - rows["intime"]).dt.total_seconds() / 3600
    return rows.assign(sample_id=rows["stay_id"], hours=hours)[inside]


def _xrays(raw: Path, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the frontal X-rays of the first 48 hours; empty without MIMIC-CXR-JPG."""
    path = find(raw, "mimic-cxr-2.0.0-metadata.csv")
    columns = ["sample_id", "path", "hours", "view", "source"]
    if path is None:
        return pd.DataFrame(columns=columns)
    rows = read(path.parent, "mimic-cxr-2.0.0-metadata.csv", _XRAY)
    rows["at"] = study_time(rows["StudyDate"], rows["StudyTime"])
    rows = rows[rows["ViewPosition"].isin(_FRONTAL) & rows["subject_id"].isin(stays["subject_id"])]
    rows = _in_stay(rows, stays, "subject_id", "at")
    patient = "p" + rows["subject_id"]
    where = "files/" + patient.str[:3] + "/" + patient + "/s" + rows["study_id"]
    rows["source"] = str(path.parent) + "/" + where + "/" + rows["dicom_id"] + ".jpg"
    rows["path"] = "images/" + rows["dicom_id"] + ".jpg"
    return rows.rename(columns={"ViewPosition": "view"})[columns].reset_index(drop=True)


def _reports(raw: Path, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the radiology reports of the first 48 hours; empty without MIMIC-IV-Note."""
    if find(raw, "note/radiology.csv") is None:
        return pd.DataFrame(columns=["sample_id", "text", "hours"])
    rows = _charted(raw, stays, "note/radiology.csv", "subject_id", ["text"])
    return rows[["sample_id", "text", "hours"]].reset_index(drop=True)


def _link(out: Path, images: pd.DataFrame) -> None:
    """Put the X-rays into the cohort folder; a missing one stays a row, and is quarantined."""
    (out / "images").mkdir(exist_ok=True)
    for source, path in images[["source", "path"]].drop_duplicates().itertuples(index=False):
        if not Path(source).is_file():
            continue
        try:
            os.link(source, out / path)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(source, out / path)


def _config(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    window = {"start_hours": 0, "end_hours": HOURS}
    config: dict[str, object] = {
        "version": 1,
        "name": "mimic4-mortality",
        "title": "Death in hospital after 48 hours of intensive care",
        "license": "PhysioNet Credentialed Health Data License 1.5.0",
        "citation": "Johnson et al., Sci Data 2023;10:1; Johnson et al., Sci Data 2019;6:317",
        "source": "https://physionet.org/content/mimiciv/",
        "population": "adults with an intensive-care stay of at least 48 hours, alive then",
        "prediction_time": f"{HOURS} hours after admission to intensive care",
        "horizon": "until discharge from hospital",
        "targets": {"death": {"kind": "binary"}},
        "tabular": {
            "age": {"kind": "numeric", "range": [18, 120]},
            "gender": {"kind": "categorical"},
            "admission_type": {"kind": "categorical"},
            "careunit": {"kind": "categorical"},
        },
        "events": window
        | {
            "step_hours": 1,
            "variables": {
                name: {"unit": unit, "range": [low, high]}
                for name, (unit, low, high) in VARIABLES.items()
            },
        },
        "groups": ["gender", "race"],
    }
    if "images" in tables:
        config["images"] = window | {"size": [128, 128], "channels": 1, "max_per_sample": 4}
        config["shortcuts"] = ["view"]
    if "notes" in tables:
        config["notes"] = window | {"max_tokens": 256}
    return config
