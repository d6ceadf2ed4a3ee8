"""`hybrid-zoo zoo`: every component with its figures."""

from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer

from hybrid_zoo.studies.commands.app import TRYING, app
from hybrid_zoo.studies.commands.console import console
from hybrid_zoo.studies.quiet import load_tensorflow


@app.command("zoo", rich_help_panel=TRYING)
def zoo(
    markdown: Annotated[
        Path | None, typer.Option(help="Write the table to this Markdown file instead.")
    ] = None,
    time: Annotated[bool, typer.Option(help="Measure milliseconds per sample.")] = True,
) -> None:
    """List every encoder, bag pooling and fusion: parameters, features, speed, source."""
    load_tensorflow()
    from rich.table import Table

    from hybrid_zoo.studies import zoo as listing

    with console.status("Building every component"):
        rows = list(listing.zoo_rows(timed=time))
    if markdown:
        markdown.write_text(listing.markdown(rows), encoding="utf-8")
        console.print(f"Wrote {markdown}.")
        return
    table, kind = Table(), ""
    for name in listing.HEADER[1:]:
        number = name not in ("name", "source")
        table.add_column(name, justify="right" if number else "left")
    room = max(console.width - 65, 15)
    for row in rows:
        if row.kind != kind:
            table.add_section()
            table.add_row(f"[bold]{row.kind}[/bold]")
            kind = row.kind
        *figures, source = listing.cells(row)[1:]
        table.add_row(*figures, shorten(source, room, placeholder=" ..."))
    console.print(table)
