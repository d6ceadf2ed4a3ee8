"""Finds and reads the files of MIMIC-IV, MIMIC-CXR-JPG and MIMIC-IV-Note where users keep them."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.tables import require_columns

_CHUNK = 2_000_000  # rows: chartevents has more than 300 million
_ABOVE = ("", "*/", "*/*/")  # mimiciv/3.1/icu, mimiciv/icu or icu


def find(raw: Path, name: str) -> Path | None:
    """Return a file of a release, whatever folders of project and version stand above it.

    Args:
        raw: The folder that holds the releases.
        name: Such as `icu/icustays.csv`; `.gz` is found too.

    Returns:
        The file of the last version; None where there is none.
    """
    found = [
        path for above in _ABOVE for end in (".gz", "") for path in raw.glob(above + name + end)
    ]
    return max(found, default=None)


def read(
    raw: Path,
    name: str,
    columns: Sequence[str],
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows,
) -> pd.DataFrame:
    """Read some columns of a table that need not fit into memory, and what is wanted of its rows.

    Args:
        raw: The folder that holds the releases.
        name: As for `find`.
        columns: Column names; further ones are left out.
        keep: Returns what to keep of some of the table's rows; all of it by default.

    Returns:
        What `keep` made of text columns, NaN where a cell is empty.

    Raises:
        CohortError: If the file or a column is missing, or the file is damaged.
    """
    path = find(raw, name)
    if path is None:
        raise CohortError(
            f"MIMIC-IV: {raw} holds no {name} or {name}.gz, itself or up to two folders below; "
            "give the folder that holds mimiciv; see the source's help."
        )
    try:
        require_columns(pd.read_csv(path, nrows=0), name, columns)
        parts = pd.read_csv(
            path,
            usecols=list(columns),
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            chunksize=_CHUNK,
        )
        return pd.concat([keep(part) for part in parts], ignore_index=True)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.EmptyDataError) as error:
        raise CohortError(
            f"MIMIC-IV: {path} cannot be read as a table ({type(error).__name__}); it is empty or "
            "damaged. Fetch the original again."
        ) from None


def in_stay(rows: pd.DataFrame, stays: pd.DataFrame, key: str, time: str) -> pd.DataFrame:
    """Give each row to the stays of its patient in whose window it was known.

    Args:
        rows: Columns `key` and `time`; with a `storetime`, a row was known from then on.
        stays: `subject_id, stay_id`, and the window: `intime` and `until`, both included.
        key: The column that rows and stays have in common.
        time: The column of time stamps, as text or not.

    Returns:
        The rows inside, with `sample_id` and `hours` since `intime`.
    """
    columns = list(dict.fromkeys([key, "stay_id", "intime", "until"]))
    rows = rows.merge(stays[columns], on=key)
    at = pd.to_datetime(rows[time], errors="coerce")
    inside = (at >= rows["intime"]) & (at <= rows["until"])
    if "storetime" in rows:
        stored = pd.to_datetime(rows["storetime"], errors="coerce")
        inside &= stored.isna() | (stored <= rows["until"])
    hours = (at - rows["intime"]).dt.total_seconds() / 3600
    return rows.assign(sample_id=rows["stay_id"], hours=hours)[inside]
