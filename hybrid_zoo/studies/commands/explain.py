"""`hybrid-zoo explain`: what a finished run's hybrid makes of one patient, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Overwrite, Run
from hybrid_zoo.studies.commands.console import (
    bar,
    console,
    print_lines,
    refuse_existing,
)
from hybrid_zoo.studies.quiet import load_tensorflow
from hybrid_zoo.studies.statement import STATEMENT

PAGE = Path("explanation.html")


@app.command("explain", rich_help_panel=PATIENTS)
def explain(
    run: Run,
    cohort: Annotated[Path, typer.Argument(help="Folder of the patients' tables.")],
    sample: Annotated[str, typer.Option(help="sample_id of the patient.")],
    target: Annotated[
        str | None, typer.Option(help="What to explain; the run's first target.")
    ] = None,
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = PAGE,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Show the id, the site and all words of notes.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Explain one patient by a finished run's hybrid, on a page that needs nothing else.

    The risk and how such patients fared, what was missing, and what contributes: kinds of data,
    places in images, hours, values, words. Labels and cohort.yaml are not needed. The page holds
    one patient's data, without the id.
    """
    refuse_existing(out, overwrite=overwrite)
    with console.status("Loading TensorFlow"):
        load_tensorflow()
        from hybrid_zoo.studies import new_patients
        from hybrid_zoo.studies.patient.page import explain_subject, patient_page
        from hybrid_zoo.studies.patient.risk import held_out
        from hybrid_zoo.studies.patient.subject import find_subject
        from hybrid_zoo.studies.report_files import read_run
        from hybrid_zoo.studies.trained import read_trained

        trained = read_trained(run)
    with bar("Checking images") as update:
        found, arrays = new_patients.read_new_patients(trained, cohort, update)
    subject = find_subject(trained, found, arrays, sample)
    with console.status("Explaining"):
        explanation = explain_subject(subject, target)
        page = patient_page(
            subject, explanation, held_out(read_run(run).predictions), identifiers=identifiers
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    print_lines(new_patients.notices(trained, found, arrays))
    console.print(f"Wrote {out}. It holds one patient's data: protect it like the source.")
    console.print(STATEMENT, markup=False)
