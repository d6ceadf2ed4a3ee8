"""`hybrid-zoo demo`: the instrument check."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import TRYING, app


@app.command("demo", rich_help_panel=TRYING)
def demo(
    runs: Annotated[Path, typer.Option(help="Folder for the two runs.")] = Path("runs"),
    seed: Annotated[int, typer.Option(help="Seed of the simulation.", min=0)] = 0,
) -> None:
    """Check the instrument on simulated patients: does fusing help where it should, and only there?

    Two studies, without search, three folds, one seed: runs/demo-simulated and runs/demo-shortcut.
    """
    from hybrid_zoo.studies.demo import demo as run_demo

    run_demo(runs, seed)
