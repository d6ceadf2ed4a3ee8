"""What all tasks on stays of MIMIC-IV share: who they are, and what was known of them when."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd

from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.mimic_files import find, in_stay, read
from hybrid_zoo.pipelines.sources.mimic_images import link, xrays
from hybrid_zoo.pipelines.sources.mimic_items import CHART, LABS, VARIABLES, declared
from hybrid_zoo.pipelines.writing import write_cohort

_STAY = ["subject_id", "hadm_id", "stay_id", "first_careunit", "intime", "outtime"]
_ADMISSION = ["hadm_id", "deathtime", "admission_type", "race", "hospital_expire_flag"]
_PATIENT = ["subject_id", "gender", "anchor_age", "anchor_year"]


def adult_stays(raw: Path) -> pd.DataFrame:
    """Read the intensive-care stays of adults, with their admission and patient.

    Args:
        raw: The folder that holds MIMIC-IV.

    Returns:
        In the order of `stay_id`: its columns, the admission's and the patient's, `age` at
        `intime`; `intime`, `outtime` and `deathtime` as time stamps. May be empty.

    Raises:
        CohortError: If a file or column is missing.
    """
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
    stays["age"] = stays["anchor_age"].astype(float) + (
        stays["intime"].dt.year - stays["anchor_year"].astype(float)
    )
    return stays[stays["age"] >= 18].sort_values("stay_id", ignore_index=True)


def write_stays(
    raw: Path,
    out: Path,
    *,
    stays: pd.DataFrame,
    labels: pd.DataFrame,
    about: Mapping[str, object],
    hours: float,
    progress: Progress | None = None,
) -> Path:
    """Read what was known in each stay's window, and write the cohort.

    Args:
        raw: The folder that holds the releases.
        out: A new or empty folder.
        stays: As `adult_stays` gives them, and `until`, the end of each window.
        labels: Further columns of the samples, by the same index.
        about: What cohort.yaml says of the task: `targets` and texts.
        hours: From `intime` on, what cohort.yaml shows the model of the window.
        progress: Called with the number of steps done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, or `out` is not empty.
    """
    tell = progress or (lambda done, total: None)
    tell(1, 5)
    vitals = _events(raw, stays, "icu/chartevents.csv", "stay_id", CHART)
    labs = _events(raw, stays, "hosp/labevents.csv", "subject_id", LABS)
    events = pd.concat([vitals, labs], ignore_index=True)
    tell(2, 5)
    images, notes = xrays(raw, stays), _reports(raw, stays)
    tell(3, 5)
    link(require_empty(out), images)
    tell(4, 5)
    samples = pd.concat([_samples(stays), labels], axis=1)
    tables = {"samples": samples, "events": events}
    if len(images):
        tables["images"] = images.drop(columns="source")
    if len(notes):
        tables["notes"] = notes
    write_cohort(out, _config(tables, about, hours), tables, suffix=".parquet")
    tell(5, 5)
    return out


def _samples(stays: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": stays["stay_id"],
            "patient_id": stays["subject_id"],
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

    def measured(rows: pd.DataFrame) -> pd.DataFrame:
        variable = rows["itemid"].map(items)
        value = pd.to_numeric(rows["valuenum"], errors="coerce")
        value = value.where(variable != "TempF", (value - 32) / 1.8)
        rows = rows.assign(variable=variable.replace("TempF", "Temp"), value=value)[value.notna()]
        return rows[["sample_id", "hours", "variable", "value"]]

    known = _known(stays, key, measured, items)
    return read(raw, name, [key, "charttime", "storetime", "itemid", "valuenum"], known)


def _reports(raw: Path, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the radiology reports of the window; empty without MIMIC-IV-Note."""
    columns = ["sample_id", "text", "hours"]
    if find(raw, "note/radiology.csv") is None:
        return pd.DataFrame(columns=columns)
    known = _known(stays, "subject_id", lambda rows: rows[columns])
    needed = ["subject_id", "charttime", "storetime", "text"]
    return read(raw, "note/radiology.csv", needed, known)


def _known(
    stays: pd.DataFrame,
    key: str,
    shape: Callable[[pd.DataFrame], pd.DataFrame],
    items: Collection[str] = (),
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return what `read` keeps: rows of all or some items that were known in a stay's window.

    The window is cut part by part: whole stays of a release do not fit into memory as text.
    """
    owners = set(stays[key])

    def keep(part: pd.DataFrame) -> pd.DataFrame:
        part = part[part[key].isin(owners)]
        part = part[part["itemid"].isin(items)] if items else part
        return shape(in_stay(part, stays, key, "charttime"))

    return keep


def _config(
    tables: Mapping[str, pd.DataFrame], about: Mapping[str, object], hours: float
) -> dict[str, object]:
    window = {"start_hours": 0, "end_hours": hours}
    config: dict[str, object] = {
        "version": 1,
        **about,
        "license": "PhysioNet Credentialed Health Data License 1.5.0",
        "source": "https://physionet.org/content/mimiciv/",
        "tabular": {
            "age": {"kind": "numeric", "range": [18, 120]},
            "gender": {"kind": "categorical"},
            "admission_type": {"kind": "categorical"},
            "careunit": {"kind": "categorical"},
        },
        "events": window | {"step_hours": 1, "variables": declared(VARIABLES)},
        "groups": ["gender", "race"],
    }
    if "images" in tables:
        config["images"] = window | {"size": [128, 128], "channels": 1, "max_per_sample": 4}
        config["shortcuts"] = ["view"]
    if "notes" in tables:
        config["notes"] = window | {"max_tokens": 256}
    return config
