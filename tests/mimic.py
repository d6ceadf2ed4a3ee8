"""Writes a little release of MIMIC-IV, MIMIC-CXR-JPG and MIMIC-IV-Note, every number invented."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

START = pd.Timestamp("2150-01-01 10:00:00")
SUBJECTS = 14
VIEWS = ("AP", "PA", "LATERAL", None)


def subject(number: int) -> str:
    return str(10000000 + 7 * number)


def stamp(hours: float) -> str:
    return str((START + pd.Timedelta(hours=hours)).floor("s"))


def stays(short: int = 1, early: int = 2, young: int = 3) -> pd.DataFrame:
    """One stay per subject; three do not qualify: short, dead within 48 hours, a child."""
    rows = []
    for k in range(SUBJECTS):
        dead = early if k == early else (60 if k % 4 == 0 else None)
        rows.append(
            {
                "subject_id": subject(k),
                "hadm_id": str(20000000 + k),
                "stay_id": str(30000000 + k),
                "first_careunit": "MICU",
                "last_careunit": "MICU",
                "intime": stamp(0),
                "outtime": stamp(30 if k == short else 72),
                "los": 3,
                "deathtime": None if dead is None else stamp(dead),
                "hospital_expire_flag": int(dead is not None),
                "admission_type": "URGENT",
                "race": "UNKNOWN",
                "gender": "MF"[k % 2],
                "anchor_age": 15 if k == young else 40 + k,
                "anchor_year": 2148,
            }
        )
    return pd.DataFrame(rows)


def chart(rows: pd.DataFrame) -> pd.DataFrame:
    """Vitals: a heart rate, a Fahrenheit temperature, one too late, one too early, one unknown item."""
    items = [(5, "220045", 80), (6, "223761", 98.6), (49, "220045", 200), (-1, "220045", 1)]
    return pd.DataFrame(
        [
            {"subject_id": row.subject_id, "hadm_id": row.hadm_id, "stay_id": row.stay_id,
             "charttime": stamp(hours), "storetime": stamp(hours + 1), "itemid": item,
             "value": str(value), "valuenum": value, "valueuom": ""}
            for row in rows.itertuples()
            for hours, item, value in [*items, (7, "999999", 3)]
        ]
    )  # fmt: skip


def labs(rows: pd.DataFrame) -> pd.DataFrame:
    """Labs without an admission, with a masked value, and one whose result came after the window."""
    kinds = [(4, 5, "50912", 1.1), (8, 9, "50971", None), (47, 50, "50813", 9.0), (20, 21, "1", 2)]
    return pd.DataFrame(
        [
            {"subject_id": row.subject_id, "hadm_id": None, "itemid": item,
             "charttime": stamp(taken), "storetime": stamp(stored),
             "value": "___" if value is None else str(value), "valuenum": value}
            for row in rows.itertuples()
            for taken, stored, item, value in kinds
        ]
    )  # fmt: skip


def xrays(rows: pd.DataFrame) -> pd.DataFrame:
    """Two per patient: one in the window at 00:30:15 of the second day, one after it."""
    return pd.DataFrame(
        [
            {"dicom_id": f"d{row.subject_id}-{k}", "subject_id": row.subject_id,
             "study_id": f"5{row.subject_id}{k}", "ViewPosition": VIEWS[number % 4],
             "StudyDate": date, "StudyTime": time, "Extra": 1}
            for number, row in enumerate(rows.itertuples())
            for k, (date, time) in enumerate([("21500102", "3015.25"), ("21500104", "120000.5")])
        ]
    )  # fmt: skip


def save(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


def write_release(raw: Path, core: str = "hosp") -> pd.DataFrame:
    """Write all files; `core` is where admissions and patients lie. Returns the stays."""
    rows = stays()
    four = raw / "mimiciv" / "3.1"
    save(rows[["subject_id", "hadm_id", "stay_id", "first_careunit", "last_careunit", "intime",
               "outtime", "los"]], four / "icu/icustays.csv.gz")  # fmt: skip
    save(rows[["subject_id", "hadm_id", "deathtime", "admission_type", "race",
               "hospital_expire_flag"]], four / core / "admissions.csv.gz")  # fmt: skip
    patients = rows[["subject_id", "gender", "anchor_age", "anchor_year"]]
    save(patients, four / core / "patients.csv.gz")
    save(chart(rows), four / "icu/chartevents.csv.gz")
    save(labs(rows), four / "hosp/labevents.csv.gz")
    found = xrays(rows)
    pictures = raw / "mimic-cxr-jpg" / "2.0.0"
    save(found, pictures / "mimic-cxr-2.0.0-metadata.csv.gz")
    for number, row in enumerate(found.itertuples()):
        patient = f"p{row.subject_id}"
        path = pictures / f"files/{patient[:3]}/{patient}/s{row.study_id}/{row.dicom_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((40, 30), number * 3, dtype=np.uint8)
        if row.subject_id != subject(4):  # this one's files were not downloaded
            Image.fromarray(pixels).save(path)
    notes = pd.DataFrame(
        {"note_id": [f"n{k}" for k in range(SUBJECTS)], "subject_id": rows["subject_id"],
         "hadm_id": rows["hadm_id"], "charttime": stamp(12), "storetime": stamp(13),
         "text": 'Lungs "clear",\nno ___.'}
    )  # fmt: skip
    save(notes, raw / "mimic-iv-note/2.2/note/radiology.csv.gz")
    late = notes.assign(charttime=stamp(90), storetime=stamp(90), text="DIED")
    save(late, raw / "mimic-iv-note/2.2/note/discharge.csv.gz")
    return rows
