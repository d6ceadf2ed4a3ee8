"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="Cohort folder (cohort.yaml and its tables).")]
Run = Annotated[Path, typer.Argument(help="Run folder of a finished study.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
