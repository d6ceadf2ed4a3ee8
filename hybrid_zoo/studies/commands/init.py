"""`hybrid-zoo init`: a cohort from the files that a hospital has."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Overwrite
from hybrid_zoo.studies.commands.console import console

if TYPE_CHECKING:
    from hybrid_zoo.pipelines.guessing.draft import Draft

_SHOWN = 12  # of what was done; all of it is in cohort.yaml


@app.command("init", rich_help_panel=PATIENTS)
def init(
    tables: Annotated[
        list[Path],
        typer.Argument(help="A folder, or tables and image folders: .csv, .tsv, .parquet, .xlsx."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Cohort folder to write; not needed beside samples.csv.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Column to predict; again for more.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Draft a cohort from spreadsheets and image files; every guess is a comment in cohort.yaml.

    Without --target it asks, or names the candidates where there is no terminal.
    """
    from hybrid_zoo.pipelines.guessing.initialise import init_cohort

    ask = _ask if sys.stdin.isatty() and sys.stdout.isatty() else None
    draft, place = init_cohort(tables, out, target or [], overwrite=overwrite, choose=ask)
    _show(draft)
    console.print(f"Wrote {place / 'cohort.yaml'}: read its comments. Next:", markup=False)
    console.print(f"  hybrid-zoo validate {place}", markup=False)
    console.print(f"  hybrid-zoo study {place} --out runs/{place.resolve().name}", markup=False)


def _ask(candidates: list[str]) -> list[str]:
    console.print("Which column is to be predicted?")
    for number, name in enumerate(candidates, 1):
        console.print(f"  {number}. {name}", markup=False)
    answer = typer.prompt("Number or name", default="1").strip()
    known = answer.isdigit() and 1 <= int(answer) <= len(candidates)
    return [candidates[int(answer) - 1] if known else answer]


def _show(draft: "Draft") -> None:
    from rich.table import Table

    table = Table("Found", "What", title=f"Cohort {draft.name}", show_lines=False)
    for what, much in draft.found:
        table.add_row(what, much)
    console.print(table, markup=False)
    _list("Done to the files:", [f"- {line}" for line in draft.did])
    _list("Look at:", [f"{number}. {line}" for number, line in enumerate(draft.look, 1)], most=99)


def _list(title: str, lines: list[str], most: int = _SHOWN) -> None:
    if not lines:
        return
    console.print(title)
    for line in lines[:most]:
        console.print(f"  {line}", markup=False)
    if len(lines) > most:
        console.print(f"  ... and {len(lines) - most} more, all in cohort.yaml")
