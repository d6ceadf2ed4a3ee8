"""Draw explanations: maps beside their image, series as heat maps, everything else as bars."""

from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Explanation, Result
from hybrid_zoo.palette import AXES, COLOURS, MUTED

MAP = "cividis"
"""Its brightness rises steadily, so that more and less are told apart in grey print too."""
RAISES, LOWERS, *_ = COLOURS
ACROSS = 4
"""Panels beside each other."""
MOST = 10
"""Bars in a panel."""
_SETTINGS = AXES | {"font.size": 9, "axes.titlesize": 9.5}


class Panel(NamedTuple):
    """One picture: method, result, values, and which image or None."""

    method: str
    name: str
    values: np.ndarray
    image: int | None = None


def draw(explanation: Explanation, methods: list[str]) -> Figure:
    """Draw the results of some methods, one panel after the other.

    Args:
        explanation: Of one patient.
        methods: Names.

    Returns:
        The figure.

    Raises:
        ConfigError: For a method that the explanation lacks.
    """
    case = explanation.case
    panels = [panel for name in methods for panel in _panels(name, explanation[name], case)]
    across = min(max(len(panels), 1), ACROSS)
    down = max(-(-len(panels) // across), 1)
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(3.6 * across, 2.9 * down + 0.4), layout="constrained")
        figure.suptitle(_title(explanation), x=0.01, ha="left", weight="bold")
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for ax, panel in zip(axes, panels, strict=False):
            _draw(ax, panel, case)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
    return figure


def _title(explanation: Explanation) -> str:
    name = f"{explanation.target}, logit {explanation.logit:+.2f}"
    if explanation.is_constant:
        return f"{name}: nothing of this patient's changes it"
    return name


def _panels(method: str, result: Result, case: Case) -> list[Panel]:
    """Scalars together in one panel, images one each, all else a panel."""
    single = {name: x for name, x in result.values.items() if not np.ndim(x)}
    panels = [Panel(method, "", np.array(list(single.values())))] if single else []
    for name, x in result.values.items():
        if np.ndim(x) > 2:
            maps = x.sum(axis=-1) if case.has_channels(name, x) else x
            panels += [Panel(method, name, maps[k], k) for k in _shown(maps)]
        elif np.ndim(x):
            panels.append(Panel(method, name, x))
    return panels


def _shown(maps: np.ndarray) -> list[int]:
    """The images that are there."""
    return [k for k, x in enumerate(maps) if np.isfinite(x).any()]


def _draw(ax: Axes, panel: Panel, case: Case) -> None:
    method, part = panel.method.replace("_", " "), panel.name.partition("/")[2]
    title = " ".join(filter(None, [method, panel.name]))
    if panel.image is not None:
        _map(ax, panel, case)
        title += f" {panel.image + 1}"
    elif panel.values.ndim == 2:
        _series(ax, panel, case)
    elif part == "steps" or (not part and panel.name.startswith("sequence")):
        ax.step(np.arange(len(panel.values)), panel.values, where="mid", color=RAISES)
        ax.set(xlabel="step")
    else:
        _bars(ax, panel, case)
    ax.set_title(title)


def _map(ax: Axes, panel: Panel, case: Case) -> None:
    """The image in grey on the left and the map on the right, of a volume the strongest slice."""
    image, found = case.sample[panel.name][0, panel.image].mean(axis=-1), panel.values
    if found.ndim == 3:
        deepest = int(np.nanargmax(np.nanmax(abs(found), axis=(1, 2))))
        image, found = image[deepest], found[deepest]
    height, width = found.shape
    ax.imshow(image, cmap="gray", extent=(0, width, height, 0))
    limits = _limits(found)
    shown = ax.imshow(found, cmap=MAP, extent=(1.05 * width, 2.05 * width, height, 0), **limits)
    ax.set(xlim=(0, 2.05 * width), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ticks = MaxNLocator(3)
    ax.figure.colorbar(shown, ax=ax, orientation="horizontal", shrink=0.7, pad=0.03, ticks=ticks)


def _series(ax: Axes, panel: Panel, case: Case) -> None:
    limits = _limits(panel.values)
    shown = ax.imshow(panel.values.T, cmap=MAP, aspect="auto", interpolation="nearest", **limits)
    names = case.columns(panel.name)
    ax.set(xlabel="step", yticks=range(len(names)), yticklabels=names)
    ax.figure.colorbar(shown, ax=ax, shrink=0.9)


def _limits(x: np.ndarray) -> dict[str, Any]:
    """As far below 0 as above it, where anything is below."""
    highest = float(np.nanmax(abs(x))) or 1.0
    return {"vmin": -highest if np.nanmin(x) < 0 else 0.0, "vmax": highest}


def _bars(ax: Axes, panel: Panel, case: Case) -> None:
    """The largest values, the largest on top; what lowers the logit is hatched too."""
    names = _names(panel, case)
    seen = np.flatnonzero(np.isfinite(panel.values))
    order = seen[np.argsort(-abs(panel.values[seen]), kind="stable")][:MOST][::-1]
    values = panel.values[order]
    bars = ax.barh(range(len(order)), values, color=np.where(values < 0, LOWERS, RAISES))
    for bar, value in zip(bars, values, strict=True):
        bar.set_hatch("///" if value < 0 else "")
        bar.set_edgecolor("white")
    ax.axvline(0, color=MUTED, lw=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set(yticks=range(len(order)), yticklabels=[names[k] for k in order])


def _names(panel: Panel, case: Case) -> list[str]:
    modality = panel.name.partition("/")[0]
    if not modality:
        return case.present
    if modality.startswith(("image", "volume")):
        return [f"{modality.partition('_')[0]} {k + 1}" for k in range(len(panel.values))]
    if modality.startswith("tokens"):
        return [f"word {k + 1}" for k in range(len(panel.values))]
    return list(case.columns(modality))
