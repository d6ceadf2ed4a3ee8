"""The same information as the networks get, as one flat row of numbers per sample."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import RANKS, kind_of, time_name
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.registry import nearest
from hybrid_zoo.tuning.pixels import GRID, STATISTICS, summarise_images
from hybrid_zoo.tuning.summaries import summarise_series

TERMS = 1024


@dataclass(frozen=True, kw_only=True)
class Features:
    """A flat table for models that are not networks; nothing in it was fitted.

    scikit-learn indexes it by rows, as in `cross_val_score`, and takes it for an array.

    Args:
        values: `(rows, columns)` float32, NaN for not observed.
        names: `(columns,)` such as `sequence/HR/late_mean`; the part before the first slash is the
            modality.
        kinds: `(columns,)` "numeric", "indicator" (0 or 1), "category" (a code), "pixels",
            "learned" (by an encoder elsewhere) or "terms"; it decides what a pipeline fits to the
            column.
    """

    values: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        columns = self.values.shape[1] if self.values.ndim == 2 else -1
        if not columns == len(self.names) == len(self.kinds):
            raise ConfigError(
                f"Features: values of shape {self.values.shape} with {len(self.names)} names and "
                f"{len(self.kinds)} kinds; expected (rows, columns) and one of each per column."
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.values), len(self.names)

    def __getitem__(self, rows: Any) -> "Features":
        return self.take(rows[0] if isinstance(rows, tuple) else rows)  # x[rows, ...]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=copy)

    def take(self, rows: np.ndarray) -> "Features":
        """Return some of the rows.

        Args:
            rows: `(rows,)` positions or a boolean mask.
        """
        return Features(values=self.values[rows], names=self.names, kinds=self.kinds)

    def join(self, other: "Features") -> "Features":
        """Return the columns of both, such as the frozen features of a pretrained encoder.

        Args:
            other: Features of the same rows in the same order.

        Raises:
            ConfigError: If the numbers of rows differ.
        """
        if len(self) != len(other):
            raise ConfigError(f"Features: cannot join {len(self)} rows with {len(other)} rows.")
        values = np.concatenate([self.values, other.values], axis=1)
        return Features(
            values=values, names=self.names + other.names, kinds=self.kinds + other.kinds
        )


def row_features(
    arrays: CohortArrays | Mapping[str, Any],
    modalities: Sequence[str] | None = None,
    *,
    categorical: Sequence[int] = (),
) -> Features:
    """Summarise each sample; each row depends on itself alone, so folds only index rows.

    Args:
        arrays: A cohort's arrays, or modality name to array as a model eats them.
        modalities: Names among the inputs to use; all of them when None. The `time` of a series
            comes with the series.
        categorical: Columns of `tabular` that hold category codes, where `arrays` is a mapping.

    Returns:
        One row per sample: series summarised per variable over the whole window and its last
        quarter, images as 16x16 pictures and intensity statistics, tabular columns as they are,
        notes as log counts of hashed terms, each with indicators of what was recorded.

    Raises:
        ConfigError: If a modality is unknown, or an array has a wrong rank or length.
    """
    if not isinstance(arrays, CohortArrays):
        arrays = _as_cohort(arrays, categorical)
    if modalities is None:
        modalities = [name for name in arrays.inputs if _kind(name) != "time"]
    if not modalities:
        raise ConfigError(
            f"row_features: no modality was given; expected some of {list(arrays.inputs or RANKS)}."
        )
    values, names, kinds = zip(*(_summarise(arrays, name) for name in modalities), strict=True)
    return Features(
        values=np.concatenate(values, axis=1, dtype=np.float32),
        names=tuple(chain.from_iterable(names)),
        kinds=tuple(chain.from_iterable(kinds)),
    )


Table = tuple[np.ndarray, list[str], list[str]]


def series_time(arrays: CohortArrays, modality: str) -> np.ndarray:
    """Return the hours of each step of a series.

    Args:
        arrays: The cohort.
        modality: A name of kind `sequence`.

    Returns:
        `(samples, steps)`; on a regular grid the position times its step, counted from 0, in steps
        where neither `time` nor `step_hours` is known.
    """
    values = arrays.inputs[modality]
    time = arrays.inputs.get(time_name(modality))
    if time is not None:
        return time
    hours = np.arange(values.shape[1], dtype=np.float32) * arrays.step_hours.get(modality, 1.0)
    return np.broadcast_to(hours.astype(np.float32), values.shape[:2])


def _as_cohort(inputs: Mapping[str, Any], categorical: Sequence[int]) -> CohortArrays:
    arrays = {n: v if hasattr(v, "shape") else np.asarray(v) for n, v in inputs.items()}
    _check_shapes({name: tuple(values.shape) for name, values in arrays.items()}, categorical)
    rows = np.arange(len(next(iter(arrays.values()), ()))).astype(str)
    tabular = ["numeric"] * arrays["tabular"].shape[1] if "tabular" in arrays else []
    for column in categorical:
        tabular[column] = "categorical"
    return CohortArrays(
        sample_ids=rows,
        patient_ids=rows,
        inputs=arrays,
        labels={},
        kinds={"tabular": tuple(tabular)},
    )


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], categorical: Sequence[int]) -> None:
    for name, shape in shapes.items():
        if len(shape) != RANKS[kind_of(name)]:
            raise ConfigError(
                f"row_features: {name!r} needs {RANKS[kind_of(name)]} axes, the samples first, got "
                f"shape {shape}."
            )
    if len({shape[0] for shape in shapes.values()}) > 1:
        raise ConfigError(f"row_features: arrays have unequal numbers of samples: {shapes}.")
    width = shapes["tabular"][1] if "tabular" in shapes else 0
    if not set(categorical) <= set(range(width)):
        raise ConfigError(
            f"row_features: categorical {list(categorical)} with {width} columns of tabular; "
            "expected positions of its columns."
        )


def _kind(modality: str) -> str:
    return modality.split("_")[0]


def _summarise(arrays: CohortArrays, modality: str) -> Table:
    if modality not in arrays.inputs or _kind(modality) not in _BY_KIND:
        known = [name for name in arrays.inputs if _kind(name) in _BY_KIND]
        raise ConfigError(
            f"row_features: cannot use modality {modality!r}.{nearest(modality, known)} Known: "
            f"{known}."
        )
    values, names, kinds = _BY_KIND[_kind(modality)](arrays, modality)
    return values, [f"{modality}/{name}" for name in names], kinds


def _series(arrays: CohortArrays, modality: str) -> Table:
    series = arrays.inputs[modality]
    variables = arrays.columns.get(modality) or range(series.shape[2])
    kinds = np.array(arrays.kinds.get(modality) or ["numeric"] * series.shape[2])
    values, columns = summarise_series(series, series_time(arrays, modality), kinds == "event")
    labels = {number: str(name) for number, name in enumerate(variables)} | {-1: "all"}
    flags = ("recorded", "occurred")
    return (
        values,
        [f"{labels[variable]}/{summary}" for variable, summary in columns],
        ["indicator" if summary.endswith(flags) else "numeric" for _, summary in columns],
    )


def _images(arrays: CohortArrays, modality: str) -> Table:
    pictures, statistics = summarise_images(arrays.inputs[modality])
    recorded = (statistics[:, :1] > 0).astype(np.float32)
    names = [f"{pool}_pixel/{i}" for pool in ("mean", "maximum") for i in range(GRID * GRID)]
    names += ["recorded", "log_count"]
    names += [f"{pool}_of/{name}" for pool in ("mean", "maximum") for name in STATISTICS]
    kinds = ["pixels"] * pictures.shape[1] + ["indicator"] + ["numeric"] * statistics.shape[1]
    return np.concatenate([pictures, recorded, statistics], axis=1), names, kinds


def _tabular(arrays: CohortArrays, modality: str) -> Table:
    values = arrays.inputs[modality]
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    names = [str(n) for n in arrays.columns.get(modality) or range(values.shape[1])]
    kinds = arrays.kinds.get(modality) or ("numeric",) * values.shape[1]
    kinds = ["category" if kind == "categorical" else "numeric" for kind in kinds]
    # A missing category is a category of its own: only numbers need an indicator.
    numeric = [i for i, kind in enumerate(kinds) if kind == "numeric"]
    recorded = ~np.isnan(values[:, numeric])
    return (
        np.concatenate([values, recorded], axis=1, dtype=np.float32),
        names + [f"{names[i]}/recorded" for i in numeric],
        kinds + ["indicator"] * len(numeric),
    )


def _terms(arrays: CohortArrays, modality: str) -> Table:
    tokens = arrays.inputs[modality]
    row, _ = np.nonzero(tokens)
    cell = row * TERMS + tokens[tokens != 0] % TERMS
    counts = np.bincount(cell, minlength=len(tokens) * TERMS).reshape(len(tokens), TERMS)
    words = (tokens != 0).sum(1, keepdims=True)
    values = np.concatenate([np.log1p(counts), np.log1p(words), words > 0], axis=1)
    names = [f"term/{i}" for i in range(TERMS)] + ["log_count", "recorded"]
    return values, names, ["terms"] * TERMS + ["numeric", "indicator"]


_BY_KIND: dict[str, Callable[[CohortArrays, str], Table]] = {
    "sequence": _series,
    "image": _images,
    "volume": _images,
    "tabular": _tabular,
    "tokens": _terms,
}
