"""TRIPOD+AI: what a run answers of the reporting checklist, and what its authors must add."""

from dataclasses import dataclass
from pathlib import Path

from hybrid_zoo.studies.report_files import Run
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table, escaped, to_markdown
from hybrid_zoo.studies.tripod_analysis import ANALYSIS
from hybrid_zoo.studies.tripod_answers import Answer, not_provided
from hybrid_zoo.studies.tripod_design import DESIGN
from hybrid_zoo.studies.tripod_results import RESULTS

SOURCE = "Collins et al. 2024, BMJ 385:e078378 (TRIPOD+AI)"


@dataclass(frozen=True)
class Item:
    """One item of the checklist.

    Args:
        number: As in the checklist.
        section: Its part of an article.
        title: In our own words.
        answer: What the run says.
        given: Whether the run says anything.
    """

    number: str
    section: str
    title: str
    answer: str
    given: bool


def tripod_items(run: Run) -> list[Item]:
    """Answer every item of the checklist from a run.

    Args:
        run: A run folder, as read.

    Returns:
        The 52 items and sub-items in order; none is empty.

    Source:
        Collins et al. 2024, BMJ 385:e078378, for numbers and topics; the wording is our own.
    """
    return [_item(answer, run) for answer in (*DESIGN, *ANALYSIS, *RESULTS)]


def _item(answer: Answer, run: Run) -> Item:
    says = " ".join(answer.says(run).split())
    if not says:
        text = not_provided(answer.lacks)
    else:
        text = says if says[-1] in ".!?" else f"{says}."
        text += f" The author must add {answer.lacks}." if answer.lacks and not answer.whole else ""
    return Item(answer.number, answer.section, answer.title, text, bool(says))


def tripod_table(run: Run) -> Table:
    """Make the table of the checklist.

    Args:
        run: A run folder, as read.
    """
    items = tripod_items(run)
    sections = dict.fromkeys(item.section for item in items)
    parts = [
        Part(
            section,
            tuple(
                Row(f"{item.number} {item.title}", (Cell(item.answer),))
                for item in items
                if item.section == section
            ),
        )
        for section in sections
    ]
    return Table(
        caption="TRIPOD+AI items",
        columns=("Item", "What this run says"),
        parts=tuple(parts),
        words=("What this run says",),
    )


def tripod_summary(run: Run) -> str:
    """Say how much of the checklist a run answers.

    Args:
        run: A run folder, as read.
    """
    items = tripod_items(run)
    given = sum(item.given for item in items)
    return (
        f"The run answers {given} of {len(items)} items, wholly or in part; {len(items) - given} "
        f"are not provided. Numbers and topics follow {SOURCE}; titles are our own, and the "
        "checklist itself is what a journal asks for."
    )


def write_tripod(run: Run) -> Path:
    """Write `TRIPOD.md`, for authors to complete.

    Args:
        run: A run folder, as read.

    Returns:
        Its path.
    """
    kind = "Simulated study, " if run.metrics["simulated"] else ""
    text = [
        f"# TRIPOD+AI: {kind}{escaped(run.metrics['cohort'])}",
        f"> {STATEMENT}",
        escaped(tripod_summary(run)),
        to_markdown(tripod_table(run)).replace("---:", "---"),
    ]
    path = run.folder / "TRIPOD.md"
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return path
