"""The command line. Nothing heavy is imported before a command runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.errors import ConfigError, HybridZooError
from hybrid_zoo.study.statement import STATEMENT

USAGE, DATA, ENVIRONMENT = 2, 3, 4

app = typer.Typer(
    help=f"Models for patients who are more than one kind of data.\n\n{STATEMENT}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(help="Cohort folder (cohort.yaml and its tables).")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything but the split.", min=0)]
Trials = Annotated[int | None, typer.Option(help="Configurations tried per model.", min=1)]
Folds = Annotated[int | None, typer.Option(help="Folds of the cross-validation.", min=2)]
Epochs = Annotated[int | None, typer.Option(help="Most epochs of a fit (50).", min=1)]
Seeds = Annotated[int | None, typer.Option(help="Trainings per network (3).", min=1)]
Minutes = Annotated[float | None, typer.Option(help="Time budget; results then vary.", min=0.1)]
Imbalance = Annotated[
    str | None, typer.Option(help="Rare classes: weights (default), oversample, both or none.")
]
Baseline = Annotated[
    list[str] | None,
    typer.Option(help="Further baseline: a classifier's import path; again for more."),
]
BaselineMinutes = Annotated[
    float | None, typer.Option(help="Limit of each baseline in each round (30).", min=0.01)
]
Config = Annotated[Path | None, typer.Option(help="YAML file with the same keys.")]
Image = Annotated[list[str] | None, typer.Option(help="Image encoder; again for a choice.")]
Sequence = Annotated[list[str] | None, typer.Option(help="Sequence encoder; again for a choice.")]
Fusion = Annotated[list[str] | None, typer.Option(help="Fusion; again for a choice.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
New = Annotated[bool, typer.Option("--new", help="Forget what a stopped study left.")]


@app.command("study")
def study_command(
    cohort: Folder,
    out: Annotated[Path, typer.Option(help="Run folder to write; must not exist.")],
    seed: Seed = None,
    trials: Trials = None,
    folds: Folds = None,
    epochs: Epochs = None,
    seeds: Seeds = None,
    minutes: Minutes = None,
    imbalance: Imbalance = None,
    baseline: Baseline = None,
    baseline_minutes: BaselineMinutes = None,
    image: Image = None,
    sequence: Sequence = None,
    fusion: Fusion = None,
    config: Config = None,
    overwrite: Overwrite = False,
    new: New = False,
) -> None:
    """Compare the hybrid with every single modality and every baseline, and say if fusing helped.

    Stopped by whatever, the same command goes on where it was.

    RUN holds patient-level data and a model that may memorise it: protect it like the source.
    """
    from hybrid_zoo.study.commands import study
    from hybrid_zoo.study.settings import read_settings

    given = {
        "seed": seed,
        "trials": trials,
        "folds": folds,
        "epochs": epochs,
        "seeds": seeds,
        "minutes": minutes,
        "imbalance": imbalance,
        "baselines": baseline,
        "baseline_minutes": baseline_minutes,
        "image": image,
        "sequence": sequence,
        "fusion": fusion,
    }
    study(cohort, read_settings(config, given), out, overwrite=overwrite, new=new)


@app.command("predict")
def predict_command(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished study.")],
    cohort: Annotated[Path, typer.Argument(help="Folder of the patients' tables.")],
    out: Annotated[Path, typer.Option(help="CSV file to write; must not exist.")],
    overwrite: Overwrite = False,
) -> None:
    """Score patients with a finished run's hybrid; labels and cohort.yaml are not needed.

    The tables have the names and columns of the run's own. OUT holds patient-level data.
    """
    from hybrid_zoo.study.commands import predict

    predict(run, cohort, out, overwrite=overwrite)


@app.command("demo")
def demo_command(
    runs: Annotated[Path, typer.Option(help="Folder for the two runs.")] = Path("runs"),
    seed: Annotated[int, typer.Option(help="Seed of the simulation.", min=0)] = 0,
) -> None:
    """Check the instrument on simulated patients: does fusing help where it should, and only there?

    Two studies, without search, three folds, one seed: runs/demo-simulated and runs/demo-shortcut.
    """
    from hybrid_zoo.study.demo import demo

    demo(runs, seed)


@app.command("validate")
def validate_command(
    cohort: Folder,
    quarantine: Annotated[
        Path | None, typer.Option(help="Where to write quarantine.csv (default: the cohort).")
    ] = None,
) -> None:
    """Check a cohort: refuse what is broken, quarantine what is bad, list what is good.

    Every image file is decoded once, in a process of its own; `manifest.csv` then holds its hash,
    and a study trusts it and stops at a file that has changed since.
    """
    from hybrid_zoo.study.commands import validate

    validate(cohort, quarantine)


@app.command("shard")
def shard_command(
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
    from hybrid_zoo.study.commands import shard

    shard(cohort, out, beam or [])


@app.command("zoo")
def zoo_command(
    markdown: Annotated[
        Path | None, typer.Option(help="Write the table to this Markdown file instead.")
    ] = None,
    time: Annotated[bool, typer.Option(help="Measure milliseconds per sample.")] = True,
) -> None:
    """List every encoder, bag pooling and fusion: parameters, features, speed, source."""
    from hybrid_zoo.study.commands import zoo

    zoo(markdown, timed=time)


@app.command("simulate")
def simulate_command(
    out: Annotated[Path, typer.Argument(help="Cohort folder to write.")],
    patients: Annotated[int, typer.Option(help="Number of patients.", min=60)] = 1200,
    seed: Annotated[int, typer.Option(help="Seed.", min=0)] = 0,
    shortcut: Annotated[
        bool, typer.Option("--shortcut", help="Sicker patients get a portable view: a trap.")
    ] = False,
) -> None:
    """Write a simulated cohort whose best possible AUROC is known."""
    from hybrid_zoo.study.commands import simulate

    simulate(out, patients, seed, shortcut)


@app.command("prepare")
def prepare_command(
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
    from hybrid_zoo.study.commands import prepare

    prepare(source, raw, out)


def main() -> None:
    """Run the command line; exit 0 done, 2 usage, 3 data, 4 environment, 130 interrupted."""
    try:
        app()
    except ConfigError as error:
        _fail(str(error), USAGE)
    except HybridZooError as error:
        _fail(str(error), DATA)
    except (ImportError, MemoryError, OSError) as error:
        _fail(
            f"{type(error).__name__}: {error}. Check the installation and the folder.", ENVIRONMENT
        )


def _fail(message: str, code: int) -> None:
    print(f"hybrid-zoo: {message}", file=sys.stderr)
    sys.exit(code)
