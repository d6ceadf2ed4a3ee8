"""Tasks as mimic3-benchmarks and MedFuse write them: listfiles, time series, and X-rays beside."""

from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.sources.medfuse_files import (
    PARTS,
    SERIES,
    label_columns,
    read_listing,
    read_series,
)
from hybrid_zoo.pipelines.sources.mimic_files import find, read
from hybrid_zoo.pipelines.sources.mimic_images import link, xrays
from hybrid_zoo.pipelines.sources.mimic_items import declared
from hybrid_zoo.pipelines.sources.phenotypes import (
    SHOWN_HOURS,
    describe,
    identifier,
    learnable,
)
from hybrid_zoo.pipelines.writing import write_cohort

HOURS = 48
_MORTALITY = {
    "name": "medfuse-mortality",
    "title": "Death in hospital after 48 hours of intensive care",
    "prediction_time": f"{HOURS} hours after admission to intensive care",
    "horizon": "until discharge from hospital",
}
_PHENOTYPES = {
    "name": "medfuse-phenotypes",
    "title": "Phenotypes of stays in intensive care",
    "prediction_time": "the end of the stay: retrospective, from all of it",
    "horizon": "none: the diagnoses are those of the stay's own admission",
}


@SOURCES.register
def medfuse(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """A task as mimic3-benchmarks or MedFuse wrote it: 17 series, X-rays, their labels and split.

    What it is: the stays of train_listfile.csv, val_listfile.csv and test_listfile.csv of one task,
    in-hospital-mortality (`death`) or phenotyping (25 targets, or those of the header). Headers
    with and without stay_id are known; the subject is in the name of the series. Test rows are the
    test part, and validation rows training, since a study validates on folds of it; the column
    `part` keeps the file's own word. A phenotype that all stays have, or none, is no target.

    Inputs: the 17 series in hourly steps, of 48 hours, or of phenotyping the first 30 days that the
    files hold: set end_hours for more. A Glasgow score or capillary refill in words becomes its
    leading number or the score of its words; a text with neither is not recorded. A stay whose file
    is missing stays a sample without events; cohort.yaml says how many have none. X-rays (AP and
    PA) from admission to the 48 hours, of phenotyping to the end of the stay, if the listfiles have
    stay_id and the folder that holds `raw` holds all_stays.csv and MIMIC-CXR-JPG too, itself or up
    to two folders below. MedFuse itself takes the last AP alone.

    Originals: https://github.com/nyuad-cai/MedFuse and
    https://github.com/YerevaNN/mimic3-benchmarks write these files from MIMIC. The licence and data
    use agreement of MIMIC hold for what this writes too. Cite Hayat et al., MLHC 2022
    (arXiv:2207.07027), and Harutyunyan et al., Sci Data 2019;6:96.

    Args:
        raw: The folder of one task, with the three listfiles, train/ and test/.
        out: A new or empty folder; X-rays are linked into it where the disk allows, else copied.
        progress: Called with the number of stays done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If a file or column is missing, a label is impossible, no stay has a series, or
            `out` is not empty.
    """
    raw, out = Path(raw), Path(out)
    listing = read_listing(raw)
    labels = _labels(listing, raw)
    events = _events(raw, listing, progress)
    images = _xrays(raw, listing, hours=HOURS if "death" in labels else None)
    tables = {"samples": _samples(listing, labels), "events": events}
    if len(images):
        tables["images"] = images.drop(columns="source")
    config = _config(tables, labels)
    link(require_empty(out), images)
    write_cohort(out, config, tables, suffix=".parquet")
    return out


def _labels(listing: pd.DataFrame, raw: Path) -> pd.DataFrame:
    text = listing[label_columns(listing)]
    labels = text.apply(pd.to_numeric, errors="coerce")
    wrong = (text.notna() & ~labels.isin([0, 1])).sum()
    if wrong.empty or wrong.any():
        fault = "there is no label"
        if len(wrong):
            fault = f"{wrong.idxmax()!r} has something else in {wrong.max()} rows"
        raise CohortError(
            "medfuse: expected y_true, or a column per phenotype, of 0 and 1, as in-hospital-"
            f"mortality and phenotyping have them; in the listfiles in {raw}, {fault}."
        )
    if "y_true" not in labels:
        return labels.rename(columns=identifier)
    length = listing.get("period_length", pd.Series("0", index=listing.index))
    if not pd.to_numeric(length, errors="coerce").isin([0, HOURS]).all():
        raise CohortError(
            f"medfuse: the listfiles in {raw} have y_true at another period_length than 0 or "
            f"{HOURS}; of tasks with y_true, only in-hospital-mortality can be read."
        )
    return labels.rename(columns={"y_true": "death"})


def _events(raw: Path, listing: pd.DataFrame, progress: Progress | None) -> pd.DataFrame:
    tell = progress or (lambda done, total: None)
    found: list[pd.DataFrame] = []
    rows = listing[["sample_id", "stay", "part"]].itertuples(index=False, name=None)
    for done, (sample, stay, part) in enumerate(rows, 1):
        path = raw / PARTS[part] / stay
        if path.is_file():
            found.append(read_series(path).assign(sample_id=sample))
        tell(done, len(listing))
    if not found:
        raise CohortError(
            f"medfuse: none of the {len(listing)} time series that the listfiles in {raw} name is "
            "in train or test beside them."
        )
    return pd.concat(found, ignore_index=True)


def _xrays(raw: Path, listing: pd.DataFrame, hours: float | None) -> pd.DataFrame:
    """Return the X-rays from admission to so many hours, or to the end of the stay."""
    folder = raw.absolute().parent
    if "stay_id" not in listing or find(folder, "all_stays.csv") is None:
        return pd.DataFrame(columns=["source", "path"])
    stays = read(folder, "all_stays.csv", ["subject_id", "stay_id", "intime", "outtime"])
    stays = stays[stays["stay_id"].isin(listing["stay_id"])]
    for name in ("intime", "outtime"):
        stays[name] = pd.to_datetime(stays[name], errors="coerce")
    end = stays["outtime"] if hours is None else stays["intime"] + pd.Timedelta(hours=hours)
    return xrays(folder, stays.assign(until=end))


def _samples(listing: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    samples = pd.DataFrame(
        {
            "sample_id": listing["sample_id"],
            "patient_id": listing["subject"],
            "part": listing["part"],
            "split": listing["part"].map(lambda part: "test" if part == "test" else "train"),
        }
    )
    return pd.concat([samples, labels], axis=1)


def _config(tables: dict[str, pd.DataFrame], labels: pd.DataFrame) -> dict[str, object]:
    mortality = "death" in labels
    targets = ["death"] if mortality else learnable(labels, "medfuse")
    without = (~tables["samples"]["sample_id"].isin(tables["events"]["sample_id"])).sum()
    told = f"{without} of {len(labels)} stays have no measurement."
    window = {"start_hours": 0, "end_hours": HOURS if mortality else SHOWN_HOURS}
    config: dict[str, object] = {
        "version": 1,
        **(_MORTALITY if mortality else _PHENOTYPES),
        "description": told if mortality else f"{told} {describe(targets, labels)}",
        "license": "PhysioNet Credentialed Health Data License 1.5.0",
        "citation": "Hayat et al., MLHC 2022; Harutyunyan et al., Sci Data 2019;6:96",
        "source": "https://github.com/nyuad-cai/MedFuse",
        "targets": {name: {"kind": "binary"} for name in targets},
        "events": window | {"step_hours": 1, "variables": declared(SERIES)},
        "split": "split",
    }
    if "images" in tables:
        config["images"] = window | {"size": [128, 128], "channels": 1, "max_per_sample": 4}
        config["shortcuts"] = ["view"]
    return config
