"""The figures of a search: the score against each parameter, and learning curves per fold."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from hybrid_zoo.palette import COLOURS, MUTED
from hybrid_zoo.studies.figures import Picture
from hybrid_zoo.studies.figures_style import save, style
from hybrid_zoo.studies.search_files import MOST, Search, best_epoch, parameter_name
from hybrid_zoo.studies.words_search import objective_name

_COLUMNS = 3
_SPREAD: dict[str, Any] = {"color": MUTED, "lw": 0.9, "alpha": 0.6}
_CHOSEN: dict[str, Any] = {"marker": "*", "color": COLOURS[1], "ms": 12, "ls": "none"}
_LOOKS: dict[str, dict[str, Any]] = {
    "whole": {"label": "All folds", "marker": "o", "color": COLOURS[0], "ms": 5.5, "ls": "none"},
    "stopped": {
        "label": "Stopped: expected score",
        "marker": "s",
        "color": MUTED,
        "ms": 5,
        "mfc": "none",
        "ls": "none",
    },
}
_BEST: dict[str, Any] = {"marker": "o", "color": COLOURS[0], "ms": 6, "ls": "none"}
_LOSSES: dict[str, tuple[str, dict[str, Any]]] = {
    "loss": ("Training loss", {"color": COLOURS[1], "lw": 1.5, "ls": (0, (4, 2))}),
    "val_loss": ("Validation loss", {"color": COLOURS[0], "lw": 2.2}),
}


def draw_parameters(search: Search, path: Path, title: str) -> Picture | None:
    """Draw the score of every trial against each parameter that was varied.

    Args:
        search: A finished search.
        path: The PNG to write.
        title: Of the figure.

    Returns:
        The figure; None if no parameter had two values.
    """
    names = search.drawn
    if not names:
        return None
    with style(path.stem):
        figure, panels = _panels(len(names), title, height=2.5)
        for axes, name in zip(panels, names, strict=True):
            _against(axes, search, name)
        for axes in panels[::_COLUMNS]:
            axes.set_ylabel(objective_name(search.summary["objective"]))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
        return Picture(path=path, svg=save(figure, path))


def draw_learning(search: Search, path: Path, title: str) -> Picture | None:
    """Draw training and validation loss of the chosen trial, a panel per fold.

    Args:
        search: A finished search.
        path: The PNG to write.
        title: Of the figure.

    Returns:
        The figure; None if nothing was chosen, or its learning curves were not kept.
    """
    folds = search.chosen_folds[:MOST]
    if not folds:
        return None
    with style(path.stem):
        figure, panels = _panels(len(folds), title, height=2.3)
        longest = max(len(rows) for _, rows in folds)
        for axes, (number, rows) in zip(panels, folds, strict=True):
            _curves(axes, rows)
            axes.set(title=f"Fold {number}", xlabel="Epoch", xlim=(0.5, longest + 0.5))
        for axes in panels[::_COLUMNS]:
            axes.set_ylabel("Loss")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
        return Picture(path=path, svg=save(figure, path))


def _panels(count: int, title: str, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with some panels, whose scores or losses can be compared across."""
    rows = -(-count // _COLUMNS)
    figure = Figure(figsize=(9.4, 1.0 + height * rows), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11.5)
    grid = figure.subplots(rows, min(count, _COLUMNS), sharey=True, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.remove()
    return figure, list(grid[:count])


def _against(axes: Axes, search: Search, name: str) -> None:
    """Draw the trials that have a score: one without the parameter has no place on its axis."""
    trials = search.trials.dropna(subset=["score", name])
    places = _scale(axes, trials[name], log=search.log(name))
    spread = trials["sd"].fillna(0)
    axes.vlines(places, trials["score"] - spread, trials["score"] + spread, **_SPREAD)
    for status, look in _LOOKS.items():
        these = trials["status"] == status
        if (search.trials["status"] == status).any():
            axes.plot(places[these], trials["score"][these], **look)
    chosen = trials.index == search.best
    axes.plot(places[chosen], trials["score"][chosen], label="Chosen", zorder=4, **_CHOSEN)
    axes.set(title=parameter_name(name))


def _scale(axes: Axes, values: pd.Series, *, log: bool) -> pd.Series:
    """Set an axis up for a parameter, and return where on it each value stands."""
    if is_bool_dtype(values) or not is_numeric_dtype(values):
        return _names(axes, values.astype(str))
    axes.margins(x=0.08)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif len(few := {float(f"{value:g}") for value in values}) <= 4:  # 0.1 + 0.2 is 0.3 here
        axes.set_xticks(sorted(few))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=bool((values % 1 == 0).all())))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return values


def _names(axes: Axes, values: pd.Series) -> pd.Series:
    """Give each name a place, and the trials there a little room beside each other."""
    names = sorted(values.unique())
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    if sum(map(len, names)) > 24:
        axes.tick_params(axis="x", rotation=30)
    same = values.groupby(values)
    beside = same.cumcount() - (same.transform("size") - 1) / 2
    return values.map(names.index) + beside * min(0.12, 0.6 / same.size().max())


def _curves(axes: Axes, rows: pd.DataFrame) -> None:
    for name, (label, look) in _LOSSES.items():
        known = rows[rows[name].notna()] if name in rows else rows[:0]
        dot = "." if len(known) == 1 else None  # a line of one point cannot be seen
        axes.plot(known["epoch"], known.get(name, known["epoch"]), label=label, marker=dot, **look)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if best := best_epoch(rows):
        axes.plot(*best, label="Best epoch", **_BEST)
