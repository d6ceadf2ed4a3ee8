"""The Hannover COVID-19 image repository: chest radiographs, laboratory values, place of care."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from hybrid_zoo.errors import CohortError, DataError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.tables import require_columns
from hybrid_zoo.pipelines.writing import write_cohort

DAYS = 14  # of laboratory values before an exam
# Upstream calls it factor_xii; its own feature table says coagulation factor XIII.
UNITS = {
    "crp": "mg/l",
    "d-dimer": "mg/l",
    "factor_xii": "%",
    "ldh": "U/l",
    "lymphocytes": "10^3/ul",
    "neutrophils": "10^3/ul",
    "pco2": "mmHg",
    "po2": "mmHg",
}
_COLUMNS = ("patient_id", "image_id", "sex", "admission_offset", "projection")
_ICU = ("icu_admission_offset", "icu_release_offset")
_SHORTCUTS = (
    "view",
    "aspect_ratio",
    "mean_grey",
    "earlier_exams",
    "days_since_admission",
    "n_labs",
)


@SOURCES.register
def hannover(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Chest radiographs and laboratory values of COVID-19 patients, in intensive care or not.

    What it is: 243 exams of 71 patients of Hannover Medical School (Winther et al.). One sample is
    one exam; the target `icu_care_at_exam` is whether the patient was in intensive care that day.
    This is recognition of a place of care, not prognosis: the way the picture was taken (a portable
    AP view, its format, its grey level) gives the answer away, and is declared under `shortcuts`.

    Inputs: that exam's own picture, sex, and the patient's laboratory values of the 14 days up to
    the day before the exam, whichever exam they are listed with; nothing from the exam day on. A
    value beyond a detection limit (-inf, inf) becomes the smallest or largest finite value of its
    variable in the file. Age, size and weight are redacted upstream. With 71 patients the standard
    error of an AUROC is about .05: this finds gross errors and leakage, and ranks nothing.

    Originals: https://github.com/ml-workgroup/covid-19-image-repository (data.csv and png/),
    DOI 10.6084/m9.figshare.12275009, the version with erratum 1 fixed. Licence CC BY 3.0. Part of
    the pictures is also in ieee8023/covid-chestxray-dataset: never mix the two.

    Args:
        raw: Folder with data.csv (or data_original.csv) and png/ (or images/) of {image_id}.png.
        out: A new or empty folder.
        progress: Called with the number of pictures copied and of all pictures.

    Returns:
        `out`.

    Raises:
        CohortError: If the table or a column is missing, or `out` holds something already.
        DataError: If a picture cannot be read.
    """
    raw, out = Path(raw), Path(out)
    exams = _read_exams(raw)
    pictures = _find(raw, ("png", "images"))
    out = require_empty(out)
    events = _lab_events(exams, _patient_labs(exams))
    samples = _samples(exams, events)
    (out / "images").mkdir()
    samples[["aspect_ratio", "mean_grey"]] = list(_copy(pictures, out, exams, progress))
    ids = exams["image_id"]
    images = pd.DataFrame({"sample_id": ids, "path": "images/" + ids + ".png", "hours": 0.0})
    write_cohort(out, _config(), {"samples": samples, "events": events, "images": images})
    return out


def _find(raw: Path, names: tuple[str, ...]) -> Path:
    found = [raw / name for name in names if (raw / name).exists()]
    if not found:
        raise CohortError(f"hannover: {raw} holds none of {list(names)}; see the source's help.")
    return found[0]


def _read_exams(raw: Path) -> pd.DataFrame:
    exams = pd.read_csv(
        _find(raw, ("data.csv", "data_original.csv")), dtype={"patient_id": str, "image_id": str}
    )
    labs = [f"{name}_{part}" for name in UNITS for part in ("offset", "val")]
    require_columns(exams, "data.csv", [*_COLUMNS, *_ICU, *labs])
    # Offsets count from the exam: an admission two days before it is -2.
    return exams.assign(day=-exams["admission_offset"])


