"""What no model may live on: what was recorded, how pictures were taken, scores already in use."""

import zlib

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registry import nearest
from hybrid_zoo.tuning.features import Features


def missingness_features(arrays: CohortArrays) -> Features:
    """Describe what was recorded, and how often, without a single measured value.

    Args:
        arrays: The cohort.

    Returns:
        Per variable of a series whether and how often it was measured, per tabular column whether
        it is known, the number of images and of words, and per modality whether there is any.
        Variables of kind `event` are content, not missingness, and left out.
    """
    columns: dict[str, np.ndarray] = {}
    for name, values in arrays.inputs.items():
        kind = name.split("_")[0]
        if kind == "time":
            continue
        if kind in ("sequence", "tabular"):
            columns |= _per_column(arrays, name, values)
            continue
        counts = arrays.observed(name).sum(1)
        columns |= {f"{name}/log_count": np.log1p(counts), f"{name}/recorded": counts > 0}
    return _stack(columns)


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
        values = _per_sample(cohort, name)
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
        raise ConfigError(_unknown("score", name, cohort.samples.columns))
    values = pd.to_numeric(cohort.samples[name], errors="coerce").to_numpy(float)
    if np.isnan(values).all():
        raise ConfigError(f"score {name!r}: no row of samples holds a number; remove it.")
    return _stack({f"score/{name}": values}, ["numeric"])


def _per_column(arrays: CohortArrays, name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    labels = arrays.columns.get(name) or range(values.shape[-1])
    kinds = arrays.kinds.get(name) or ["numeric"] * values.shape[-1]
    there = np.isfinite(values) & (np.array(kinds) != "event")
    counts = there if values.ndim == 2 else there.sum(1)
    columns = {f"{name}/all/log_count": np.log1p(counts.sum(1))}
    for position, label in enumerate(labels):
        if kinds[position] == "event":
            continue
        columns[f"{name}/{label}/recorded"] = counts[:, position] > 0
        if values.ndim == 3:
            columns[f"{name}/{label}/log_count"] = np.log1p(counts[:, position])
    return columns


def _per_sample(cohort: Cohort, name: str) -> pd.Series:
    samples, images = cohort.samples, cohort.images
    if name in samples:
        return samples[name]
    if name not in images:
        raise ConfigError(_unknown("shortcut", name, [*samples.columns, *images.columns]))
    known = images.loc[images[name].notna(), ["sample_id", name]]
    numeric = pd.api.types.is_numeric_dtype(known[name])
    if numeric:
        return known.groupby("sample_id")[name].mean().reindex(samples.index)
    # Counted, sorted by name, then stable: the first in the alphabet wins a tie.
    counts = known.groupby(["sample_id", name]).size().sort_values(ascending=False, kind="stable")
    first = counts.reset_index().drop_duplicates("sample_id").set_index("sample_id")[name]
    return first.reindex(samples.index)


def _codes(values: pd.Series) -> np.ndarray:
    """A level's checksum is its code, so that another cohort's levels get the same ones."""
    levels = {level: zlib.crc32(str(level).encode()) % 2**24 for level in values.dropna().unique()}
    return values.map(levels).to_numpy(float)


def _unknown(what: str, name: str, known: pd.Index | list[str]) -> str:
    return f"{what} {name!r}: no such column.{nearest(name, known)} Known: {sorted(known)}."


def _stack(columns: dict[str, np.ndarray], kinds: list[str] | None = None) -> Features:
    values = np.stack([np.asarray(c, dtype=np.float32) for c in columns.values()], axis=1)
    if kinds is None:
        kinds = ["indicator" if name.endswith("/recorded") else "numeric" for name in columns]
    return Features(values=values, names=tuple(columns), kinds=tuple(kinds))
