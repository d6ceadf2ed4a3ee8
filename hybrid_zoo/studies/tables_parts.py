"""A table as data: the template writes it as HTML, `to_markdown` as Markdown."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        text: What it says.
        below: A second, smaller line: the interval.
        bar: Length of a bar behind the text, -1 (to the left) to 1; None for none.
    """

    text: str
    below: str = ""
    bar: float | None = None


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        head: Its header.
        cells: One per column after the first.
        strong: Whether it is set apart.
    """

    head: str
    cells: tuple[Cell, ...]
    strong: bool = False


@dataclass(frozen=True)
class Part:
    """Rows that belong together.

    Args:
        name: Their heading; empty for none.
        rows: The rows.
    """

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Args:
        caption: What it shows; the template writes it above.
        columns: Headers, that of the row headers first.
        parts: The rows, in parts.
        spans: Headers above the columns, each with how many columns it spans; empty for none.
        note: What a reader must know; the template writes it below.
        words: Columns that hold words, which are set to the left.
    """

    caption: str
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    spans: tuple[tuple[str, int], ...] = ()
    note: str = ""
    words: tuple[str, ...] = ()


def to_markdown(table: Table) -> str:
    """Write a table in Markdown.

    Args:
        table: The table; headings of parts and spans are left out.

    Returns:
        Its lines, without caption and note.
    """
    rows = [row for part in table.parts for row in part.rows]
    lines = [
        table.columns,
        ["---", *["---:"] * (len(table.columns) - 1)],
        *[(_bold(row), *(_joined(cell) for cell in row.cells)) for row in rows],
    ]
    return "\n".join(f"| {' | '.join(escaped(text) for text in line)} |" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is written.

    Args:
        text: From a cohort, so it may hold anything.
    """
    flat = html.escape(" ".join(str(text).split()), quote=False)
    return flat.replace("|", r"\|").replace("`", r"\`").replace("_", r"\_")


def _bold(row: Row) -> str:
    return f"**{row.head}**" if row.strong else row.head


def _joined(cell: Cell) -> str:
    return f"{cell.text} {cell.below}".strip()
