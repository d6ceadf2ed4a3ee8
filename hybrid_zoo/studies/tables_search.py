"""The table of a search: every trial, its folds, what it cost, and its values."""

from collections.abc import Sequence
from typing import Any

from hybrid_zoo.studies.search_files import MOST, Search, parameter_name
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_numbers import listed, number, whole
from hybrid_zoo.studies.words_search import objective_name, value_text


def trials_table(searches: Sequence[Search], caption: str) -> Table:
    """Make the table of the trials of one network.

    Args:
        searches: One per round.
        caption: What the table is.
    """
    first = searches[0]
    folds = min(first.summary["folds"], MOST)
    several = len(first.trials) > 1
    # What is the same in every trial would only make the table wider: the note says it.
    names = [n for n in first.parameters if any(n in s.varied for s in searches)] if several else []
    return Table(
        caption=caption,
        columns=(
            "Trial",
            f"Mean {objective_name(first.summary['objective'])} (SD)",
            *(f"Fold {fold}" for fold in range(1, folds + 1)),
            "Best epoch",
            "Seconds",
            *(parameter_name(name) for name in names),
        ),
        parts=tuple(_part(search, folds, names) for search in searches),
        note=_note(first, folds, names),
    )


def _part(search: Search, folds: int, names: list[str]) -> Part:
    rows = []
    for trial, row in search.trials.iterrows():
        cells = [
            _mean(row),
            *(Cell(number(row[f"fold_{fold}"])) for fold in range(1, folds + 1)),
            Cell(_whole(row["epochs"])),
            Cell(number(row["seconds"], 1)),
            *(Cell(value_text(row.get(name))) for name in names),
        ]
        chosen = trial == search.best and len(search.trials) > 1
        remark = "chosen" if chosen else "" if row["status"] == "whole" else row["status"]
        head = f"{trial} ({remark})" if remark else str(trial)
        rows.append(Row(head, tuple(cells), strong=chosen))
    return Part(f"Round {search.round}", tuple(rows))


def _mean(row: Any) -> Cell:
    if row["status"] == "stopped":
        return Cell(number(row["score"]), "expected")
    sd = "" if row["status"] == "failed" else f" ({number(row['sd'])})"
    return Cell(f"{number(row['mean'])}{sd}")


def _whole(epochs: float) -> str:
    return number(None) if epochs != epochs else whole(epochs)


def _note(search: Search, folds: int, names: list[str]) -> str:
    same = [name for name in search.parameters if name not in names]
    values = [f"{parameter_name(name)} {value_text(search.trials[name].iloc[0])}" for name in same]
    alike = "In every trial: " if len(search.trials) > 1 else "Configuration: "
    cut = f" The first {folds} of {search.summary['folds']} folds are shown."
    return (
        "SD: between folds. Best epoch: median over the folds; seconds: of all fits of the trial."
        f"{cut if folds < search.summary['folds'] else ''}"
        f"{f' {alike}{listed(values)}.' if values else ''}"
    )