def _patient_labs(exams: pd.DataFrame) -> pd.DataFrame:
    """Return each patient's distinct values with their day since admission."""
    parts = [
        pd.DataFrame(
            {
                "patient_id": exams["patient_id"],
                "variable": name,
                "day": exams["day"] + exams[f"{name}_offset"],
                "value": exams[f"{name}_val"],
            }
        )
        for name in UNITS
    ]
    labs = pd.concat(parts).dropna().drop_duplicates(ignore_index=True)
    finite = labs["value"].where(np.isfinite(labs["value"])).groupby(labs["variable"])
    return labs.assign(value=labs["value"].clip(finite.transform("min"), finite.transform("max")))


def _lab_events(exams: pd.DataFrame, labs: pd.DataFrame) -> pd.DataFrame:
    """Return what was known on the evening before each exam."""
    pairs = exams[["patient_id", "image_id", "day"]].merge(
        labs, on="patient_id", suffixes=("_exam", "_lab")
    )
    before = pairs["day_lab"] - pairs["day_exam"]
    kept = before.between(-DAYS, -1)
    return pd.DataFrame(
        {
            "sample_id": pairs["image_id"],
            "hours": 24.0 * before,
            "variable": pairs["variable"],
            "value": pairs["value"],
        }
    )[kept].reset_index(drop=True)


def _samples(exams: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    admitted, released = exams[_ICU[0]], exams[_ICU[1]]
    in_icu = (admitted <= 0) & (released.isna() | (released >= 0))
    # Exams of the same day do not count as earlier: their order is not recorded.
    earlier = exams.groupby("patient_id")["day"].rank(method="min") - 1
    counts = events["sample_id"].value_counts()
    return pd.DataFrame(
        {
            "sample_id": exams["image_id"],
            "patient_id": exams["patient_id"],
            "icu_care_at_exam": in_icu.astype(int),
            "sex": exams["sex"],
            "view": exams["projection"].str.upper(),
            "earlier_exams": earlier.astype(int),
            "days_since_admission": exams["day"],
            "n_labs": exams["image_id"].map(counts).fillna(0).astype(int),
        }
    )


def _copy(
    pictures: Path, out: Path, exams: pd.DataFrame, progress: Progress | None
) -> Iterator[tuple[float, float]]:
    """Copy the pictures, and yield width by height and mean grey level of each."""
    for done, name in enumerate(exams["image_id"], 1):
        try:
            data = (pictures / f"{name}.png").read_bytes()
            with Image.open(pictures / f"{name}.png") as picture:
                grey = np.asarray(picture.convert("L"), dtype=float)
        except OSError as error:
            raise DataError(
                f"hannover: picture {name}.png cannot be read ({type(error).__name__}); "
                "fetch the originals again."
            ) from None
        (out / "images" / f"{name}.png").write_bytes(data)
        if progress is not None:
            progress(done, len(exams))
        yield round(grey.shape[1] / grey.shape[0], 4), round(grey.mean(), 2)


def _config() -> dict[str, object]:
    return {
        "version": 1,
        "name": "hannover-covid-cxr",
        "title": "Intensive care at the time of a chest radiograph",
        "description": (
            "Recognition of a place of care, not prognosis: the target is where the patient lay on "
            "the day of the exam, and the way the picture was taken (view, format, grey level) "
            "tells it without the lungs."
        ),
        "license": "CC-BY-3.0",
        "citation": "Winther et al., COVID-19 Image Repository, DOI 10.6084/m9.figshare.12275009",
        "source": "https://github.com/ml-workgroup/covid-19-image-repository",
        "population": "COVID-19 patients of one centre, 243 radiographs of 71 patients upstream",
        "prediction_time": "the exam; laboratory values up to the day before",
        "horizon": "none: the state at the exam",
        "targets": {"icu_care_at_exam": {"kind": "binary"}},
        "tabular": {"sex": {"kind": "categorical"}},
        "events": {
            # One step per day, -14 to -1; the window closes at the exam, the rows the day before.
            "start_hours": -24 * DAYS,
            "end_hours": 0,
            "step_hours": 24,
            "variables": {name: {"unit": unit} for name, unit in UNITS.items()},
        },
        "images": {
            "size": [128, 128],
            "channels": 1,
            "max_per_sample": 1,
            "start_hours": 0,
            "end_hours": 0,
        },
        "groups": ["sex"],
        "shortcuts": list(_SHORTCUTS),
    }
