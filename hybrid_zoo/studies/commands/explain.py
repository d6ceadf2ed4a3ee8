"""`hybrid-zoo explain`: what a finished run's hybrid makes of one patient, as a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Overwrite, Run
from hybrid_zoo.studies.commands.console import console, print_lines, read_for, refuse_existing
from hybrid_zoo.studies.statement import STATEMENT

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_zoo.pipelines.arrays import CohortArrays
    from hybrid_zoo.pipelines.cohort import Cohort
    from hybrid_zoo.studies.trained import Trained

PAGE = Path("explanation.html")
"""Where a page goes unasked: its name does not tell whose it is."""


@app.command("explain", rich_help_panel=PATIENTS)
def explain(
    run: Run,
    cohort: Annotated[Path, typer.Argument(help="Folder of the patients' tables.")],
    sample: Annotated[str | None, typer.Option(help="sample_id of the patient.")] = None,
    target: Annotated[
        str | None, typer.Option(help="What to explain; the run's first target.")
    ] = None,
    out: Annotated[Path, typer.Option(help="HTML file to write; must not exist.")] = PAGE,
    report: Annotated[
        int | None,
        typer.Option(help="Instead: pages of so many held-out patients, for the report.", min=1),
    ] = None,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Show the id, the site and all words of notes.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Explain one patient by a finished run's hybrid, on a page that needs nothing else.

    The risk, how such patients fared, what was missing, and what contributes: kinds of data, places
    in images, hours, values, words. Labels and cohort.yaml are not needed. The page holds the
    patient's data, but no id.

    --report N writes pages of N held-out patients of the run to RUN/patients, and links them in its
    report; COHORT is the run's own then.
    """
    _check(sample, report, identifiers=identifiers)
    refuse_existing(out if report is None else run / "patients", overwrite=overwrite)
    trained, found, arrays = read_for(run, cohort)
    from hybrid_zoo.studies.new_patients import notices
    from hybrid_zoo.studies.patient.risk import held_out_of

    known = held_out_of(run)
    with console.status("Explaining"):
        if sample is not None:
            written = _one(trained, (found, arrays), known, sample, target, out, identifiers)
        else:
            written = _some(trained, (found, arrays), known, run, target, report or 0)
    print_lines(notices(trained, found, arrays))
    console.print(written, markup=False)
    console.print(STATEMENT, markup=False)


def _one(
    trained: "Trained",
    patients: "tuple[Cohort, CohortArrays]",
    known: "pd.DataFrame",
    sample: str,
    target: str | None,
    out: Path,
    identifiers: bool,
) -> str:
    from hybrid_zoo.studies.patient.page import explain_subject, patient_page
    from hybrid_zoo.studies.patient.subject import find_subject

    subject = find_subject(trained, *patients, sample)
    explanation = explain_subject(subject, target)
    page = patient_page(subject, explanation, known, identifiers=identifiers)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return f"Wrote {out}. It holds one patient's data: protect it like the source."


def _some(
    trained: "Trained",
    patients: "tuple[Cohort, CohortArrays]",
    known: "pd.DataFrame",
    run: Path,
    target: str | None,
    count: int,
) -> str:
    from hybrid_zoo.studies.patient.held_out import write_patients

    names = write_patients(run, trained, patients, known, target, count)
    return (
        f"Wrote {len(names)} pages to {run / 'patients'}, linked in {run / 'report.html'}. "
        "They hold single patients' data: protect them like the source."
    )


def _check(sample: str | None, report: int | None, *, identifiers: bool) -> None:
    if (sample is None) == (report is None):
        raise ConfigError(
            "explain takes --sample ID, the patient to explain, or --report N, pages of so many "
            f"held-out patients; got {'neither' if sample is None else 'both'}."
        )
    if report is not None and identifiers:
        raise ConfigError("--identifiers goes with --sample: pages beside a report hold no id.")
