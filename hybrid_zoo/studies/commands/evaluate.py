"""`hybrid-zoo evaluate`: a finished run's model on patients of another hospital."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Run
from hybrid_zoo.studies.commands.console import (
    bar,
    console,
    print_lines,
    print_table,
    write_quarantine,
)
from hybrid_zoo.studies.quiet import load_tensorflow
from hybrid_zoo.studies.statement import STATEMENT

if TYPE_CHECKING:
    from hybrid_zoo.studies.known_patients import Parts


@app.command("evaluate", rich_help_panel=PATIENTS)
def evaluate(
    run: Run,
    cohort: Annotated[Path, typer.Argument(help="Folder of tables with known outcomes.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write numbers, predictions and a page to.")
    ] = None,
    other_patients: Annotated[
        bool,
        typer.Option("--other-patients", help="Ids that the run has, too, are other people here."),
    ] = False,
) -> None:
    """Measure a finished run's hybrid, as it is, on patients whose outcomes are known.

    Discrimination, calibration, and beside it what recalibration would mend; by subgroup. Patients
    that the run was trained on are left out, and where only those are there the scores are headed
    "apparent". The run's own test part gets the study's numbers. cohort.yaml is not needed.
    """
    if out is not None and out.exists():
        raise ConfigError(f"{out} exists. Choose another --out.")
    with console.status("Loading TensorFlow"):
        load_tensorflow()
        from hybrid_zoo.studies import external, known_patients, new_patients
        from hybrid_zoo.studies.external_page import write_evaluation
        from hybrid_zoo.studies.trained import read_trained

        trained = read_trained(run)
    with bar("Checking images") as update:
        found, arrays = new_patients.read_labelled(trained, cohort, update)
    parts = known_patients.find_parts(trained, arrays, other_patients=other_patients)
    with console.status(f"Scoring {len(arrays)} samples"):
        predictions = trained.predict(arrays)
        measured = {
            part: external.measure(trained, found, arrays, predictions, rows)
            for part, rows in parts.rows.items()
        }
    notices = [*new_patients.notices(trained, found, arrays), *parts.notices]
    print_evaluation(measured, parts, notices)
    if out is not None:
        write_evaluation(out, trained, arrays, parts, measured, predictions, notices)
        write_quarantine(found.quarantine, out / "quarantine.csv")
        console.print(f"Page: {out / 'evaluation.html'}. The folder holds patient-level data.")
    console.print(STATEMENT, markup=False)


def print_evaluation(
    measured: dict[str, dict[str, Any]], parts: "Parts", notices: list[str]
) -> None:
    """Print an evaluation.

    Args:
        measured: Part to what `measure` returned.
        parts: From `find_parts`.
        notices: What was odd about the patients.
    """
    from hybrid_zoo.studies.external_words import HEADINGS, models_table, part_in_words

    print_lines(notices)
    for part, blocks in measured.items():
        console.print(f"\n[bold]{HEADINGS[part]}[/bold]")
        for target, block in blocks.items():
            print_lines(part_in_words(part, target, block))
            print_table(models_table(block, target))
    if parts.left_out:
        console.print(f"{parts.left_out} samples of patients that the run was trained on: left out")
