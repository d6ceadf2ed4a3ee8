"""`hybrid-zoo shard`: a cohort as a TensorFlow data set."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Folder
from hybrid_zoo.studies.commands.console import console, read
from hybrid_zoo.studies.quiet import load_tensorflow


@app.command("shard", rich_help_panel=PATIENTS)
def shard(
    cohort: Folder,
    out: Annotated[Path, typer.Argument(help="Folder to write; new or empty.")],
    beam: Annotated[
        list[str] | None,
        typer.Option(help="Flag of Apache Beam, such as runner=FlinkRunner; again for more."),
    ] = None,
) -> None:
    """Write a cohort as a TensorFlow data set in shards, images decoded; train with `Shards`.

    Splits are those of a study: train, validation and test, or the cohort's folds. Without --beam
    the work is done on this machine; with it on the engine that the flags name. Needs the extra
    `shards`: pip install 'hybrid-zoo[shards]'.
    """
    from hybrid_zoo.pipelines.folders import require_empty

    require_empty(out)
    found = read(cohort)
    with console.status("Loading TensorFlow and Apache Beam"):
        load_tensorflow()
        logging.disable(logging.WARNING)  # Beam tells of clouds whose clients are not installed
        from hybrid_zoo.pipelines.shards.writing import write_shards
        from hybrid_zoo.studies.parts import shard_parts

        logging.disable(logging.NOTSET)
    arrays = found.to_arrays(pixels=False)
    parts = shard_parts(found, arrays)
    with console.status("Writing shards"):
        written = write_shards(found, arrays, out, parts, [f"--{flag}" for flag in beam or []])
    sizes = ", ".join(f"{name} {len(rows)}" for name, rows in parts.items())
    console.print(f"Wrote {written}: {sizes} samples. It needs the cohort's protection.")
