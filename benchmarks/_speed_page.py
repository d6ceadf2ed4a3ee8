"""The figures of the benchmarks of speed as a page: what was measured, its bar, held or missed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HELD, MISSED = "held", "**missed**"


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        what: In words.
        figure: Its value; None where it was not measured.
        unit: Of it.
        bar: What it should be, in words; empty where nothing is asked.
        holds: Whether it is; None where nothing is asked.
        why: Why it was not measured.
    """

    what: str
    figure: float | None
    unit: str = ""
    bar: str = ""
    holds: bool | None = None
    why: str = ""


def rows_of(
    figures: Mapping[str, Mapping[str, Any]], words: Mapping[str, tuple[str, str]]
) -> list[Row]:
    """Read the last line of a benchmark.

    Args:
        figures: Name to `value`, and perhaps `bar`, `holds` and `bound`.
        words: Name to what it is and its unit; any other figure keeps its own name.
    """
    found = []
    for name, figure in figures.items():
        what, unit = words.get(name, (name.replace("_", " "), ""))
        found.append(Row(what, figure["value"], unit, _bar(figure), figure.get("holds")))
    return found


def _bar(figure: Mapping[str, Any]) -> str:
    bar = figure.get("bar")
    if isinstance(bar, list):
        return f"{bar[0]:g} to {bar[1]:g}"
    bound = f"at {figure['bound']} " if "bound" in figure else ""
    return "" if bar is None else f"{bound}{bar:g}"


def table(rows: Iterable[Row]) -> str:
    """Return figures as a table in Markdown.

    Args:
        rows: The figures.
    """
    cells = [(row.what, _figure(row), row.bar, _verdict(row)) for row in rows]
    return grid(("", "figure", "bar", "held?"), cells)


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, its second column to the right.

    Args:
        header: Names of the columns.
        rows: Their cells.
    """
    rule = "|---|---:|" + "---|" * (len(header) - 2)
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def sections(page: str) -> dict[str, str]:
    """Return a page's headings, each with what stands below it.

    Args:
        page: In Markdown.
    """
    _, *parts = re.split(r"^## (.*)\n\n", page, flags=re.MULTILINE)
    return dict(zip(parts[::2], (below.strip() for below in parts[1::2]), strict=True))


def missed(page: str) -> str:
    """Say how many bars were held, and which were missed.

    Args:
        page: With tables of `table`.
    """
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    asked = [row for row in rows if row and row[-1] in (HELD, MISSED)]
    wrong = [row[0] for row in asked if row[-1] == MISSED]
    said = f"{len(asked) - len(wrong)} of {len(asked)} bars held"
    return f"{said}; missed: {'; '.join(wrong)}." if wrong else f"{said}."


def _figure(row: Row) -> str:
    if row.figure is None:
        return row.why
    return f"{row.figure:.3g} {row.unit}".strip()


def _verdict(row: Row) -> str:
    if row.figure is None or row.holds is None:
        return ""
    return HELD if row.holds else MISSED
