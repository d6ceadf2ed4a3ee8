"""Read a DataFrame of columns, image paths and texts as samples of a cohort."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.schema import CohortConfig, parse_config

TARGET = "y"


@dataclass(frozen=True, kw_only=True)
class FrameReader:
    """What the columns of a DataFrame are.

    Args:
        images: Columns that hold image paths; several make a bag.
        notes: Columns that hold text.
        folder: Where image paths start.
        size: Height, width and, if not 1, channels that images are resized to.
        kinds: Every other column to "numeric" or "categorical".
        classes: Number of classes.
    """

    images: Sequence[str]
    notes: Sequence[str]
    folder: Path
    size: Sequence[int]
    kinds: Mapping[str, str]
    classes: int

    def read(
        self,
        frame: pd.DataFrame,
        labels: tuple[np.ndarray, np.ndarray] | None = None,
        categories: Mapping[str, Sequence[str]] | None = None,
    ) -> CohortArrays:
        """Read rows; what cannot be read counts as not observed, with a warning.

        Args:
            frame: `(rows, columns)`.
            labels: `(rows,)` class numbers and patients; None for rows that have none.
            categories: Of an earlier `read`, by whose levels the rows are coded.

        Raises:
            CohortError: If nothing can be used.
        """
        ids = [str(row) for row in range(len(frame))]
        samples = frame[list(self.kinds)].rename(columns=_inner).assign(sample_id=ids)
        config = self._config()
        if labels is None:
            config = config.model_copy(update={"targets": {}})
        else:
            codes, patients = labels
            samples = samples.assign(patient_id=patients.astype(str), **{TARGET: codes})
        tables = {"samples": samples, **self._rows(frame, ids)}
        cohort = Cohort.from_tables(tables, config, self.folder)
        if len(cohort.quarantine):
            reasons = cohort.quarantine["reason"].value_counts().to_dict()
            warnings.warn(
                f"{len(cohort.quarantine)} cells or files cannot be used and count as not "
                f"observed: {reasons}",
                stacklevel=4,
            )
        return cohort.to_arrays(categories=categories)

    def _rows(self, frame: pd.DataFrame, ids: list[str]) -> dict[str, pd.DataFrame]:
        """One row per image and per note."""
        tables = {}
        for table, columns, value in (
            ("images", self.images, "path"),
            ("notes", self.notes, "text"),
        ):
            if columns:
                cells = frame[list(columns)].assign(sample_id=ids)
                long = cells.melt("sample_id", value_name=value).dropna(subset=value)
                tables[table] = long[["sample_id", value]]
        return tables

    def _config(self) -> CohortConfig:
        names = [str(k) for k in range(self.classes)]
        multi = {"kind": "multiclass", "classes": names}
        *sides, channels = self.size if len(self.size) == 3 else (*self.size, 1)
        content: dict[str, Any] = {
            "version": 1,
            "name": "frame",
            "targets": {TARGET: multi if len(names) > 2 else {"kind": "binary"}},
        }
        if self.kinds:
            content["tabular"] = {_inner(name): {"kind": k} for name, k in self.kinds.items()}
        if self.images:
            content["images"] = {"size": sides, "channels": channels}
        if self.notes:
            content["notes"] = {}
        return parse_config(content, "HybridClassifier")


def checked_frame(frame: Any, needed: Sequence[str]) -> pd.DataFrame:
    """Check what was given as X.

    Args:
        frame: Anything.
        needed: Names of columns that must be there.

    Returns:
        The frame, its columns named by strings.

    Raises:
        ConfigError: If it is no DataFrame, lacks a column, or holds dates.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(
            f"HybridClassifier: X is a {type(frame).__name__}; expected a pandas DataFrame, whose "
            "columns say what is an image and what a category."
        )
    frame = frame.rename(columns=str)
    lacking = [name for name in dict.fromkeys(needed) if name not in frame]
    if lacking:
        raise ConfigError(f"HybridClassifier: X has no column {lacking}; it has {[*frame]}.")
    dates = [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])]
    if dates:
        raise ConfigError(
            f"HybridClassifier: columns {dates} hold dates, which mean nothing to a model; give it "
            "hours or years since something."
        )
    return frame


def _inner(name: str) -> str:
    """Return a name that is none of the cohort's own, such as `sample_id`."""
    return f"x_{name}"
