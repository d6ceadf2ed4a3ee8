"""Reads the listfiles and time series that mimic3-benchmarks and MedFuse write for a task."""

import csv
import math
import re
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.sources.mimic_items import VARIABLES
from hybrid_zoo.pipelines.tables import require_columns

PARTS = {"train": "train", "val": "train", "test": "test"}  # part to the folder of its series
_ABOUT = ("stay", "period_length", "stay_id")  # columns of a listfile that are no labels
_STAY = r"(\d+)_[^/\\]+\.csv"  # nothing else may name a file
# Column of a time series to its variable; the misspelling is the format's.
COLUMNS = {
    "Capillary refill rate": "CapillaryRefill",
    "Diastolic blood pressure": "DBP",
    "Fraction inspired oxygen": "FiO2",
    "Glascow coma scale eye opening": "GCSEye",
    "Glascow coma scale motor response": "GCSMotor",
    "Glascow coma scale total": "GCSTotal",
    "Glascow coma scale verbal response": "GCSVerbal",
    "Glucose": "Glucose",
    "Heart Rate": "HR",
    "Height": "Height",
    "Mean blood pressure": "MBP",
    "Oxygen saturation": "SpO2",
    "Respiratory rate": "RR",
    "Systolic blood pressure": "SBP",
    "Temperature": "Temp",
    "Weight": "Weight",
    "pH": "pH",
}
_MORE: dict[str, tuple[str, float, float]] = {
    "CapillaryRefill": ("0 normal, 1 delayed", 0, 1),
    "GCSTotal": ("points", 3, 15),
    "Height": ("cm", 100, 250),
    "Weight": ("kg", 10, 400),
}
# Unit and the range outside of which a value is an artefact, wide on purpose.
SERIES = {name: (VARIABLES | _MORE)[name] for name in COLUMNS.values()}
_SCORED = ("CapillaryRefill", "GCSEye", "GCSMotor", "GCSTotal", "GCSVerbal")
# The Glasgow Coma Scale by its words, in lower case; a tube leaves no verbal response.
_SCORES: dict[str, float] = {
    "none": 1,
    "no response": 1,
    "no response-ett": 1,
    "et/trach": 1,
    "to pain": 2,
    "to speech": 3,
    "spontaneously": 4,
    "abnormal extension": 2,
    "abnorm extensn": 2,
    "abnormal flexion": 3,
    "abnorm flexion": 3,
    "flex-withdraws": 4,
    "localizes pain": 5,
    "obeys commands": 6,
    "incomprehensible sounds": 2,
    "incomp sounds": 2,
    "inappropriate words": 3,
    "inapprop words": 3,
    "confused": 4,
    "oriented": 5,
    "brisk": 0,
    "normal <3 secs": 0,
    "normal <3 seconds": 0,
    "delayed": 1,
    "abnormal >3 secs": 1,
    "abnormal >3 seconds": 1,
}


def read_listing(raw: Path) -> pd.DataFrame:
    """Read the three listfiles of a task.

    Args:
        raw: The task's folder, with train_listfile.csv, val_listfile.csv and test_listfile.csv.

    Returns:
        One row per stay: `stay`, `subject`, `part` and `sample_id`, and as they are in the files
        `period_length`, `stay_id` and the labels. Text, NaN where a cell is empty.

    Raises:
        CohortError: If a file is missing, empty or has other columns than the first, or if a row
            does not name the time series of a subject, or one that an earlier row names.
    """
    tables = {part: _listfile(raw, part) for part in PARTS}
    first = tables["train"]
    for part, table in tables.items():
        require_columns(table, f"{part}_listfile.csv", first.columns)
    rows = pd.concat([t.assign(part=part) for part, t in tables.items()], ignore_index=True)
    if rows.empty:
        raise CohortError(f"medfuse: the listfiles in {raw} list no stay; expected one per row.")
    rows["subject"] = rows["stay"].str.extract(f"^{_STAY}$")[0]
    _check_stays(rows)
    own = rows["stay"].str.removesuffix(".csv").str.removesuffix("_timeseries")
    return rows.assign(sample_id=rows["stay_id"].fillna(own) if "stay_id" in rows else own)


