"""A patient's series as a clinician plots them: a panel per variable, in its own unit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.explain.explanation import Explanation
from hybrid_zoo.studies.patient.numbers import hours_axis, hours_of, value_of
from hybrid_zoo.studies.patient.panel import draw_panel
from hybrid_zoo.studies.patient.records import modality_name
from hybrid_zoo.studies.patient.subject import Subject
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_numbers import capital, counted, listed

Windows = list[tuple[float, float]]
HALF = 0.5


def series_sections(subject: Subject, explanation: Explanation) -> list[dict[str, Any]]:
    """Return the panels of each series that the patient has.

    Args:
        subject: The patient.
        explanation: Of the patient.
    """
    return [
        _section(subject, explanation, name)
        for name in explanation.case.present
        if name.startswith("sequence")
    ]


def _section(subject: Subject, explanation: Explanation, name: str) -> dict[str, Any]:
    rows, end = subject.events(name), subject.end_hours(name)
    columns = subject.spec[name].columns
    seen = [c for c in columns if (rows["variable"] == c).any()]
    never = [c for c in columns if c not in seen]
    windows, legend, method = _windows(subject, explanation, name)
    span = _span(subject, name, rows)
    panels = [_panel(subject, name, c, rows[rows["variable"] == c], windows, span) for c in seen]
    return {
        "name": name,
        "title": capital(modality_name(name)),
        "axis": hours_axis(end),
        "panels": panels,
        "windows": windows,
        "legend": legend,
        "method": method,
        "normal": any(panel["normal"] for panel in panels),
        "never": f"Never recorded, and so not drawn: {listed(never)}." if never else "",
        "table": _table(subject, name, rows),
    }


def _windows(subject: Subject, explanation: Explanation, name: str) -> tuple[Windows, str, str]:
    """The hours that the model's attention reads most, or without which the logit changes most."""
    edges = subject.step_hours(name)
    attention = explanation.results.get("attention")
    if attention is not None and name in attention.values:
        weights = np.nan_to_num(attention.values[name])
        order = np.argsort(-weights, kind="stable")
        enough = int(np.searchsorted(np.cumsum(weights[order]), HALF * weights.sum())) + 1
        chosen = np.isin(np.arange(len(weights)), order[:enough])
        words = "Shaded: the hours that hold half of the model's attention."
        return _joined(edges[chosen]), words, "attention"
    found = explanation.results.get("occlusion")
    falls = None if found is None else found.values.get(f"{name}/steps")
    if falls is None or not np.nan_to_num(falls).any():
        return [], "No window of hours changes the logit when it is hidden.", "occlusion"
    size = abs(np.nan_to_num(falls))
    words = (
        "Shaded: the hours without which the logit changes most, by at least half of the largest "
        "change. This model has no attention of its own over time."
    )
    return _joined(edges[size >= HALF * size.max()]), words, "occlusion"


def _joined(edges: np.ndarray) -> Windows:
    """Windows, neighbours as one."""
    joined: Windows = []
    for start, end in edges.tolist():
        if joined and abs(joined[-1][1] - start) < 1e-6:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _span(subject: Subject, name: str, rows: pd.DataFrame) -> tuple[float, float]:
    """The hours from the start of the window to its end, or those that hold a value."""
    options = subject.cohort.config.events[name]
    low = rows["hours"].min() if options.start_hours is None else options.start_hours
    high = rows["hours"].max() if options.end_hours is None else options.end_hours
    return float(low), float(high) if high > low else float(low) + 1


def _panel(
    subject: Subject,
    name: str,
    column: str,
    rows: pd.DataFrame,
    windows: Windows,
    span: tuple[float, float],
) -> dict[str, Any]:
    declared, end = subject.variable(name, column), subject.end_hours(name)
    unit = subject.unit(name, column)
    hours, values = rows["hours"].to_numpy(float), rows["value"].to_numpy(float)
    is_event = declared.kind == "event"
    return {
        "title": f"{column}, {unit}" if unit else column,
        "alt": _alt(column, hours, values, unit, end, is_event=is_event),
        "normal": declared.normal is not None,
        **draw_panel(
            hours,
            None if is_event else values,
            span=span,
            windows=windows,
            normal=declared.normal,
            end=end,
        ),
    }


def _alt(
    column: str,
    hours: np.ndarray,
    values: np.ndarray,
    unit: str,
    end: float | None,
    *,
    is_event: bool,
) -> str:
    last = hours_of(float(hours[-1]), end)
    if is_event:
        return f"{column}: occurred {counted(len(hours), 'time')}, last {last}."
    low, high = value_of(float(values.min())), value_of(float(values.max()))
    size = f"{counted(len(hours), 'value')} from {low} to {high}" if len(hours) > 1 else "one value"
    return f"{column}: {size}; the last is {value_of(float(values[-1]))} {unit}, {last}.".replace(
        " ,", ","
    )


def _table(subject: Subject, name: str, rows: pd.DataFrame) -> Table:
    end = subject.end_hours(name)

    def lines(of: pd.DataFrame, unit: str) -> Iterator[Row]:
        for variable, hour, value in of[["variable", "hours", "value"]].itertuples(index=False):
            is_event = subject.variable(name, variable).kind == "event"
            text = "occurred" if is_event else f"{value_of(float(value))} {unit}".strip()
            yield Row(str(variable), (Cell(hours_of(float(hour), end)), Cell(text)))

    parts = [
        Part("", tuple(lines(of, subject.unit(name, str(column)))))
        for column, of in rows.groupby("variable", sort=True)
    ]
    return Table(
        caption=f"What was recorded: {modality_name(name)}",
        columns=("Variable", "When", "Value"),
        parts=tuple(parts),
    )
