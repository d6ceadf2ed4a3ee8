"""Alarm: one column alone tells the label."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import TargetEncoder

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, Question
from hybrid_zoo.pipelines.alarms.telling import Bar, Scorer, cross_fitted, strongest, telling
from hybrid_zoo.pipelines.recorded import column_per_sample

BAR = Bar(0.95, 0.90)
_FEW = 20  # distinct values of a number that may be a code
_ADVICE = {
    "tabular": "if it is known only afterwards, leave it out of `tabular`; if it says how the "
    "data were taken, declare it under `shortcuts`",
    "sequence": "if it follows from the outcome, leave it out of `variables`, or let `end_hours` "
    "be the moment of prediction",
    "score": "a score that knows the answer is no comparison: leave it out of `scores`",
    "shortcut": "it is never an input, but pictures and series may show it; look how the cohort "
    "was collected",
}


class _Column(NamedTuple):
    """A column: its role and name, what of it, `(samples,)` values, whether they are codes only."""

    role: str
    where: str
    what: str
    values: np.ndarray
    codes: bool = False


def columns(look: Look) -> Iterator[Alarm]:
    """Find columns that alone rank the samples by a label with an AUROC above .95.

    Numbers are ranked as they are, either way; categories, and numbers of at most 20 distinct
    values, by the share of the label at the same level among other patients. A variable of a series
    is taken by its last value and its mean, one of kind `event` by how often it occurred. Where a
    value is missing the sample is left out. Chance: see `telling`.

    Args:
        look: The cohort.

    Yields:
        One alarm per column and target, by whatever of it tells most.
    """
    every = [*_tabular(look), *_series(look), *_declared(look)]
    found = (found for question in look.questions for found in _telling(look, question, every))
    for (role, where, target), (area, what) in strongest(found).items():
        said = f"{what} alone ranks the samples by target {target}: AUROC {area:.3f}"
        yield Alarm("column", where, said, _ADVICE[role])


def _telling(
    look: Look, question: Question, every: list[_Column]
) -> Iterator[tuple[tuple[str, str, str], float, str]]:
    """Yield role, column and target; the AUROC above the bar; what of the column reaches it."""
    for column in (c for c in every if not c.codes):
        area = telling(question, column.values, look.patients, BAR)
        if area is not None:
            yield (column.role, column.where, question.target), area, column.what
    for column, scores in _by_level(look, question, [c for c in every if _has_levels(c)]):
        area = telling(question, scores, look.patients, BAR, either_way=False)
        if area is not None:
            what = f"{column.what}, by its levels,"
            yield (column.role, column.where, question.target), area, what


def _has_levels(column: _Column) -> bool:
    return column.codes or len(np.unique(column.values[~np.isnan(column.values)])) <= _FEW


def _by_level(
    look: Look, question: Question, coded: list[_Column]
) -> Iterator[tuple[_Column, np.ndarray]]:
    """Yield columns with `(samples,)` the share of the class at each level, of other patients."""
    if not coded:
        return
    values = np.stack([column.values for column in coded], axis=1)

    def fit(rows: np.ndarray, labels: np.ndarray) -> Scorer:
        encoder = TargetEncoder(target_type="binary").fit(values[rows], labels)
        return lambda wanted: encoder.transform(values[wanted])

    scores = cross_fitted(question, look.patients, fit)
    if scores is not None:
        yield from zip(coded, np.where(np.isnan(values), np.nan, scores).T, strict=True)


def _tabular(look: Look) -> Iterator[_Column]:
    arrays = look.arrays
    for k, name in enumerate(arrays.columns.get("tabular", ())):
        codes = arrays.kinds["tabular"][k] == "categorical"
        yield _Column("tabular", f"tabular {name}", "it", arrays.inputs["tabular"][:, k], codes)


def _series(look: Look) -> Iterator[_Column]:
    for name, series in look.arrays.inputs.items():
        if name.split("_")[0] != "sequence":
            continue
        samples = len(series.lengths)
        owner = np.repeat(np.arange(samples), series.lengths)
        described = zip(look.arrays.columns[name], look.arrays.kinds[name], strict=True)
        for k, (variable, kind) in enumerate(described):
            known = np.flatnonzero(np.isfinite(series.values[:, k]))
            values, rows = series.values[known, k].astype(float), owner[known]
            counts = np.bincount(rows, minlength=samples)
            if kind == "event":
                yield _Column("sequence", f"{name} {variable}", "how often it occurs", counts * 1.0)
                continue
            last = np.full(samples, np.nan)
            last[rows] = values  # of equal positions the last one stays
            total = np.bincount(rows, weights=values, minlength=samples)
            mean = np.divide(total, counts, out=np.full(samples, np.nan), where=counts > 0)
            yield _Column("sequence", f"{name} {variable}", "its last value", last)
            yield _Column("sequence", f"{name} {variable}", "its mean", mean)


def _declared(look: Look) -> Iterator[_Column]:
    config = look.cohort.config
    for role, names in (("score", config.scores), ("shortcut", config.shortcuts)):
        for name in names:
            values = column_per_sample(look.cohort, name)
            number = pd.api.types.is_numeric_dtype(values)
            codes = values if number else pd.factorize(values)[0]
            numbers = np.where(values.isna(), np.nan, np.asarray(codes, dtype=float))
            yield _Column(role, f"{role} {name}", "it", numbers, codes=not number)
