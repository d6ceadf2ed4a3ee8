"""`hybrid-zoo predict`: scores for patients whose outcome is not known."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import PATIENTS, app
from hybrid_zoo.studies.commands.arguments import Overwrite, Run
from hybrid_zoo.studies.commands.console import (
    console,
    print_lines,
    read_for,
    refuse_existing,
    write_quarantine,
)
from hybrid_zoo.studies.statement import STATEMENT


@app.command("predict", rich_help_panel=PATIENTS)
def predict(
    run: Run,
    cohort: Annotated[Path, typer.Argument(help="Folder of the patients' tables.")],
    out: Annotated[Path, typer.Option(help="CSV file to write; must not exist.")],
    overwrite: Overwrite = False,
) -> None:
    """Score patients with a finished run's hybrid; labels and cohort.yaml are not needed.

    The tables have the names and columns of the run's own. OUT holds patient-level data.
    """
    refuse_existing(out, overwrite=overwrite)
    trained, found, arrays = read_for(run, cohort)
    from hybrid_zoo.studies import new_patients  # TensorFlow, which is loaded quietly by now

    with console.status(f"Predicting {len(arrays)} samples"):
        table = new_patients.predict(trained, arrays)
    out.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, index=False)
    print_lines(new_patients.notices(trained, found, arrays))
    write_quarantine(found.quarantine, out.with_name(f"{out.stem}.quarantine.csv"))
    console.print(f"Wrote {out}: {len(arrays)} samples. It needs the cohort's protection.")
    console.print(STATEMENT, markup=False)
