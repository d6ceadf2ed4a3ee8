"""Writes a little release of MIMIC-IV, MIMIC-CXR-JPG and MIMIC-IV-Note, every number invented."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

START = pd.Timestamp("2150-01-01 10:00:00")
SUBJECTS = 14
VIEWS = ("AP", "PA", "LATERAL", None)
# One diagnosis of each phenotype in the benchmark's order, by ICD-9 and by ICD-10.
CODES = {
    "9": "5849 431 41071 42731 5859 496 99811 4260 4280 41401 25010 25000 2724 4019 2761 5789 40391 "
    "5715 7862 4720 5119 486 51881 0389 78551",
    "10": "N179 I619 I214 I4891 N189 J449 T814XXA I442 I509 I2510 E1165 E119 E785 I10 E871 K922 I120 "
    "K760 R05 J310 J90 J189 J9601 A419 R570",
}
SERIES = (
    "Hours,Capillary refill rate,Diastolic blood pressure,Fraction inspired oxygen,"
    "Glascow coma scale eye opening,Glascow coma scale motor response,Glascow coma scale total,"
    "Glascow coma scale verbal response,Glucose,Heart Rate,Height,Mean blood pressure,"
    "Oxygen saturation,Respiratory rate,Systolic blood pressure,Temperature,Weight,pH"
)


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


def has_phenotype(k: int, number: int) -> bool:
    return (k + number) % 3 == 0


def diagnoses(rows: pd.DataFrame, without: int = 6) -> pd.DataFrame:
    """A third of the phenotypes each, by ICD-9 or ICD-10, codes padded; one admission has none."""
    return pd.DataFrame(
        [
            {"subject_id": row.subject_id, "hadm_id": row.hadm_id, "seq_num": number + 1,
             "icd_code": code.ljust(7), "icd_version": version}
            for k, row in enumerate(rows.itertuples())
            for version in [("10", "9")[k % 2]]
            for number, code in enumerate(CODES[version].split())
            if has_phenotype(k, number) and k != without
        ]
        + [{"subject_id": subject(k), "hadm_id": str(20000000 + k), "seq_num": 99,
            "icd_code": "V4589", "icd_version": "9"} for k in range(SUBJECTS) if k != without]
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
    save(diagnoses(rows), four / "hosp/diagnoses_icd.csv.gz")
    write_pictures(raw, rows)
    notes = pd.DataFrame(
        {"note_id": [f"n{k}" for k in range(SUBJECTS)], "subject_id": rows["subject_id"],
         "hadm_id": rows["hadm_id"], "charttime": stamp(12), "storetime": stamp(13),
         "text": 'Lungs "clear",\nno ___.'}
    )  # fmt: skip
    save(notes, raw / "mimic-iv-note/2.2/note/radiology.csv.gz")
    late = notes.assign(charttime=stamp(90), storetime=stamp(90), text="DIED")
    save(late, raw / "mimic-iv-note/2.2/note/discharge.csv.gz")
    return rows


def write_pictures(raw: Path, rows: pd.DataFrame) -> None:
    """Write MIMIC-CXR-JPG."""
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


def series(k: int) -> str:
    """A time series with words, a leading number, fractions, and times just outside the stay."""
    return "\n".join(
        [
            SERIES,
            "-0.0000005,,60.5,0.4,4 Spontaneously,Obeys Commands,15,Oriented,,80,170,,,,,37,,7.4",
            "1.5,0.0,,50,None,1 No Response,,No Response-ETT,,,,,,,,,,",
            f"{2 + k / 100},Abnormal >3 Seconds,,,To Speech,3 Abnorm flexion,,1.0 ET/Trach,100,,,,,,,,,",
            "48.0000004,,,,,,,Mumbles,,90,,,,,,,,",
            "60,,,,,,,,,95,,,,,,,,",
        ]
    )


def write_task(data: Path, name: str, header: str, rest: Callable[[int], str]) -> Path:
    """Write a task as MedFuse does, root/ and MIMIC-CXR-JPG beside it. Returns the task's folder.

    `rest` gives what follows the name of the series in the row of a subject.
    """
    parts = {"train": range(8), "val": range(8, 11), "test": range(11, SUBJECTS)}
    for part, members in parts.items():
        folder = data / name / ("test" if part == "test" else "train")
        folder.mkdir(parents=True, exist_ok=True)
        lines = [header]
        for k in members:
            file = f"{subject(k)}_episode1_timeseries.csv"
            (folder / file).write_text(series(k))
            lines.append(f"{file},{rest(k)}")
        (data / name / f"{part}_listfile.csv").write_text("\n".join(lines) + "\n")
    save(stays().drop(columns="deathtime"), data / "root/all_stays.csv")
    write_pictures(data, stays())
    return data / name
