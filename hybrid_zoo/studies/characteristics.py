"""What a table of patients describes: columns, groups, scores, modalities, outcomes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hybrid_zoo.evaluation.suppression import SMALLEST_CELL
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.networks import present_rows
from hybrid_zoo.studies.words_models import modality_name
from hybrid_zoo.studies.words_numbers import counted

NOT_RECORDED = "not recorded"
_MOST_LEVELS = 20
_ITEMS = {"events": "measurements", "images": "images", "notes": "notes"}


@dataclass(frozen=True, kw_only=True)
class Characteristic:
    """One characteristic of every sample.

    Args:
        name: What it is.
        levels: Names of its levels; the last one is that nothing was recorded.
        codes: `(samples,)` position in `levels`.
        label: What its own row is called, where its name is not enough.
        values: `(samples,)` numbers, NaN where not recorded; None for a characteristic of levels.
        listed: The levels that get a row; for numbers a level does only if it is the last.
        by_outcome: Whether it is shown per outcome; outcomes are not.
    """

    name: str
    levels: tuple[str, ...]
    codes: np.ndarray
    label: str = ""
    values: np.ndarray | None = None
    listed: tuple[int, ...] = ()
    by_outcome: bool = True

    @property
    def missing(self) -> int:
        """The position of "nothing recorded"."""
        return len(self.levels) - 1

    @property
    def exempt(self) -> tuple[int, ...]:
        """The levels whose counts are shown however small: the outcomes, and what is missing."""
        return (self.missing,) if self.by_outcome else tuple(range(len(self.levels)))

    @property
    def of_all(self) -> bool:
        """Whether shares are of all samples, since not to be recorded is what it is about."""
        return self.values is None and self.missing not in self.listed


def characteristics(cohort: Cohort, arrays: CohortArrays) -> list[Characteristic]:
    """Describe every sample.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.

    Returns:
        Declared columns, groups, site and scores; per modality whether it is there, and how many
        measurements, images or notes; the outcomes.
    """
    samples, config = cohort.samples.loc[arrays.sample_ids], cohort.config
    numeric = [n for n, column in config.tabular.items() if column.kind == "numeric"]
    numeric += config.scores
    names = [*config.tabular, *config.groups, *([config.site] if config.site else [])]
    found = [
        _of_column(name, samples[name], arrays.patient_ids, numeric=name in numeric)
        for name in dict.fromkeys([*names, *config.scores])
    ]
    return [*found, *_modalities(cohort, arrays), *_outcomes(arrays)]


def _of_column(
    name: str, column: pd.Series, patients: np.ndarray, *, numeric: bool
) -> Characteristic:
    """Describe a declared column; of two numbers the mean would tell how many have which."""
    if numeric and column.nunique() > 2:
        return of_numbers(name, column.to_numpy(dtype=float))
    text = column.map("{:g}".format, na_action="ignore") if numeric else column
    return of_levels(name, text, patients)


def of_numbers(name: str, values: np.ndarray, *, label: str = "") -> Characteristic:
    """Describe a number.

    Args:
        name: What it is.
        values: `(samples,)`, NaN where not recorded.
        label: What its row is called; then no row says where it was not recorded.
    """
    return Characteristic(
        name=name,
        label=label,
        levels=("recorded", NOT_RECORDED),
        codes=np.isnan(values).astype(int),
        values=values,
        listed=() if label else (1,),
    )


def of_levels(name: str, values: pd.Series, patients: np.ndarray) -> Characteristic:
    """Describe a category; levels of fewer than 10 patients, or beyond the 20 most frequent, join.

    Args:
        name: What it is.
        values: `(samples,)`, NaN where not recorded.
        patients: `(samples,)` the patient of each sample.

    Returns:
        The characteristic. The name of a level that few patients have says something of them.
    """
    known = values.notna().to_numpy()
    text = values.astype(object).where(known, "").map(str).to_numpy()
    of_level = pd.Series(patients[known]).groupby(text[known]).nunique()
    of_level = of_level[of_level >= SMALLEST_CELL].sort_values(ascending=False, kind="stable")
    kept = sorted(of_level.index[:_MOST_LEVELS])
    others = len(set(text[known])) - len(kept)
    joined = [f"other ({counted(others, 'level')})"] if others else []
    position = {level: place for place, level in enumerate(kept)}
    codes = np.array([position.get(level, len(kept)) for level in text], dtype=int)
    codes[~known] = len(kept) + len(joined)
    levels = (*kept, *joined, NOT_RECORDED)
    return Characteristic(name=name, levels=levels, codes=codes, listed=tuple(range(len(levels))))


def _modalities(cohort: Cohort, arrays: CohortArrays) -> Iterator[Characteristic]:
    for name in arrays.inputs:
        if name.startswith("time"):
            continue
        absent = ~present_rows(arrays, name)
        yield Characteristic(
            name=f"Input: {modality_name(name)}",
            label="available",
            levels=("available", NOT_RECORDED),
            codes=absent.astype(int),
            listed=(0,),
        )
        yield from _items(cohort, arrays, name)


def _items(cohort: Cohort, arrays: CohortArrays, modality: str) -> Iterator[Characteristic]:
    for table, items in _ITEMS.items():
        if modality in getattr(cohort.config, table):
            rows = getattr(cohort, table)
            counts = rows.loc[rows["modality"] == modality, "sample_id"].value_counts()
            values = counts.reindex(arrays.sample_ids).to_numpy(dtype=float)
            label = f"{items} per sample that has any"
            yield of_numbers(f"Input: {modality_name(modality)}", values, label=label)


def _outcomes(arrays: CohortArrays) -> Iterator[Characteristic]:
    for name, labels in arrays.labels.items():
        classes = arrays.classes.get(name) or ("without event", "with event")
        unknown = len(classes)
        listed = range(unknown + 1) if arrays.classes.get(name) else (1, unknown)
        yield Characteristic(
            name=f"Outcome: {name}",
            levels=(*classes, "label unknown"),
            codes=np.where(np.isfinite(labels), labels, unknown).astype(int),
            listed=tuple(listed),
            by_outcome=False,
        )
