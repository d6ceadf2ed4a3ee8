"""The section of a report, or a page of its own, on what a search did."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hybrid_zoo import __version__
from hybrid_zoo.studies.figures_search import draw_learning, draw_parameters
from hybrid_zoo.studies.pages import page_template
from hybrid_zoo.studies.search_files import Search, read_search
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables_search import trials_table
from hybrid_zoo.studies.words_models import model_name
from hybrid_zoo.studies.words_search import learning_words, parameter_words, search_in_words


def write_search_page(
    folder: str | Path, *, title: str = "Search", simulated: bool = False
) -> Path:
    """Write what a search did as a page that needs nothing else.

    Args:
        folder: Written by `CrossValidatedTuner.write_report`; only its files are read.
        title: Of the page.
        simulated: Whether the data are: title, figures and their files then say so.

    Returns:
        The path of `search.html`. Beside it `figures/*.png` are written.

    Raises:
        ConfigError: If it is no such folder.
    """
    folder = Path(folder)
    found = {"": [read_search(folder)]}
    section = search_section(found, folder / "figures", simulated=simulated) or {}
    page = page_template("search.html.j2").render(
        title=f"{title} (simulated)" if simulated else title,
        simulated=simulated,
        version=__version__,
        statement=STATEMENT,
        search=section | {"title": "Trials and learning curves"},
    )
    path = folder / "search.html"
    path.write_text(page, encoding="utf-8")
    return path


def search_section(
    searches: Mapping[str, Sequence[Search]], figures: Path, *, simulated: bool
) -> dict[str, Any] | None:
    """Make what the templates show of searches.

    Args:
        searches: Network to its searches, one per round.
        figures: Folder for the PNGs, made if need be.
        simulated: Whether the data are.

    Returns:
        Title and, per network, words, table and figures; None without any search.
    """
    if not searches:
        return None
    figures.mkdir(exist_ok=True)
    tried = any(
        len(s.trials) + s.summary["untried"] > 1 for found in searches.values() for s in found
    )
    ending = " (simulated)" if simulated else ""
    return {
        "title": f"{'Search' if tried else 'Training of the networks'}{ending}",
        "networks": [
            _network(name, found, figures, ending=ending) for name, found in searches.items()
        ],
    }


def _network(name: str, found: Sequence[Search], figures: Path, *, ending: str) -> dict[str, Any]:
    """The tables hold all rounds; the figures the first one, or they would fill the page."""
    of = f", {model_name(name)}" if name else ""
    first = found[0]
    of_round = f" in round {first.round}" if len(found) > 1 else ""
    file = f"{name or 'trials'}{'-simulated' if ending else ''}.png"
    drawn = {
        "search": draw_parameters(
            first, figures / f"search-{file}", f"Score by parameter{of_round}{of}{ending}"
        ),
        "learning": draw_learning(
            first, figures / f"learning-{file}", f"Learning curves{of_round}{of}{ending}"
        ),
    }
    words = {"search": parameter_words, "learning": learning_words}
    return {
        "id": name or "trials",
        "heading": model_name(name) if name else "",
        "words": search_in_words(found),
        "table": trials_table(found, f"Trials{of}{ending}"),
        "figures": [
            {"id": picture.path.stem, "svg": picture.svg, **words[kind](first)}
            for kind, picture in drawn.items()
            if picture is not None
        ],
    }
