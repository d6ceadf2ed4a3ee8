"""The application that every command registers with."""

import typer

from hybrid_zoo.studies.statement import STATEMENT

TRYING = "To try it"
PATIENTS = "Your own patients"
"""The two parts of the help."""
USAGE, DATA, ENVIRONMENT = 2, 3, 4
"""Exit codes."""

app = typer.Typer(
    help=f"Models for patients who are more than one kind of data.\n\n{STATEMENT}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
