"""What the commands do, once their options are read."""

import inspect
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.manifest import write_manifest
from hybrid_zoo.study.quiet import load_tensorflow
from hybrid_zoo.study.settings import Settings
from hybrid_zoo.study.statement import STATEMENT

INTERRUPTED = 130  # what a shell calls the end by Ctrl-C

console = Console(soft_wrap=True, highlight=False)


@contextmanager
def bar(words: str) -> Iterator[Callable[..., None]]:
    """Show a progress bar.

    Args:
        words: What is being done.

    Yields:
        A function of done, total and, if wanted, the name of the present step.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(words, total=None)

        def update(done: int, total: int, name: str = "") -> None:
            shown = f"{words}: {name}" if name else words
            progress.update(task, completed=done, total=total, description=shown)

        yield update


def read(folder: Path, *, rescan: bool = False) -> Cohort:
    """Read a cohort with a progress bar over its images.

    Args:
        folder: The cohort folder.
        rescan: Decode every image, also those that an earlier scan has listed.
    """
    with bar("Checking images") as update:
        return Cohort.read(folder, progress=update, rescan=rescan)


def study(folder: Path, settings: Settings, out: Path, *, overwrite: bool, new: bool) -> Path:
    """Run a study and print its verdicts.

    Args:
        folder: The cohort folder.
        settings: The options.
        out: The run folder.
        overwrite: Replace an existing run.
        new: Forget what a stopped study left.
    """
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists. Choose another --out, or pass --overwrite.")
    cohort = read(folder)
    print_lines(cohort.summary())
    run = run_with_bar(cohort, settings, out, overwrite=overwrite, new=new)
    print_lines(verdicts(run))
    console.print(f"Report: {run / 'report.html'}")
    console.print("This folder holds patient-level data and a model that may memorise it: protect")
    console.print("it like the source.")
    return run


def run_with_bar(
    cohort: Cohort, settings: Settings, out: Path, *, overwrite: bool, new: bool
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
    from hybrid_zoo.study.runner import run_study

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


def predict(run: Path, folder: Path, out: Path, *, overwrite: bool) -> None:
    """Score patients with a finished run.

    Args:
        run: The run folder.
        folder: The patients' tables.
        out: CSV file to write.
        overwrite: Replace it.
    """
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists. Choose another --out, or pass --overwrite.")
    with console.status("Loading TensorFlow"):
        load_tensorflow()
        from hybrid_zoo.study import new_patients

        trained = new_patients.read_trained(run)
    with bar("Checking images") as update:
        cohort, arrays = new_patients.read_new_patients(trained, folder, update)
    with console.status(f"Predicting {len(arrays)} samples"):
        table = new_patients.predict(trained, arrays)
    out.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, index=False)
    print_lines(new_patients.notices(trained, cohort, arrays))
    if len(cohort.quarantine):
        bad = out.with_name(f"{out.stem}.quarantine.csv")
        cohort.quarantine.to_csv(bad, index=False)
        console.print(f"{len(cohort.quarantine)} bad rows or files, each with its reason: {bad}")
    console.print(f"Wrote {out}: {len(arrays)} samples. It needs the cohort's protection.")
    console.print(STATEMENT, markup=False)


def verdicts(run: Path) -> list[str]:
    """Return a finished run's verdicts in words.

    Args:
        run: The run folder.
    """
    from hybrid_zoo.study.report_files import read_run
    from hybrid_zoo.study.words import headline, verdict_in_words

    metrics = read_run(run).metrics
    lines = []
    for target, block in metrics["targets"].items():
        words = verdict_in_words(block, cohort=metrics["cohort"], simulated=metrics["simulated"])
        lines += [f"{target}: {headline(block)}", *words]
    return lines


def validate(folder: Path, quarantine: Path | None) -> None:
    """Scan every file, print a cohort's summary, write its quarantine and its manifest.

    Args:
        folder: The cohort folder.
        quarantine: Where to write the quarantine; the cohort folder if None.
    """
    cohort = read(folder, rescan=True)
    print_lines(cohort.summary())
    if len(cohort.files):
        written = write_manifest(cohort.files, folder)
        where = written or f"not written, since {folder} is read-only"
        console.print(f"Manifest of {len(cohort.files)} image files: {where}", markup=False)
    if len(cohort.quarantine):
        path = quarantine or folder / "quarantine.csv"
        cohort.quarantine.to_csv(path, index=False)
        console.print(f"{len(cohort.quarantine)} bad rows or files, each with its reason: {path}")


def shard(folder: Path, out: Path, flags: Sequence[str]) -> None:
    """Write a cohort as a data set in shards, in the parts that a study would use.

    Args:
        folder: The cohort folder.
        out: A new or empty folder.
        flags: Of Apache Beam, without the leading dashes.
    """
    require_empty(out)
    cohort = read(folder)
    with console.status("Loading TensorFlow and Apache Beam"):
        load_tensorflow()
        logging.disable(logging.WARNING)  # Beam tells of clouds whose clients are not installed
        from hybrid_zoo.pipelines.shards.writing import write_shards
        from hybrid_zoo.study.parts import shard_parts

        logging.disable(logging.NOTSET)
    arrays = cohort.to_arrays(pixels=False)
    parts = shard_parts(cohort, arrays)
    with console.status("Writing shards"):
        written = write_shards(cohort, arrays, out, parts, [f"--{flag}" for flag in flags])
    sizes = ", ".join(f"{name} {len(rows)}" for name, rows in parts.items())
    console.print(f"Wrote {written}: {sizes} samples. It needs the cohort's protection.")


def simulate(out: Path, patients: int, seed: int, shortcut: bool) -> None:
    """Write a simulated cohort.

    Args:
        out: The cohort folder.
        patients: How many.
        seed: Of the simulation.
        shortcut: Plant the trap.
    """
    from hybrid_zoo.pipelines.simulation import simulate as write

    with bar("Simulating") as update:
        write(out, patients=patients, seed=seed, shortcut=shortcut, progress=update)
    console.print(f"Wrote {out}. Next: hybrid-zoo study {out} --out runs/{out.name}")


def prepare(name: str, raw: Path | None, out: Path | None) -> None:
    """Write a cohort from a published data set, or say where it is found.

    Args:
        name: The source.
        raw: Folder of the published files.
        out: The cohort folder.
    """
    from hybrid_zoo.pipelines.sources import SOURCES

    source = SOURCES[name]
    if raw is None or out is None:
        console.print(inspect.getdoc(source))
        console.print(f"\nUsage: hybrid-zoo prepare {name} RAW OUT")
        return
    with bar(f"Preparing {name}") as update:
        source(raw, out, progress=update)
    console.print(f"Wrote {out}. Next: hybrid-zoo validate {out}")


def zoo(page: Path | None, *, timed: bool) -> None:
    """List every component.

    Args:
        page: Markdown file to write; None prints a table.
        timed: Measure milliseconds per sample.
    """
    load_tensorflow()
    from hybrid_zoo.study.zoo import HEADER, cells, markdown, zoo_rows

    with console.status("Building every component"):
        rows = list(zoo_rows(timed=timed))
    if page:
        page.write_text(markdown(rows), encoding="utf-8")
        console.print(f"Wrote {page}.")
        return
    table, kind = Table(), ""
    for name in HEADER[1:]:
        number = name not in ("name", "source")
        table.add_column(name, justify="right" if number else "left")
    room = max(console.width - 65, 15)
    for row in rows:
        if row.kind != kind:
            table.add_section()
            table.add_row(f"[bold]{row.kind}[/bold]")
            kind = row.kind
        *figures, source = cells(row)[1:]
        table.add_row(*figures, shorten(source, room, placeholder=" ..."))
    console.print(table)


def print_lines(lines: list[str]) -> None:
    """Print lines as they are.

    Args:
        lines: What to print.
    """
    for line in lines:
        console.print(line, markup=False)
