"""The figures of one target: ROC curves, calibration, differences to the hybrid."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from hybrid_zoo.evaluation.verdict import MARGIN
from hybrid_zoo.palette import BAND, COLOURS, INK
from hybrid_zoo.studies.figures_curves import (
    calibration_curve,
    calibration_models,
    mean_roc,
    one_versus_rest,
    roc_per_fold,
)
from hybrid_zoo.studies.figures_style import (
    MARKERS,
    line,
    save,
    square,
    style,
)
from hybrid_zoo.studies.words_models import GROUPS, group_of, in_order, model_name
from hybrid_zoo.studies.words_numbers import brackets, number, signed

Block = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure, ready for the page.

    Args:
        path: The PNG.
        svg: The same as an inline `<svg>`.
    """

    path: Path
    svg: str


def draw_roc(block: Block, rows: pd.DataFrame, path: Path, title: str) -> Picture:
    """Draw the ROC curves of all models, in two panels that share the hybrid.

    Args:
        block: The target's block of `metrics.json`; its AUROCs stand in the legend.
        rows: The target's scored predictions.
        path: The PNG to write.
        title: Of the figure.

    Returns:
        The figure. With several folds each curve is the mean of the folds' curves at equal false
        positive rate, and the hybrid's own folds are thin lines; scores are never pooled.
    """
    models = in_order(block["models"])
    nets = [model for model in models if group_of(model) in GROUPS[:2]]
    others = ["hybrid", *[model for model in models if model not in nets]]
    with style(path.stem):
        figure = Figure(figsize=(9.4, 6.6), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11.5)
        left, right = figure.subplots(1, 2, sharey=True)
        _roc_panel(left, block, rows, nets)
        _roc_panel(right, block, rows, others)
        left.set(title="Networks", ylabel="Sensitivity (true positive rate)")
        right.set(title="Hybrid against simpler models and checks")
        return Picture(path=path, svg=save(figure, path))


def _roc_panel(axes: Axes, block: Block, rows: pd.DataFrame, models: list[str]) -> None:
    square(axes)
    for position, model in enumerate(models):
        cases = one_versus_rest(rows[rows["model"] == model])
        curves = roc_per_fold(cases)
        if len(curves) > 1 and model == "hybrid":
            for false_positive, true_positive in curves:
                axes.plot(false_positive, true_positive, color=COLOURS[0], lw=0.6, alpha=0.25)
        label = f"{number(block['models'][model]['auroc']['value'])}  {model_name(model)}"
        axes.plot(*mean_roc(curves), label=label, zorder=3 - 0.01 * position, **line(position))
    axes.set(xlabel="1 \u2212 specificity (false positive rate)")
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.13),
        title="AUROC",
        alignment="left",
        labelspacing=0.35,
    )


def draw_calibration(block: Block, rows: pd.DataFrame, path: Path, title: str) -> Picture:
    """Draw predicted against observed risk in groups of equal size.

    Args:
        block: The target's block of `metrics.json`.
        rows: The target's scored predictions.
        path: The PNG to write.
        title: Of the figure.

    Returns:
        The figure: the hybrid, the recommended model and the best single modality.
    """
    with style(path.stem):
        figure = Figure(figsize=(9.4, 5.1), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11.5)
        left, right = figure.subplots(1, 2)
        _calibration_panel(left, rows, calibration_models(block))
        _spread_panel(right, one_versus_rest(rows[rows["model"] == "hybrid"]))
        return Picture(path=path, svg=save(figure, path))


def _calibration_panel(axes: Axes, rows: pd.DataFrame, models: list[str]) -> None:
    limit = 0.05
    for position, model in enumerate(models):
        curve = calibration_curve(one_versus_rest(rows[rows["model"] == model]))
        look = line(position) | {"marker": MARKERS[position], "ms": 5.5}
        axes.plot(curve["predicted"], curve["observed"], label=model_name(model), **look)
        shown = ["predicted", "observed"]
        if model == "hybrid":
            axes.vlines(curve["predicted"], curve["low"], curve["high"], color=COLOURS[0], lw=1)
            shown.append("high")
        limit = max(limit, curve[shown].max().max())
    square(axes, min(1.0, np.ceil(limit * 20) / 20))
    axes.set(title="Calibration", xlabel="Predicted probability", ylabel="Observed frequency")
    axes.legend(loc="upper left")


def _spread_panel(axes: Axes, cases: pd.DataFrame) -> None:
    """Draw shares, not counts, so that repeats of a cross-validation do not add patients."""
    edges = np.linspace(0, 1, 21)
    dashed: dict[str, Any] = {"color": COLOURS[1], "lw": 1.5, "ls": (0, (4, 2))}
    solid: dict[str, Any] = {"color": COLOURS[0], "lw": 2.2}
    for event, label, look in ((1, "With the event", solid), (0, "Without", dashed)):
        probabilities = cases.loc[cases["event"] == event, "probability"]
        counts, _ = np.histogram(probabilities, edges)
        axes.stairs(counts / max(len(probabilities), 1), edges, label=label, **look)
    axes.set(title="Predictions of the hybrid", xlabel="Predicted probability", xlim=(0, 1))
    axes.set(ylabel="Share of samples")
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.legend(loc="upper right")


def draw_differences(block: Block, path: Path, title: str) -> Picture:
    """Draw a forest plot of every model's difference in AUROC to the hybrid.

    Args:
        block: The target's block of `metrics.json`.
        path: The PNG to write.
        title: Of the figure.

    Returns:
        The figure; the majority class, always at 0.5, is left out so that the rest can be seen.
    """
    found = {row["model"]: row for row in block["comparisons"] if row["model"] != "majority"}
    models = in_order(found)
    with style(path.stem):
        figure = Figure(figsize=(9.4, 1.6 + 0.34 * len(models)), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11.5)
        axes = figure.subplots()
        axes.axvspan(-MARGIN, MARGIN, color=BAND, zorder=0, lw=0)
        axes.axvline(0, color=INK, lw=1)
        for height, model in enumerate(models):
            _forest_row(axes, height, found[model])
        axes.set_yticks(range(len(models)), [model_name(model) for model in models])
        axes.set(ylim=(len(models) - 0.4, -0.6), xlabel="AUROC, model minus hybrid")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        return Picture(path=path, svg=save(figure, path))


def _forest_row(axes: Axes, height: int, row: Block) -> None:
    colour = COLOURS[GROUPS.index(group_of(row["model"]))]
    marker = MARKERS[GROUPS.index(group_of(row["model"]))]
    axes.hlines(height, row["low"], row["high"], color=colour, lw=1.8)
    axes.plot(row["difference"], height, marker=marker, color=colour, ms=6.5)
    text = f"{signed(row['difference'])} {brackets(row)}"
    axes.text(1.02, height, text, transform=axes.get_yaxis_transform(), va="center", size=9)
