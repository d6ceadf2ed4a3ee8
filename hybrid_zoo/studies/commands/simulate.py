"""`hybrid-zoo simulate`: a cohort whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import TRYING, app
from hybrid_zoo.studies.commands.console import bar, console


@app.command("simulate", rich_help_panel=TRYING)
def simulate(
    out: Annotated[Path, typer.Argument(help="Cohort folder to write.")],
    patients: Annotated[int, typer.Option(help="Number of patients.", min=60)] = 1200,
    seed: Annotated[int, typer.Option(help="Seed.", min=0)] = 0,
    shortcut: Annotated[
        bool, typer.Option("--shortcut", help="Sicker patients get a portable view: a trap.")
    ] = False,
) -> None:
    """Write a simulated cohort whose best possible AUROC is known."""
    from hybrid_zoo.pipelines.simulation import simulate as write

    with bar("Simulating") as update:
        write(out, patients=patients, seed=seed, shortcut=shortcut, progress=update)
    console.print(f"Wrote {out}. Next: hybrid-zoo study {out} --out runs/{out.name}")
