"""How every figure looks: one palette, on paper and on screen."""

import io
import re
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hybrid_zoo.palette import AXES, BAND, COLOURS, GRID, INK, MUTED

DASHES: tuple[tuple[float, ...], ...] = (
    (6, 2),
    (1.5, 1.5),
    (7, 2, 1.5, 2),
    (3, 1.5),
    (7, 2, 1.5, 2, 1.5, 2),
    (1, 3),
    (12, 3),
    (4, 1.5, 1, 1.5, 1, 1.5, 1, 1.5),
    (2, 4),
    (10, 2, 4, 2),
    (9, 5),
)
MARKERS = "osD^vP*"

_NAMES = {INK: "ink", MUTED: "muted", GRID: "grid", BAND: "band"} | {
    colour: f"c{i}" for i, colour in enumerate(COLOURS)
}
_SETTINGS = AXES | {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "savefig.transparent": False,
}


def style(salt: str) -> AbstractContextManager[None]:
    """Return the settings under which figures are drawn and saved.

    Args:
        salt: The figure's name; it makes the identifiers inside the SVG repeatable.
    """
    return matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": salt})


def line(position: int) -> dict[str, Any]:
    """Return colour and dashes of the n-th line, so that it is told apart in grey too.

    Args:
        position: 0 for the hybrid, which is solid and heavy.
    """
    if position == 0:
        return {"color": COLOURS[0], "lw": 2.6}
    others, behind = COLOURS[1:], position - 1
    return {
        "color": others[behind % len(others)],
        "lw": 1.5,
        "dashes": DASHES[behind % len(DASHES)],
    }


def square(axes: Axes, limit: float = 1.0) -> None:
    """Make both axes run from 0 to the same limit, with the diagonal of chance or perfection.

    Args:
        axes: The axes.
        limit: The upper end.
    """
    margin = 0.012 * limit
    axes.set(xlim=(-margin, limit + margin), ylim=(-margin, limit + margin), aspect="equal")
    axes.plot([0, limit], [0, limit], color=MUTED, lw=0.8, dashes=(4, 3), zorder=1)


def save(figure: Figure, path: Path) -> str:
    """Write a figure as PNG and return it as SVG for a page.

    Args:
        figure: Drawn under `style`.
        path: The PNG to write.

    Returns:
        An `<svg>` element whose colours are CSS variables (`--ink`, `--c0` ...), so that it follows
        the page into the dark, and whose identifiers are unique in the page.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # A name in a script that the PNG's font lacks; the page's own fonts show it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, dpi=200, facecolor="white", metadata={"Software": None})
        figure.set_layout_engine("none")  # the SVG keeps the PNG's: it takes as long as drawing
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _for_page(buffer.getvalue(), path.stem)


def _for_page(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg
    )
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r"font: (?:(\d00) )?([\d.]+px) [^;\"]*", _font, svg)
    for colour, variable in _NAMES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg


def _font(match: re.Match[str]) -> str:
    weight = f"; font-weight: {match[1]}" if match[1] else ""
    return f"font-size: {match[2]}{weight}"
