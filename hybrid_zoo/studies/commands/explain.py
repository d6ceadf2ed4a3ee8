"""`hybrid-zoo explain`: what a finished run's hybrid makes of one patient, as a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
    out: Annotated[
        Path, typer.Option(help="HTML file to write; must not exist. Not with --report.")
    ] = PAGE,
    report: Annotated[
        int | None,
        typer.Option(help="Instead: pages of so many held-out patients, for the report.", min=1),
    ] = None,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Show the id, the site and all words of notes.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(help="Check the methods on this model, once per run: about a minute."),
    ] = True,
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

    asked = _Asked(run, trained, (found, arrays), held_out_of(run), target, check)
    with console.status("Explaining, and checking the methods once" if check else "Explaining"):
        written = (
            _some(asked, report or 0)
            if sample is None
            else _one(asked, sample, out, identifiers=identifiers)
        )
    print_lines(notices(trained, found, arrays))
    console.print(written, markup=False)
    console.print(STATEMENT, markup=False)


class _Asked(NamedTuple):
    """What both kinds of pages are made of."""

    run: Path
    trained: "Trained"
    patients: "tuple[Cohort, CohortArrays]"
    predictions: "pd.DataFrame"
    target: str | None
    check: bool


def _one(asked: _Asked, sample: str, out: Path, *, identifiers: bool) -> str:
    from hybrid_zoo.studies.patient.checked import verdicts
    from hybrid_zoo.studies.patient.page import explain_subject, patient_page
    from hybrid_zoo.studies.patient.subject import find_subject

    subject = find_subject(asked.trained, *asked.patients, sample)
    explanation = explain_subject(subject, asked.target)
    arrays, case = asked.patients[1], explanation.case
    checked = verdicts(asked.run, asked.trained, arrays, case, check=asked.check)
    page = patient_page(
        subject, explanation, asked.predictions, verdicts=checked, identifiers=identifiers
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return f"Wrote {out}. It holds one patient's data: protect it like the source."


def _some(asked: _Asked, count: int) -> str:
    from hybrid_zoo.studies.patient.held_out import write_patients

    names = write_patients(*asked, count)
    return (
        f"Wrote {len(names)} pages to {asked.run / 'patients'}, linked in "
        f"{asked.run / 'report.html'}. "
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
