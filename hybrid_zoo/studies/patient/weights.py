"""The single values that contribute most to a patient's logit."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hybrid_zoo.explain.explanation import Explanation, Result
from hybrid_zoo.studies.patient.numbers import contribution, hours_of, value_of
from hybrid_zoo.studies.patient.records import modality_name
from hybrid_zoo.studies.patient.subject import Subject
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_numbers import counted, percent

METHOD = "integrated_gradients"
MOST = 15
"""Rows of the table."""
GAP = 0.01
"""Share of the logit's change above which it is said that the contributions do not add up."""
WITHHELD = "withheld"


class Weight(NamedTuple):
    """One value's contribution: variable, value in words, when, logits."""

    name: str
    value: str
    when: str
    amount: float


def weights_table(subject: Subject, explanation: Explanation, *, identifiers: bool) -> Table | None:
    """Lay out the largest contributions of single values of series and columns.

    Args:
        subject: The patient.
        explanation: Of the patient.
        identifiers: Whether the site may be named.

    Returns:
        The table; None without series and columns, or where the method does not apply.
    """
    if METHOD not in explanation.results:
        return None
    result = explanation[METHOD]
    every = sorted(_weights(subject, result, identifiers), key=lambda w: -abs(w.amount))
    shown = [w for w in every[:MOST] if w.amount]
    if not every:
        return None
    most = max((abs(w.amount) for w in shown), default=1.0)
    rows = [
        Row(
            w.name, (Cell(w.value), Cell(w.when), Cell(contribution(w.amount), bar=w.amount / most))
        )
        for w in shown
    ]
    parts = (Part("", tuple(rows)), Part("In sum", tuple(_sums(result, shown, every))))
    return Table(
        caption="The largest contributions of single values",
        columns=("Variable", "Value", "When", "Contribution"),
        parts=parts,
        note=_note(result),
    )


def _weights(subject: Subject, result: Result, identifiers: bool) -> Iterator[Weight]:
    for name, x in result.values.items():
        kind = name.partition("_")[0]
        if kind == "sequence":
            yield from _of_series(subject, name, x)
        elif kind == "tabular":
            yield from _of_columns(subject, name, x, identifiers)


def _of_series(subject: Subject, name: str, x: np.ndarray) -> Iterator[Weight]:
    values, columns = subject.inputs[name], subject.spec[name].columns
    kinds, middle = subject.spec[name].kinds, subject.step_hours(name).mean(axis=1)
    end = subject.end_hours(name)
    for step, column in np.argwhere(np.isfinite(x)):
        variable = columns[column]
        unit = subject.unit(name, variable)
        value = f"{value_of(float(values[step, column]))} {unit}".strip()
        yield Weight(
            variable,
            "occurred" if kinds[column] == "event" else value,
            hours_of(float(middle[step]), end),
            float(x[step, column]),
        )


def _of_columns(subject: Subject, name: str, x: np.ndarray, identifiers: bool) -> Iterator[Weight]:
    values, columns = subject.inputs[name], subject.spec[name].columns
    for column in np.flatnonzero(np.isfinite(x)):
        variable, value = columns[column], float(values[column])
        levels = subject.arrays.categories.get(variable)
        text = str(levels[int(value)]) if levels else value_of(value)
        if variable == subject.trained.config.site and not identifiers:
            text = WITHHELD
        yield Weight(variable, text, "", float(x[column]))


def _sums(result: Result, shown: list[Weight], every: list[Weight]) -> Iterator[Row]:
    def row(head: str, amount: float, *, strong: bool = False) -> Row:
        return Row(head, (Cell(""), Cell(""), Cell(contribution(amount))), strong=strong)

    rest = len(every) - len(shown)
    if rest:
        others = sum(w.amount for w in every) - sum(w.amount for w in shown)
        yield row(f"All other {counted(rest, 'value')}", others)
    for name, x in result.values.items():
        if name.partition("_")[0] not in ("sequence", "tabular"):
            yield row(f"All {modality_name(name)}", float(np.nansum(x)))
    if abs(result.checks["rest"]) >= 0.0005:
        yield row("What belongs to no single value", result.checks["rest"])
    yield row("Logit minus that of the average patient", result.checks["change"], strong=True)


def _note(result: Result) -> str:
    gap = result.checks["gap"]
    said = (
        "Integrated gradients, against a patient of whom the same was recorded, all of it average. "
        f"{result.words} A series' value is the mean of its time step. Bars to the right raise the "
        "risk, open bars to the left lower it."
    )
    if gap > GAP:
        return (
            f"{said} The contributions miss the sum below by {percent(gap)} of it: take small "
            "differences between them for nothing."
        )
    return said
