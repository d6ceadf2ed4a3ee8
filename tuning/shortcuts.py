"""What no model may live on: what was recorded, how pictures were taken, scores already in use."""

import zlib

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.recorded import column_per_sample, recorded_columns, unknown_column
from hybrid_zoo.tuning.features import Features


def missingness_features(arrays: CohortArrays) -> Features:
    """Describe what was recorded, and how often, without a single measured value.

    Args:
        arrays: The cohort.

    Returns:
        As of `recorded_columns`.
    """
    return _stack(recorded_columns(arrays))


def shortcut_features(cohort: Cohort) -> Features | None:
    """Return the cohort's declared shortcuts, one row per sample in the order of the arrays.

    Args:
        cohort: Its `shortcuts` name columns of samples or images; the columns of images are
            reduced to their mean, or to the most frequent level.

    Returns:
        Numbers as they are, other columns as codes with NaN for missing; None if none is declared.

    Raises:
        ConfigError: If a column is in neither table.
    """
    columns, kinds = {}, []
    for name in cohort.config.shortcuts:
        values = column_per_sample(cohort, name)
        numbers = pd.to_numeric(values, errors="coerce")
        is_numeric = bool((numbers.notna() == values.notna()).all())
        column = numbers.to_numpy(float) if is_numeric else _codes(values)
        columns[f"shortcuts/{name}"] = column
        kinds.append("numeric" if is_numeric else "category")
        if is_numeric:
            columns[f"shortcuts/{name}/recorded"] = values.notna().to_numpy()
            kinds.append("indicator")
    return _stack(columns, kinds) if columns else None


def score_values(cohort: Cohort, name: str) -> Features:
    """Return a clinical score that the cohort holds.

    Args:
        cohort: The cohort.
        name: A column of samples.

    Returns:
        One numeric column, NaN where the score is missing.

    Raises:
        ConfigError: If the column is not there or holds no number.
    """
    if name not in cohort.samples:
        raise ConfigError(unknown_column("score", name, cohort.samples.columns))
    values = pd.to_numeric(cohort.samples[name], errors="coerce").to_numpy(float)
    if np.isnan(values).all():
        raise ConfigError(f"score {name!r}: no row of samples holds a number; remove it.")
    return _stack({f"score/{name}": values}, ["numeric"])


def _codes(values: pd.Series) -> np.ndarray:
    """A level's checksum is its code, so that another cohort's levels get the same ones."""
    levels = {level: zlib.crc32(str(level).encode()) % 2**24 for level in values.dropna().unique()}
    return values.map(levels).to_numpy(float)


def _stack(columns: dict[str, np.ndarray], kinds: list[str] | None = None) -> Features:
    values = np.stack([np.asarray(c, dtype=np.float32) for c in columns.values()], axis=1)
    if kinds is None:
        kinds = ["indicator" if name.endswith("/recorded") else "numeric" for name in columns]
    return Features(values=values, names=tuple(columns), kinds=tuple(kinds))
