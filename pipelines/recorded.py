"""What was recorded, and how often, without a single measured value."""

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registry import nearest


def recorded_columns(arrays: CohortArrays) -> dict[str, np.ndarray]:
    """Describe what was recorded, and how often, without a single measured value.

    Args:
        arrays: The cohort.

    Returns:
        Name to `(samples,)`: per variable of a series whether (`.../recorded`) and how often
        (`.../log_count`) it was measured, per tabular column whether it is known, the number of
        images and of words, and per modality whether there is any. Variables of kind `event` are
        content, not missingness, and left out.
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
    return columns


def column_per_sample(cohort: Cohort, name: str) -> pd.Series:
    """Return a declared shortcut, one value per sample.

    Args:
        cohort: The cohort.
        name: A column of samples or images; one of images is reduced to its mean, or to the most
            frequent level.

    Returns:
        `(samples,)`, NaN where it is not known.

    Raises:
        ConfigError: If the column is in neither table.
    """
    samples, images = cohort.samples, cohort.images
    if name in samples:
        return samples[name]
    if name not in images:
        raise ConfigError(unknown_column("shortcut", name, [*samples.columns, *images.columns]))
    known = images.loc[images[name].notna(), ["sample_id", name]]
    numeric = pd.api.types.is_numeric_dtype(known[name])
    if numeric:
        return known.groupby("sample_id")[name].mean().reindex(samples.index)
    # Counted, sorted by name, then stable: the first in the alphabet wins a tie.
    counts = known.groupby(["sample_id", name]).size().sort_values(ascending=False, kind="stable")
    first = counts.reset_index().drop_duplicates("sample_id").set_index("sample_id")[name]
    return first.reindex(samples.index)


def unknown_column(what: str, name: str, known: pd.Index | list[str]) -> str:
    """Return the message for a column that is not there, with the nearest one that is.

    Args:
        what: What the column was to be, such as "score".
        name: The column.
        known: The columns that there are.
    """
    return f"{what} {name!r}: no such column.{nearest(name, known)} Known: {sorted(known)}."


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
