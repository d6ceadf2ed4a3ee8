"""A run folder as the report reads it: its files only, no model and no cohort."""

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hybrid_zoo.errors import ConfigError, DataError
from hybrid_zoo.studies.search_files import Search, read_searches

TABLE1 = "table1.csv"
PATIENTS, PATIENTS_INDEX = "patients", "index.json"
"""Folder of the pages that explain single patients, and the file in it that lists them."""
TABLE1_HEAD = ("variable", "level", "statistic")

_TEXT = {"sample_id": str, "target": str, "model": str, "split": str, "label": str, "class": str}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run folder holds.

    Args:
        folder: The run folder.
        metrics: `metrics.json`; each target's block also has `events_test`, the events among the
            scored samples (None for a multiclass target), `shortcuts`, the declared columns, and
            `pictures`, whether the cohort has any.
        predictions: The scored rows of `predictions.csv`: sample_id, target, model, label,
            probability, fold (0 in a hold-out), class (empty for a binary target).
        quarantine: `quarantine.csv`.
        environment: `environment.json`.
        config: `config.yaml`, as text.
        cohort: The cohort's own description in it; empty in a folder of an older version.
        table1: `table1.csv`; empty in a folder of an older version.
        searches: Network to what is in `search` of it, one per round.
        n_samples: Samples in `splits.csv`; None without that file.
        patients: `patients/index.json`: the target, and file and name of each page that explains
            a patient; empty without any.
    """

    folder: Path
    metrics: dict[str, Any]
    predictions: pd.DataFrame
    quarantine: pd.DataFrame
    environment: dict[str, Any]
    config: str
    cohort: dict[str, Any]
    table1: pd.DataFrame
    searches: dict[str, list[Search]]
    n_samples: int | None
    patients: dict[str, Any]


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Args:
        folder: Written by `hybrid-zoo study`.

    Returns:
        Its contents.

    Raises:
        ConfigError: If it is not a run folder.
        DataError: If one of its files cannot be read.
    """
    folder = Path(folder)
    missing = [
        name for name in ("metrics.json", "predictions.csv") if not (folder / name).is_file()
    ]
    if missing:
        raise ConfigError(
            f"{folder.name}: no {' and no '.join(missing)} in this folder; expected a run folder "
            "written by `hybrid-zoo study COHORT --out RUN`."
        )
    metrics = _read_json(folder / "metrics.json")
    predictions = _read_predictions(folder / "predictions.csv")
    for target, block in metrics["targets"].items():
        block["events_test"] = _count_events(predictions, target, block)
        block.setdefault("shortcuts", metrics.get("shortcuts", []))
        block["pictures"] = _has_pictures(metrics)
    # Not in metrics.json: the same seed must give the same file, look after look.
    environment_file = folder / "environment.json"
    environment = _read_json(environment_file) if environment_file.is_file() else {}
    metrics.setdefault("plan", {}).setdefault("test_looks", environment.get("test_looks"))
    splits = _read_table(folder / "splits.csv")
    index = folder / PATIENTS / PATIENTS_INDEX
    config = folder / "config.yaml"
    settings = config.read_text(encoding="utf-8") if config.is_file() else ""
    return Run(
        folder=folder,
        metrics=metrics,
        predictions=predictions,
        quarantine=_read_table(folder / "quarantine.csv"),
        environment=environment,
        config=settings,
        cohort=_cohort_config(settings),
        table1=_read_table(folder / TABLE1),
        searches=read_searches(folder / "search"),
        n_samples=splits["sample_id"].nunique() if "sample_id" in splits else None,
        patients=_read_json(index) if index.is_file() else {},
    )


def _has_pictures(metrics: dict[str, Any]) -> bool:
    modalities = metrics.get("missing_modalities", {"image": 0})
    return any(name.startswith(("image", "volume")) for name in modalities)


def _cohort_config(settings: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(settings)
    except yaml.YAMLError as error:
        raise DataError("config.yaml of the run is not YAML. Run the study again.") from error
    return (found or {}).get("cohort_config") or {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{path.name} of {path.parent.name} is not JSON ({error}). Run the study again."
        ) from error


def _read_table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame()
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _read_predictions(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype=_TEXT, keep_default_na=False, na_values={"probability": [""]})
    needed = ["sample_id", "target", "model", "split", "label", "probability"]
    lacking = [name for name in needed if name not in table]
    if lacking:
        raise DataError(f"predictions.csv lacks the columns {lacking}; it has {list(table)}.")
    scored = table[(table["split"] == "test") & (table["label"] != "")]
    fold = pd.to_numeric(scored["fold"], errors="coerce").fillna(0) if "fold" in scored else 0
    kind = scored["class"] if "class" in scored else ""
    return scored.assign(**{"fold": fold, "class": kind}).astype({"fold": int})


def _count_events(predictions: pd.DataFrame, target: str, block: dict[str, Any]) -> int | None:
    if block.get("kind") == "multiclass":
        return None
    rows = predictions[(predictions["target"] == target) & (predictions["model"] == "hybrid")]
    labels = rows.drop_duplicates("sample_id")["label"].astype(float)
    return int(labels.sum())


def slug(name: str) -> str:
    """Return a name that is safe in a file name and as an identifier in a page.

    Args:
        name: A target's name; it may hold anything.

    Returns:
        Letters, digits and `_.-`, with a checksum where something else was there.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
    return safe if safe == name else f"{safe}-{zlib.crc32(name.encode()):08x}"
