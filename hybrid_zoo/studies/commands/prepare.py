"""`hybrid-zoo prepare`: a cohort from a published data set."""

import inspect
from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import TRYING, app
from hybrid_zoo.studies.commands.console import bar, console


@app.command("prepare", rich_help_panel=TRYING)
def prepare(
    source: Annotated[
        str,
        typer.Argument(
            help="hannover, physionet2012, digits, mimic4, mimic4_phenotypes, medfuse or meds."
        ),
    ],
    raw: Annotated[Path | None, typer.Argument(help="Folder of the published files.")] = None,
    out: Annotated[Path | None, typer.Argument(help="Cohort folder to write.")] = None,
) -> None:
    """Write a cohort from a published data set; `prepare NAME` alone says where to find it."""
    from hybrid_zoo.pipelines.sources import SOURCES

    write = SOURCES[source]
    if raw is None or out is None:
        console.print(inspect.getdoc(write))
        console.print(f"\nUsage: hybrid-zoo prepare {source} RAW OUT")
        return
    with bar(f"Preparing {source}") as update:
        write(raw, out, progress=update)
    console.print(f"Wrote {out}. Next: hybrid-zoo validate {out}")
