"""What the commands print on, and their progress bars."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.quiet import load_tensorflow

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_zoo.pipelines.arrays import CohortArrays
    from hybrid_zoo.pipelines.cohort import Cohort
    from hybrid_zoo.studies.tables_parts import Table
    from hybrid_zoo.studies.trained import Trained

console = Console(soft_wrap=True, highlight=False)


@contextmanager
def bar(words: str) -> Iterator[Callable[..., None]]:
    """Show a progress bar.

    Args:
        words: What is being done.

    Yields:
        A function of done, total and, if wanted, the name of the present step.
    """
    from rich import progress as parts

    columns = (
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeElapsedColumn(),
        parts.TimeRemainingColumn(),
    )
    with parts.Progress(*columns, console=console) as progress:
        task = progress.add_task(words, total=None)

        def update(done: int, total: int, name: str = "") -> None:
            shown = f"{words}: {name}" if name else words
            progress.update(task, completed=done, total=total, description=shown)

        yield update


def read(folder: Path, *, rescan: bool = False) -> "Cohort":
    """Read a cohort with a progress bar over its images.

    Args:
        folder: The cohort folder.
        rescan: Decode every image, also those that an earlier scan has listed.
    """
    from hybrid_zoo.pipelines.cohort import Cohort

    with bar("Checking images") as update:
        return Cohort.read(folder, progress=update, rescan=rescan)


def read_for(run: Path, folder: Path) -> "tuple[Trained, Cohort, CohortArrays]":
    """Read a finished run, and patients as it read its own.

    Args:
        run: The run folder.
        folder: Of the patients' tables.
    """
    with console.status("Loading TensorFlow"):
        load_tensorflow()
        from hybrid_zoo.studies.new_patients import read_new_patients
        from hybrid_zoo.studies.trained import read_trained

        trained = read_trained(run)
    with bar("Checking images") as update:
        return trained, *read_new_patients(trained, folder, update)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines as they are.

    Args:
        lines: What to print.
    """
    for line in lines:
        console.print(line, markup=False)


def print_table(table: "Table") -> None:
    """Print a table of a report.

    Args:
        table: The table; headings of parts and spans are left out.
    """
    from rich import table as rich_table
    from rich.markup import escape

    shown = rich_table.Table(title=escape(table.caption), caption=escape(table.note))
    for position, column in enumerate(table.columns):
        shown.add_column(escape(column), justify="left" if position == 0 else "right")
    for row in (row for part in table.parts for row in part.rows):
        cells = (escape(f"{cell.text}\n{cell.below}".rstrip()) for cell in row.cells)
        shown.add_row(escape(row.head), *cells)
    console.print(shown)


def refuse_existing(out: Path, *, overwrite: bool) -> None:
    """Refuse to replace what is there unless told to.

    Args:
        out: A file or folder to write.
        overwrite: Replace it.

    Raises:
        ConfigError: If it exists and must not be replaced.
    """
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists. Choose another --out, or pass --overwrite.")


def write_quarantine(quarantine: "pd.DataFrame", path: Path) -> None:
    """Write bad rows and files, if there are any, and say where.

    Args:
        quarantine: One row each.
        path: CSV file.
    """
    if len(quarantine):
        quarantine.to_csv(path, index=False)
        console.print(f"{len(quarantine)} bad rows or files, each with its reason: {path}")
