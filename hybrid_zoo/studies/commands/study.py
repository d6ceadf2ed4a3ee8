"""`hybrid-zoo study`: the whole comparison."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_zoo.studies.commands.alarms import leaks_in_short
from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Folder, Overwrite
from hybrid_zoo.studies.commands.console import bar, console, print_lines, read, refuse_existing
from hybrid_zoo.studies.quiet import load_tensorflow

if TYPE_CHECKING:
    from hybrid_zoo.pipelines.cohort import Cohort
    from hybrid_zoo.studies.settings import Settings

INTERRUPTED = 130  # what a shell calls the end by Ctrl-C

Seed = Annotated[int | None, typer.Option(help="Seed of everything but the split.", min=0)]
Trials = Annotated[int | None, typer.Option(help="Configurations tried per model.", min=1)]
Folds = Annotated[int | None, typer.Option(help="Folds of the cross-validation.", min=2)]
Epochs = Annotated[int | None, typer.Option(help="Most epochs of a fit (50).", min=1)]
Seeds = Annotated[int | None, typer.Option(help="Trainings per network (3).", min=1)]
Minutes = Annotated[float | None, typer.Option(help="Time budget; results then vary.", min=0.1)]
Imbalance = Annotated[
    str | None, typer.Option(help="Rare classes: weights (default), oversample, both or none.")
]
Dtype = Annotated[
    str | None, typer.Option(help="Policy of the networks: float32 (default) or mixed_bfloat16.")
]
Baselines = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline", help="Further baseline: a classifier's import path; again for more."
    ),
]
BaselineMinutes = Annotated[
    float | None, typer.Option(help="Limit of each baseline in each round (30).", min=0.01)
]
Config = Annotated[Path | None, typer.Option(help="YAML file with the same keys.")]
Image = Annotated[list[str] | None, typer.Option(help="Image encoder; again for a choice.")]
Sequence = Annotated[list[str] | None, typer.Option(help="Sequence encoder; again for a choice.")]
Fusion = Annotated[list[str] | None, typer.Option(help="Fusion; again for a choice.")]
Site = Annotated[str | None, typer.Option(help="Test on this site (cohort.yaml: `site`).")]
After = Annotated[
    str | None, typer.Option(help="Test on the latest 20 % by this column, or COLUMN=DATE.")
]
Mlflow = Annotated[str | None, typer.Option(help="Log figures and pages to this MLflow server.")]
New = Annotated[bool, typer.Option("--new", help="Forget what a stopped study left.")]


@app.command("study", rich_help_panel=PATIENTS)
def study(
    context: typer.Context,
    cohort: Folder,
    out: Annotated[Path, typer.Option(help="Run folder to write; must not exist.")],
    seed: Seed = None,
    trials: Trials = None,
    folds: Folds = None,
    epochs: Epochs = None,
    seeds: Seeds = None,
    minutes: Minutes = None,
    imbalance: Imbalance = None,
    dtype: Dtype = None,
    baselines: Baselines = None,
    baseline_minutes: BaselineMinutes = None,
    hold_out_site: Site = None,
    hold_out_after: After = None,
    image: Image = None,
    sequence: Sequence = None,
    fusion: Fusion = None,
    config: Config = None,
    mlflow: Mlflow = None,
    overwrite: Overwrite = False,
    new: New = False,
) -> None:
    """Compare the hybrid with every single modality and every baseline, and say if fusing helped.

    Stopped by whatever, the same command goes on where it was.

    RUN holds patient-level data and a model that may memorise it: protect it like the source.
    """
    from hybrid_zoo.studies.settings import Settings, read_settings
    from hybrid_zoo.studies.words import CUSTODY

    given = {name: value for name, value in context.params.items() if name in Settings.model_fields}
    settings = read_settings(config, given)
    refuse_existing(out, overwrite=overwrite)
    found = read(cohort)
    print_lines([*found.summary(), *leaks_in_short(found)])
    run = run_with_bar(found, settings, out, overwrite=overwrite, new=new)
    from hybrid_zoo.studies.result import StudyResult  # TensorFlow, which is loaded quietly by now

    print_lines(StudyResult(run).in_words())
    if mlflow is not None:
        _log(run, mlflow)
    console.print(f"Report: {run / 'report.html'}")
    console.print(CUSTODY)


def _log(run: Path, server: str) -> None:
    from hybrid_zoo.studies.mlflow_log import log_to_mlflow

    console.print(f"MLflow run: {log_to_mlflow(run, server)}")


def run_with_bar(
    cohort: "Cohort", settings: "Settings", out: Path, *, overwrite: bool, new: bool
) -> Path:
    """Run a study with a progress bar; say what is left when it is interrupted.

    Args:
        cohort: The cohort.
        settings: The options.
        out: The run folder.
        overwrite: Replace an existing run.
        new: Forget what a stopped study left.
    """
    with console.status("Loading TensorFlow"):
        load_tensorflow()
    from hybrid_zoo.studies.runner import run_study

    command = " ".join(["hybrid-zoo", *sys.argv[1:]])
    try:
        with bar("Fits") as update:
            return run_study(
                cohort,
                settings,
                out,
                overwrite=overwrite,
                new=new,
                command=command,
                progress=update,
            )
    except KeyboardInterrupt as stop:
        console.print(
            f"Interrupted. What was finished is kept in {out}.partial (see run.log): the same "
            "command goes on from there."
        )
        raise typer.Exit(INTERRUPTED) from stop
