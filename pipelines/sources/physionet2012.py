"""The PhysioNet/CinC Challenge 2012, set A: 4,000 stays in intensive care, death in hospital."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError, DataError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.tables import require_columns
from hybrid_zoo.pipelines.writing import write_cohort

FOLDS = 5
HOURS = 48
OUTCOMES = "Outcomes-a.txt"
# Unit and the range outside of which a value is an artefact, wide on purpose.
VARIABLES: dict[str, tuple[str, float, float]] = {
    "ALP": ("IU/L", 1, 5000),
    "ALT": ("IU/L", 0, 20000),
    "AST": ("IU/L", 0, 30000),
    "Albumin": ("g/dL", 0.3, 10),
    "BUN": ("mg/dL", 0, 300),
    "Bilirubin": ("mg/dL", 0, 100),
    "Cholesterol": ("mg/dL", 10, 1000),
    "Creatinine": ("mg/dL", 0, 40),
    "DiasABP": ("mmHg", 1, 200),
    "FiO2": ("fraction", 0.2, 1),
    "GCS": ("points", 3, 15),
    "Glucose": ("mg/dL", 5, 2000),
    "HCO3": ("mmol/L", 1, 70),
    "HCT": ("%", 3, 75),
    "HR": ("bpm", 0, 300),
    "K": ("mEq/L", 0.5, 15),
    "Lactate": ("mmol/L", 0, 50),
    "MAP": ("mmHg", 1, 300),
    "Mg": ("mmol/L", 0, 15),
    "NIDiasABP": ("mmHg", 1, 250),
    "NIMAP": ("mmHg", 1, 300),
    "NISysABP": ("mmHg", 1, 350),
    "Na": ("mEq/L", 80, 200),
    "PaCO2": ("mmHg", 2, 200),
    "PaO2": ("mmHg", 5, 700),
    "Platelets": ("10^3/uL", 0, 3000),
    "RespRate": ("1/min", 0, 100),
    "SaO2": ("%", 10, 100),
    "SysABP": ("mmHg", 1, 350),
    "Temp": ("Celsius", 20, 45),  # -17.8 is 0 Fahrenheit
    "TroponinI": ("ug/L", 0, 200),
    "TroponinT": ("ug/L", 0, 100),
    "Urine": ("mL", 0, 15000),
    "WBC": ("10^3/uL", 0, 500),
    "Weight": ("kg", 10, 400),
    "pH": ("1", 6.3, 8.2),
}
_STATIC = ("Age", "Gender", "Height", "ICUType", "Weight")
_WITH_MISSING_CODE = ("Gender", "Height", "Weight")  # -1 is not recorded
_GENDER = {0: "female", 1: "male"}
_UNIT = {1: "coronary", 2: "cardiac_surgery", 3: "medical", 4: "surgical"}
_HEADER = "Time,Parameter,Value"


@SOURCES.register
def physionet2012(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """4,000 stays in intensive care: 37 series of the first 48 hours, death in hospital.

    What it is: set A of the PhysioNet/Computing in Cardiology Challenge 2012 (Silva et al.), from
    the raw text files, one per stay. The target `death` is In-hospital_death. Length of stay and
    survival are outcomes and are left out. SAPS-I and SOFA become `scores`, to compare with and
    never as inputs.

    Inputs: age, gender, height, unit and weight at admission, and the hourly series. The code -1
    for "not recorded" becomes an empty cell; MechVent is an event; each variable has a wide range
    that shuts out artefacts, such as a temperature of 0 Fahrenheit. Stays without a series remain
    samples. No patient id is published, so two stays of one patient may fall into different folds.
    `folds` are five, from the column `fold` of a stays.csv (with `record_id`) beside the raw files
    if there is one, else made by dealing each outcome's stays out in order of their record.

    Originals: https://physionet.org/content/challenge-2012/1.0.0/ (set-a and Outcomes-a.txt).
    Licence: Open Access at PhysioNet; see there. Cite Silva et al., Comput Cardiol 2012;39:245-248,
    and Goldberger et al., Circulation 2000;101(23):e215-e220.

    Args:
        raw: Folder with Outcomes-a.txt and set-a/*.txt, or *.txt, or one archive set-a*.tar*.
        out: A new or empty folder.
        progress: Called with the number of steps done and of all: read, sorted out, written.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, or `out` holds something already.
        DataError: If a stay's file is not of this layout.
    """
    raw, out = Path(raw), Path(out)
    tell = progress or (lambda done, total: None)
    texts, outcomes = _read_texts(raw)
    tell(1, 3)
    rows = _parse(texts)
    is_static = _is_static(rows)
    samples = _samples(rows[is_static], outcomes)
    samples["fold"] = _folds(samples, raw / "stays.csv")
    events = _events(rows[~is_static], samples)
    tell(2, 3)
    tables = {"samples": samples, "events": events}
    write_cohort(require_empty(out), _config(), tables, suffix=".parquet")
    tell(3, 3)
    return out


def _read_texts(raw: Path) -> tuple[dict[str, str], pd.DataFrame]:
    """Return the text of every stay by file name, and the outcomes."""
    texts = dict(_files(raw))
    outside = raw / OUTCOMES
    outcomes = texts.pop(OUTCOMES, None)
    if outcomes is None and outside.is_file():
        outcomes = outside.read_text()
    stays = {name: text for name, text in texts.items() if text.startswith(_HEADER)}
    if outcomes is None or not stays:
        missing = OUTCOMES if outcomes is None else f"stay file that begins with {_HEADER!r}"
        raise CohortError(f"physionet2012: {raw} holds no {missing}; see the source's help.")
    table = pd.read_csv(io.StringIO(outcomes))
    require_columns(table, OUTCOMES, ["RecordID", "SAPS-I", "SOFA", "In-hospital_death"])
    return stays, table


def _files(raw: Path) -> Iterator[tuple[str, str]]:
    """Give name and text of the text files in set-a/, in the folder itself, or in an archive."""
    folder = raw / "set-a" if (raw / "set-a").is_dir() else raw
    paths = sorted(path for path in folder.glob("*.txt") if path.name != OUTCOMES)
    archives = sorted(raw.glob("set-a*.tar*"))
    if not paths and archives:
        return _archived(archives[0])
    loose = [folder / OUTCOMES] if (folder / OUTCOMES).is_file() else []
    return ((path.name, path.read_text()) for path in paths + loose)


def _archived(archive: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.name.endswith(".txt") else None
            if content is not None:
                yield Path(member.name).name, content.read().decode()


def _parse(texts: dict[str, str]) -> pd.DataFrame:
    """Return `record, hours, parameter, value` of all stays, in the order of the files."""
    try:
        rows = _rows("\n".join(text.strip().removeprefix(_HEADER) for text in texts.values()))
    except ValueError:
        raise _at_fault(texts) from None
    starts = rows["parameter"] == "RecordID"
    if starts.sum() != len(texts):  # its rows would be taken for another stay's
        raise _at_fault(texts)
    record = rows["value"].where(starts).ffill().astype(int).astype(str)
    return rows.assign(record=record)[~starts]


def _rows(body: str) -> pd.DataFrame:
    names = ["time", "parameter", "value"]
    kinds = {"time": str, "parameter": str, "value": float}
    rows = pd.read_csv(io.StringIO(body), names=names, dtype=kinds)
    clock = rows.pop("time").str.extract(r"^(\d+):(\d+)$").astype(float)
    if clock.isna().any(axis=None):
        raise ValueError("a time that is not hh:mm")
    return rows.assign(hours=clock[0] + clock[1] / 60)


def _at_fault(texts: dict[str, str]) -> DataError:
    """Name the first file that is not of the layout, now that one is known not to be."""
    name = next((name for name, text in texts.items() if not _is_stay(text)), "one of the files")
    return DataError(
        f"physionet2012: {name} is not a stay's file; expected rows of Time (hh:mm), Parameter and "
        "a numeric Value, one of them RecordID. Fetch the original again."
    )


def _is_stay(text: str) -> bool:
    try:
        rows = _rows(text.strip().removeprefix(_HEADER))
    except ValueError:
        return False
    return (rows["parameter"] == "RecordID").sum() == 1


def _is_static(rows: pd.DataFrame) -> pd.Series:
    """Tell the descriptors at admission, each the first of its name at 00:00, from the series."""
    candidate = rows["parameter"].isin(_STATIC) & (rows["hours"] == 0)
    nth = rows[candidate].groupby(["record", "parameter"]).cumcount()
    return candidate & (nth == 0).reindex(rows.index, fill_value=False)


def _samples(static: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    wide = static.pivot(index="record", columns="parameter", values="value")
    wide = wide.reindex(columns=list(_STATIC))
    codes = list(_WITH_MISSING_CODE)
    wide[codes] = wide[codes].where(wide[codes] >= 0)
    known = outcomes.assign(record=outcomes["RecordID"].astype(str)).set_index("record")
    known = known.reindex(wide.index)
    scores = known[["SAPS-I", "SOFA"]]
    scores = scores.where(scores >= 0)
    return pd.DataFrame(
        {
            "sample_id": wide.index,
            "age": wide["Age"],
            "gender": wide["Gender"].map(_GENDER),
            "height": wide["Height"],
            "icutype": wide["ICUType"].map(_UNIT),
            "weight": wide["Weight"],
            "saps_i": scores["SAPS-I"],
            "sofa": scores["SOFA"],
            "death": known["In-hospital_death"],
        }
    ).reset_index(drop=True)


def _folds(samples: pd.DataFrame, stays: Path) -> np.ndarray:
    if not stays.is_file():
        return samples.groupby("death", dropna=False).cumcount().to_numpy() % FOLDS
    table = pd.read_csv(stays)
    require_columns(table, "stays.csv", ["record_id", "fold"])
    given = table.set_index(table["record_id"].astype(str))["fold"].reindex(samples["sample_id"])
    if given.isna().any():
        raise CohortError(f"physionet2012: {stays} has no fold for {given.isna().sum()} stays.")
    return given.to_numpy(dtype=int)


def _events(series: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    # -1 can only be the missing code: nothing that is measured here is negative but Temp.
    missing = (series["value"] == -1) | series["value"].isna()
    kept = series[~missing & series["record"].isin(samples["sample_id"])]
    names = {"record": "sample_id", "parameter": "variable"}
    return kept.rename(columns=names)[["sample_id", "hours", "variable", "value"]]


def _config() -> dict[str, object]:
    variables: dict[str, dict[str, object]] = {
        name: {"unit": unit, "range": [low, high]} for name, (unit, low, high) in VARIABLES.items()
    }
    return {
        "version": 1,
        "name": "icu-2012",
        "title": "Death in hospital from the first 48 hours in intensive care",
        "license": "PhysioNet Open Access, see https://physionet.org/content/challenge-2012/1.0.0/",
        "citation": "Silva et al. 2012, Comput Cardiol 39:245-248; Goldberger et al. 2000",
        "source": "https://physionet.org/content/challenge-2012/1.0.0/ (set A)",
        "population": "adults in intensive care for at least 48 hours; no patient id is published",
        "prediction_time": "48 hours after admission to intensive care",
        "horizon": "until discharge from hospital",
        "targets": {"death": {"kind": "binary"}},
        "tabular": {
            "age": {"kind": "numeric", "range": [0, 120]},
            "gender": {"kind": "categorical"},
            "height": {"kind": "numeric", "range": [100, 250]},
            "icutype": {"kind": "categorical"},
            "weight": {"kind": "numeric", "range": [10, 400]},
        },
        "events": {
            "start_hours": 0,
            "end_hours": HOURS,
            "step_hours": 1,
            "variables": variables | {"MechVent": {"kind": "event"}},
        },
        "groups": ["gender", "icutype"],
        "scores": ["saps_i", "sofa"],
        "folds": "fold",
    }
