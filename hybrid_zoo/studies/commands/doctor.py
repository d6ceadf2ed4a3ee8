"""`hybrid-zoo doctor`: what this machine has, what is missing, and what mends it."""

import json
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_zoo.studies.commands.app import ENVIRONMENT, TRYING, app
from hybrid_zoo.studies.commands.console import console

if TYPE_CHECKING:
    from hybrid_zoo.studies.doctor.finding import Finding


@app.command("doctor", rich_help_panel=TRYING)
def doctor(
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Train, save and load a tiny model.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for a bug report: no user name, no folder.")
    ] = False,
) -> None:
    """Say what this machine has and what is missing, with the command that mends each.

    It works where TensorFlow or pandas does not. Exit 0 if all that is needed is there, else 4.
    """
    from hybrid_zoo.studies.doctor.examine import examine, report
    from hybrid_zoo.studies.doctor.finding import WRONG

    with console.status("Looking at packages, machine and TensorFlow"):
        findings = list(examine(check=check))
    if as_json:
        typer.echo(json.dumps(report(findings), indent=2))
    else:
        _show(findings)
    if any(finding.state == WRONG for finding in findings):
        raise typer.Exit(ENVIRONMENT)


def _show(findings: "list[Finding]") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from hybrid_zoo.studies.doctor.finding import WRONG

    table = Table(box=box.SIMPLE_HEAD)
    for name, width in (("", 8), ("", 22), ("Found", None), ("To mend it", None)):
        table.add_column(name, min_width=width, overflow="fold")
    for part, rows in groupby(findings, key=lambda finding: finding.part):
        table.add_section()
        table.add_row("", f"[bold]{part}[/bold]")
        for row in rows:
            table.add_row(row.state, *map(escape, (row.name, row.found, row.mend)))
    console.print(table)
    wrong = [finding.name for finding in findings if finding.state == WRONG]
    console.print(
        f"Missing or wrong: {', '.join(wrong)}." if wrong else "All that is needed is there.",
        markup=False,
    )
