"""`hybrid-zoo validate`: check a cohort and list its good files."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.alarms import report_leaks
from hybrid_zoo.studies.commands.app import DATA, PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Folder
from hybrid_zoo.studies.commands.console import console, print_lines, read, write_quarantine


@app.command("validate", rich_help_panel=PATIENTS)
def validate(
    cohort: Folder,
    quarantine: Annotated[
        Path | None, typer.Option(help="Where to write quarantine.csv (default: the cohort).")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 at a possible leak.")] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Kind, or kind:where, of a possible leak that is known; again for more."),
    ] = None,
) -> None:
    """Check a cohort: refuse what is broken, quarantine what is bad, list what is good.

    What may be a leak is listed last and changes nothing.

    Every image file is decoded once, in a process of its own; `manifest.csv` then holds its hash,
    and a study trusts it and stops at a file that has changed since.
    """
    from hybrid_zoo.pipelines.manifest import write_manifest

    found = read(cohort, rescan=True)
    print_lines(found.summary())
    if len(found.files):
        written = write_manifest(found.files, cohort)
        where = written or f"not written, since {cohort} is read-only"
        console.print(f"Manifest of {len(found.files)} image files: {where}", markup=False)
    write_quarantine(found.quarantine, quarantine or cohort / "quarantine.csv")
    if report_leaks(found, accept or []) and strict:
        raise typer.Exit(DATA)