def _check_stays(rows: pd.DataFrame) -> None:
    faults = {"no such name": rows["subject"].isna(), "a name twice": rows["stay"].duplicated()}
    for fault, wrong in faults.items():
        if wrong.any():
            number = (rows.groupby("part").cumcount() + 1)[wrong]
            part = rows.loc[number.index[0], "part"]
            raise CohortError(
                f"medfuse: column 'stay' has {fault} in {wrong.sum()} rows, the first in row "
                f"{number.iloc[0]} of {part}_listfile.csv. Expected one row per stay, as of "
                "in-hospital-mortality and phenotyping, with a name such as "
                "10000032_episode1_timeseries.csv."
            )


def label_columns(listing: pd.DataFrame) -> list[str]:
    """Return the columns of a listing that are labels.

    Args:
        listing: As `read_listing` gives it.
    """
    others = (*_ABOUT, "part", "subject", "sample_id")
    return [str(column) for column in listing if column not in others]


def read_series(path: Path) -> pd.DataFrame:
    """Read the time series of a stay.

    Args:
        path: A file with the column `Hours` and the 17 of `COLUMNS`; further ones are left out.

    Returns:
        `hours, variable, value`: hours since admission, to the hundred-thousandth, since the
        benchmarks keep what is up to a millionth outside the stay; a text of the scored variables
        is its leading number, or its score by its words, NaN for a text that has neither. An
        oxygen fraction is in percent.

    Raises:
        CohortError: If a column is missing, or the file is empty, cut off or no text.
    """
    header, *lines = _read_lines(path)
    if not {"Hours", *COLUMNS} <= set(header):
        require_columns(pd.DataFrame(columns=header), path.name, ["Hours", *COLUMNS])
    clock = header.index("Hours")
    places = [(header.index(column), name) for column, name in COLUMNS.items()]
    rows = [
        (_number(line[clock]), name, _number(line[place], score=name in _SCORED))
        for line in lines
        for place, name in places
        if line[place]
    ]
    series = pd.DataFrame(rows, columns=["hours", "variable", "value"])
    series = series.astype({"hours": float, "variable": str, "value": float})
    fraction = (series["variable"] == "FiO2") & (series["value"] <= 1)
    series["value"] = series["value"].mask(fraction, series["value"] * 100)
    series["hours"] = series["hours"].round(5) + 0.0  # no -0.0
    return series


def _read_lines(path: Path) -> list[list[str]]:
    """Return the cells of a small file; there are tens of thousands, and pandas is slow at each."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CohortError(
            f"medfuse: {path} cannot be read as a table ({type(error).__name__}); write it again."
        ) from None
    uneven = [number for number, line in enumerate(lines) if len(line) != len(lines[0])]
    if not lines or uneven:
        fault = f"has too few or too many cells in row {uneven[0]}" if uneven else "is empty"
        raise CohortError(
            f"medfuse: {path} {fault}; expected a line of column names and as many cells in every "
            "row. Write it again."
        )
    return lines


def _number(text: str, *, score: bool = False) -> float:
    try:
        return float(text)
    except ValueError:
        text = text.strip().lower()
    leading = re.match(r"\d+(\.\d+)?(?=\s)", text)
    if not score:
        return math.nan
    return float(leading[0]) if leading else _SCORES.get(text, math.nan)


def _listfile(raw: Path, part: str) -> pd.DataFrame:
    path = raw / f"{part}_listfile.csv"
    if not path.is_file():
        tasks = [p.parent.name for p in sorted(raw.glob(f"*/{path.name}"))]
        hint = f" It holds the tasks {tasks}: give one of them." if tasks else ""
        raise CohortError(
            f"medfuse: {raw} holds no {path.name}.{hint} Expected the folder of one task, such as "
            "in-hospital-mortality, already split into train and val; see the source's help."
        )
    table = _read_text(path)
    require_columns(table, path.name, ["stay"])
    return table


def _read_text(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise CohortError(
            f"medfuse: {path} cannot be read as a table ({type(error).__name__}); write it again."
        ) from None
