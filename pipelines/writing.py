"""Writes a cohort folder: cohort.yaml and its tables, in the three formats a table may have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hybrid_zoo.errors import CohortError

TABLES = ("samples", "images", "events", "notes")
SUFFIXES = (".csv", ".csv.gz", ".parquet")


def write_cohort(
    folder: Path,
    config: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    suffix: str = ".csv",
) -> None:
    """Write cohort.yaml and the tables into a folder, which is made if need be.

    Args:
        folder: The cohort folder. The files that an images table names are not written here.
        config: The content of cohort.yaml; tuples are written as lists.
        tables: Table name (`samples`, `images`, `events`, `notes`) to its frame. An index named
            `sample_id` becomes a column; any other index is left out.
        suffix: `.csv`, `.csv.gz` or `.parquet`, for all tables.

    Raises:
        CohortError: If a table or suffix is unknown, or if the folder already holds one of the
            tables in another format, which would leave two of it.
    """
    if suffix not in SUFFIXES:
        raise CohortError(f"write_cohort: suffix {suffix!r} is none of {list(SUFFIXES)}.")
    folder = Path(folder)
    for name in tables:
        _check_room(folder, name, suffix)
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(_plain(config), sort_keys=False, allow_unicode=True, width=100)
    (folder / "cohort.yaml").write_text(text, encoding="utf-8")
    for name, frame in tables.items():
        _write_table(folder / f"{name}{suffix}", frame)


def _check_room(folder: Path, name: str, suffix: str) -> None:
    if name not in TABLES:
        raise CohortError(f"write_cohort: table {name!r} is none of {list(TABLES)}.")
    stale = [name + other for other in SUFFIXES if other != suffix]
    found = [file for file in stale if (folder / file).exists()]
    if found:
        raise CohortError(
            f"{folder} already holds {found[0]}; one table may exist in one format only. "
            f"Remove it or write into an empty folder."
        )


def _plain(value: Any) -> Any:
    """Turn tuples and mappings into what YAML has a plain form for."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _write_table(path: Path, frame: pd.DataFrame) -> None:
    if frame.index.name == "sample_id":
        frame = frame.reset_index()
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".gz":
        # No time stamp in the header: the same cohort gives the same bytes.
        frame.to_csv(path, index=False, compression={"method": "gzip", "mtime": 0})
    else:
        frame.to_csv(path, index=False)
