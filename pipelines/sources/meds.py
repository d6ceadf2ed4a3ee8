"""Any data set in the Medical Event Data Standard, with the labels of a task."""

from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.tables import require_columns
from hybrid_zoo.pipelines.writing import write_cohort

DAYS = 365  # of history that are written
SHOWN_DAYS = 30  # of which cohort.yaml shows the model, one step a day
MOST_CODES, LEAST_SHARE, MOST_LEVELS = 100, 0.01, 20
BIRTH, DEATH = "MEDS_BIRTH", "MEDS_DEATH"
_EVENT = ["subject_id", "time", "code", "numeric_value"]
_LABEL = ["subject_id", "prediction_time", "boolean_value"]


@SOURCES.register
def meds(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Any data set in the Medical Event Data Standard (MEDS), with the labels of a binary task.

    What it is: one sample per row of the labels, of which `boolean_value` is the target `label`;
    what happened up to `prediction_time`, and nothing later, is the input. A subject with several
    labels has a sample for each, all in one part of the split: subjects of `held_out` in
    metadata/subject_splits.parquet are the test part, if that file is there.

    Inputs: age at the prediction, from MEDS_BIRTH; codes without a time, such as GENDER//F, as a
    column of their first part; and a series of the 100 codes that most subjects of the other parts
    have, at least 1 % of them. A code is numeric if half of its rows have a numeric_value, else an
    event that occurred. MEDS_DEATH is never an input. A year of history is written; cohort.yaml
    shows the model its last 30 days in daily steps: set start_hours and step_hours to your task.

    Originals: yours, or from https://medical-event-data-standard.github.io/, which lists tools that
    write the format; the licence is that of the data set.

    Args:
        raw: Folder with data/**/*.parquet and labels.parquet or labels/**/*.parquet.
        out: A new or empty folder.
        progress: Called with the number of steps done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, or `out` holds something already.
    """
    raw, out = Path(raw), Path(out)
    tell = progress or (lambda done, total: None)
    labels = _labels(raw)
    rows = _read(sorted((raw / "data").rglob("*.parquet")), _EVENT, "data", raw)
    rows = rows[rows["subject_id"].isin(labels["subject_id"])]
    tell(1, 3)
    samples = _samples(labels, rows, raw)
    events = _history(rows, labels)
    learned = samples[samples["split"] == "train"] if "split" in samples else samples
    kinds = _variables(events[events["sample_id"].isin(learned["sample_id"])], len(learned))
    events = events[events["variable"].isin(kinds)]
    events = events[events["value"].notna() | (events["variable"].map(kinds) == "event")]
    tell(2, 3)
    tables = {"samples": samples, "events": events.fillna({"value": 1.0})}
    write_cohort(require_empty(out), _config(samples, kinds), tables, suffix=".parquet")
    tell(3, 3)
    return out


def _read(files: list[Path], columns: list[str], name: str, raw: Path) -> pd.DataFrame:
    if not files:
        raise CohortError(f"meds: {raw} holds no parquet file of {name}; see the source's help.")
    table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    if "numeric_value" in columns and "numeric_value" not in table:  # optional in the standard
        table["numeric_value"] = float("nan")
    require_columns(table, name, columns)
    return table[columns]


def _labels(raw: Path) -> pd.DataFrame:
    files = [raw / "labels.parquet"] if (raw / "labels.parquet").is_file() else []
    files += sorted((raw / "labels").rglob("*.parquet"))
    labels = _read(files, _LABEL, "labels", raw)
    labels = labels.sort_values(["subject_id", "prediction_time"], ignore_index=True)
    number = labels.groupby("subject_id").cumcount().astype(str)
    return labels.assign(sample_id=labels["subject_id"].astype(str) + "-" + number)


def _samples(labels: pd.DataFrame, rows: pd.DataFrame, raw: Path) -> pd.DataFrame:
    born = rows[rows["code"] == BIRTH].drop_duplicates("subject_id").set_index("subject_id")["time"]
    age = labels["prediction_time"] - labels["subject_id"].map(born)
    samples = pd.DataFrame(
        {
            "sample_id": labels["sample_id"],
            "patient_id": labels["subject_id"].astype(str),
            "label": labels["boolean_value"].astype("Int64"),
            "age": (age.dt.total_seconds() / (365.25 * 24 * 3600)).round(2),
        }
    )
    for name, level in _static(rows).items():
        samples[name] = labels["subject_id"].map(level)
    splits = raw / "metadata" / "subject_splits.parquet"
    if splits.is_file():
        part = pd.read_parquet(splits).set_index("subject_id")["split"]
        held_out = labels["subject_id"].map(part) == "held_out"
        samples["split"] = held_out.map({True: "test", False: "train"})
    return samples


def _static(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the level of each subject by the first part of codes that have no time."""
    static = rows.loc[rows["time"].isna(), ["subject_id", "code"]]
    parts = static["code"].str.split("//", n=1, expand=True).reindex(columns=[0, 1])
    static = static.assign(name=parts[0], level=parts[1]).dropna(subset="level")
    return {
        f"static_{name}": group.drop_duplicates("subject_id").set_index("subject_id")["level"]
        for name, group in static.groupby("name")
        if group["level"].nunique() <= MOST_LEVELS
    }


def _history(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return what each sample's subject went through in the year up to its prediction time."""
    timed = rows[rows["time"].notna() & ~rows["code"].isin([BIRTH, DEATH])]
    joined = timed.merge(labels[["subject_id", "prediction_time", "sample_id"]], on="subject_id")
    hours = (joined["time"] - joined["prediction_time"]).dt.total_seconds() / 3600
    events = pd.DataFrame(
        {
            "sample_id": joined["sample_id"],
            "hours": hours,
            "variable": joined["code"],
            "value": joined["numeric_value"].astype(float),
        }
    )
    return events[(hours <= 0) & (hours >= -24 * DAYS)]


def _variables(events: pd.DataFrame, samples: int) -> dict[str, str]:
    """Return the kind of each code that enough samples have."""
    by_code = events.groupby("variable")
    share = by_code["sample_id"].nunique() / max(samples, 1)
    chosen = share[share >= LEAST_SHARE].sort_values(ascending=False, kind="stable")[:MOST_CODES]
    numeric = by_code["value"].apply(lambda values: values.notna().mean() >= 0.5)
    return {code: "numeric" if numeric[code] else "event" for code in chosen.index}


def _config(samples: pd.DataFrame, kinds: dict[str, str]) -> dict[str, object]:
    static = [name for name in map(str, samples) if name.startswith("static_")]
    config: dict[str, object] = {
        "version": 1,
        "name": "meds",
        "title": "A task on a data set in the Medical Event Data Standard",
        "source": "https://medical-event-data-standard.github.io/",
        "prediction_time": "prediction_time of the labels",
        "targets": {"label": {"kind": "binary"}},
        "tabular": {"age": {"kind": "numeric", "range": [0, 130]}}
        | {name: {"kind": "categorical"} for name in static},
        "events": {
            "start_hours": -24 * SHOWN_DAYS,
            "end_hours": 0,
            "step_hours": 24,
            "variables": {code: {"kind": kind} for code, kind in kinds.items()},
        },
    }
    if "split" in samples:
        config["split"] = "split"
    return config
