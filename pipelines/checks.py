"""Checks the samples table: what is refused, what is quarantined, what stays."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.schema import CohortConfig, Target
from hybrid_zoo.pipelines.tables import Quarantine, require_columns
from hybrid_zoo.pipelines.values import as_numbers, as_text, out_of_range

SMALLEST_COHORT = 10
_SHOWN = 5


def clean_samples(
    table: pd.DataFrame, config: CohortConfig, image_columns: list[str], quarantine: Quarantine
) -> pd.DataFrame:
    """Check the samples table and give its columns their types.

    Args:
        table: As read, with 1-based row numbers as index.
        config: The cohort's configuration.
        image_columns: Columns of the images table, where `shortcuts` may be found too.
        quarantine: Takes rows without an id, and cells out of range or not a number.

    Returns:
        Index `sample_id`; `patient_id`, binary targets, numeric columns and scores float64 or text,
        everything else text, NaN where not recorded or quarantined.

    Raises:
        CohortError: If a column is missing, an id stands twice, a label is impossible, a target has
            one class, a split or fold cuts through a patient, or there are too few samples.
    """
    _require_named_columns(table, config, image_columns)
    clean = table.apply(as_text)
    without_id = clean.index[clean["sample_id"].isna()]
    quarantine.add("samples", without_id, "sample_id missing", "sample_id")
    table, clean = table.drop(index=without_id), clean.drop(index=without_id)
    _check_ids(clean, SMALLEST_COHORT if config.targets else 1)
    patient = clean["patient_id"] if "patient_id" in clean else clean["sample_id"]
    clean["patient_id"] = patient.fillna(clean["sample_id"])
    for name, target in config.targets.items():
        clean[name] = _labels(table[name], name, target)
    for name, bounds in _numeric_columns(config).items():
        clean[name] = _numeric(table[name], bounds, quarantine)
    for name in config.shortcuts:
        if name in table:
            clean[name] = number_or_text(table[name])
    _check_split(clean, config)
    leading = ["sample_id", "patient_id"]
    return clean[leading + [c for c in clean if c not in leading]].set_index("sample_id")


def number_or_text(column: pd.Series) -> pd.Series:
    """Give an undeclared column the type that all its known cells agree on.

    Args:
        column: `(rows,)`.

    Returns:
        float64 if every known cell is a finite number, else text.
    """
    numbers, bad = as_numbers(column)
    return as_text(column) if bad else numbers


def _require_named_columns(
    table: pd.DataFrame, config: CohortConfig, image_columns: list[str]
) -> None:
    named = ["sample_id", *config.targets, *config.tabular, *config.groups, *config.scores]
    named += [name for name in (config.site, config.split, config.folds) if name is not None]
    require_columns(table, "samples", named)
    elsewhere = [name for name in config.shortcuts if name not in image_columns]
    require_columns(table, "samples", elsewhere)


def _check_ids(samples: pd.DataFrame, fewest: int) -> None:
    twice = samples["sample_id"][samples["sample_id"].duplicated()].unique()
    if len(twice):
        raise CohortError(
            f"table samples: {len(twice)} sample_id stand more than once: {_list(twice)}. "
            "Expected one row per sample; several samples of one patient share a patient_id."
        )
    if len(samples) < fewest:
        raise CohortError(f"table samples has {len(samples)} samples; expected at least {fewest}.")


def _labels(column: pd.Series, name: str, target: Target) -> pd.Series:
    """Return 0, 1 or NaN as float64, or the class name as text."""
    if target.kind == "binary":
        labels, bad = as_numbers(column)
        wrong = labels.notna() & ~labels.isin([0.0, 1.0])
        rows = labels.index[wrong].append(list(bad.values()))
        expected = "0, 1 or an empty cell"
    else:
        labels = as_text(column)
        shorter = labels.str.removesuffix(".0")
        labels = labels.where(labels.isin(target.classes), shorter)
        rows = labels.index[labels.notna() & ~labels.isin(target.classes)]
        expected = "one of its classes or an empty cell"
    if len(rows):
        raise CohortError(
            f"table samples: target {name!r} has an impossible label in {len(rows)} rows: "
            f"{_list(sorted(rows))}. Expected {expected}."
        )
    if labels.nunique() < 2:
        found = "no known label" if labels.isna().all() else "one class only"
        raise CohortError(
            f"table samples: target {name!r} has {found}; expected samples of at least two classes."
        )
    return labels


def _numeric_columns(config: CohortConfig) -> Mapping[str, tuple[float, float] | None]:
    inputs = {n: column.range for n, column in config.tabular.items() if column.kind == "numeric"}
    return dict.fromkeys(config.scores) | inputs


def _numeric(
    column: pd.Series, bounds: tuple[float, float] | None, quarantine: Quarantine
) -> pd.Series:
    numbers, bad = as_numbers(column)
    for reason, rows in bad.items():
        quarantine.add("samples", rows, reason, str(column.name))
    if bounds is None:
        return numbers
    outside = out_of_range(numbers.to_numpy(), *map(np.asarray, bounds))
    quarantine.add("samples", numbers.index[outside], "out of range", str(column.name))
    return numbers.mask(outside)


def _check_split(samples: pd.DataFrame, config: CohortConfig) -> None:
    name = config.split or config.folds
    if name is None:
        return
    if samples[name].isna().any():
        rows = samples.index[samples[name].isna()]
        raise CohortError(f"table samples: column {name!r} is empty in rows {_list(rows)}.")
    if config.split and set(samples[name]) != {"train", "test"}:
        rows = samples.index[~samples[name].isin(["train", "test"])]
        fault = f"rows {_list(rows)} hold something else" if len(rows) else "one of them is absent"
        raise CohortError(
            f"table samples: split column {name!r} must hold train and test, nothing else; {fault}."
        )
    if samples[name].nunique() < 2:
        raise CohortError(
            f"table samples: column {name!r} has one fold only; expected two or more."
        )
    _check_patients_whole(samples, name)


def _check_patients_whole(samples: pd.DataFrame, name: str) -> None:
    parts = samples.groupby("patient_id")[name].nunique()
    torn = parts.index[parts > 1]
    if len(torn):
        raise CohortError(
            f"table samples: column {name!r} puts samples of one patient into different parts, for "
            f"{len(torn)} patients: {_list(torn)}. Put each patient into one part."
        )


def _list(values: Iterable[object]) -> str:
    items = [str(value) for value in values]
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
