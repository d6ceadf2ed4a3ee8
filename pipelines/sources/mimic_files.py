"""Finds and reads the files of MIMIC-IV, MIMIC-CXR-JPG and MIMIC-IV-Note where users keep them."""

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
    """Read some columns, and the wanted rows, of a table that need not fit into memory.

    Args:
        raw: The folder that holds the releases.
        name: As for `find`.
        columns: Column names; further ones are left out.
        keep: Returns the rows to keep of some of the table's; all by default.

    Returns:
        Text, NaN where a cell is empty.

    Raises:
        CohortError: If the file or a column is missing.
    """
    path = find(raw, name)
    if path is None:
        raise CohortError(
            f"mimic4: {raw} holds no {name} or {name}.gz, itself or up to two folders below; "
            "give the folder that holds mimiciv; see the source's help."
        )
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


def study_time(date: pd.Series, time: pd.Series) -> pd.Series:
    """Return the time stamps of X-rays.

    Args:
        date: `StudyDate`, such as `21500102`.
        time: `StudyTime` as hours, minutes and seconds in one number without leading zeros:
            `3015.25` is a quarter of a second after 00:30:15.

    Returns:
        Time stamps without the fraction; NaT where either is missing or impossible.
    """
    whole = time.str.split(".").str[0].str.zfill(6)
    return pd.to_datetime(
        date.str.split(".").str[0] + whole, format="%Y%m%d%H%M%S", errors="coerce"
    )
