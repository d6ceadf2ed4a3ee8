"""Table 1 and its companions: every model of one target, measured."""

from collections.abc import Callable, Mapping
from typing import Any

from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words import against_hybrid
from hybrid_zoo.studies.words_models import GROUPS, group_of, in_order, model_name
from hybrid_zoo.studies.words_numbers import (
    brackets,
    listed,
    number,
    p_value,
    percent,
    signed,
    whole,
)
from hybrid_zoo.studies.words_study import interval_note

Block = Mapping[str, Any]

_AT_THRESHOLD = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall (sensitivity)",
    "specificity": "Specificity",
    "f1": "F1",
}
_OF_PROBABILITIES = {
    "auprc": "AUPRC",
    "brier": "Brier score",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
}
_POINT = {
    "threshold": "Threshold",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
    "npv": "NPV",
}
_EFFORT = ("Configurations", "Fits", "Seconds")


def ranking_table(block: Block, caption: str) -> Table:
    """Make the first half of Table 1: ranking, probabilities, comparison with the hybrid.

    Args:
        block: The target's block of `metrics.json`.
        caption: What the table is.
    """

    def cells(model: str) -> tuple[Cell, ...]:
        measured = block["models"][model]
        return (
            _auroc(measured["auroc"]),
            *_difference(block, model),
            *(_metric(measured, name) for name in _OF_PROBABILITIES),
        )

    return Table(
        caption=caption,
        columns=(
            "Model",
            "AUROC (SD over seeds)",
            "Difference to hybrid",
            "p (Holm)",
            *_OF_PROBABILITIES.values(),
        ),
        parts=_parts(block, cells),
        note=f"{interval_note(block)}{_stack_note(block)}",
    )


def decision_table(block: Block, caption: str) -> Table:
    """Make the second half of Table 1: decisions at the threshold, and what each model cost.

    Args:
        block: The target's block of `metrics.json`.
        caption: What the table is.
    """

    def cells(model: str) -> tuple[Cell, ...]:
        measured = block["models"][model]
        return (*(_metric(measured, name) for name in _AT_THRESHOLD), *_effort(measured))

    return Table(
        caption=caption,
        columns=("Model", *_AT_THRESHOLD.values(), *_EFFORT),
        parts=_parts(block, cells),
        note=_threshold_note(block),
    )


def whole_table(block: Block) -> Table:
    """Make Table 1 in one piece, with intervals for AUROC and the differences only.

    Args:
        block: The target's block of `metrics.json`.
    """
    plain = {**_OF_PROBABILITIES, **_AT_THRESHOLD}

    def cells(model: str) -> tuple[Cell, ...]:
        measured = block["models"][model]
        values = (Cell(number((measured.get(name) or {}).get("value"))) for name in plain)
        return (
            _auroc(measured["auroc"]),
            *_difference(block, model),
            *values,
            *_effort(measured),
        )

    return Table(
        caption="Table 1",
        columns=(
            "Model",
            "AUROC [95 % CI]",
            "Difference to hybrid",
            "p (Holm)",
            *plain.values(),
            *_EFFORT,
        ),
        parts=_parts(block, cells),
        note=f"{interval_note(block)}{_stack_note(block)} {_threshold_note(block)}",
    )


def operating_table(block: Block, caption: str) -> Table | None:
    """Make the table at fixed goals of sensitivity.

    Args:
        block: The target's block of `metrics.json`.
        caption: What the table is.

    Returns:
        The table, or None where there are no operating points (multiclass).
    """
    points = block.get("operating_points")
    if not points:
        return None
    goals = sorted({point["sensitivity_goal"] for point in points})
    goal_names = [f"Goal: sensitivity {number(goal, 2)}" for goal in goals]
    return Table(
        caption=caption,
        columns=("Model", *[*_POINT.values()] * len(goals)),
        spans=(("", 1), *[(name, len(_POINT)) for name in goal_names]),
        parts=_parts(
            block,
            lambda model: _points_of(model, points, goals),
            {point["model"] for point in points},
        ),
        note="Thresholds reach the goal in the out-of-fold predictions of the training part; the "
        "sensitivity shown is what they gave on the scored samples. NPV: negative predictive "
        "value.",
    )


def _points_of(model: str, points: list[Block], goals: list[float]) -> tuple[Cell, ...]:
    found = {p["sensitivity_goal"]: p for p in points if p["model"] == model}
    return tuple(Cell(number(found.get(goal, {}).get(name))) for goal in goals for name in _POINT)


def _parts(
    block: Block, cells: Callable[[str], tuple[Cell, ...]], listed: set[str] | None = None
) -> tuple[Part, ...]:
    models = [m for m in in_order(block["models"]) if listed is None or m in listed]
    groups = {group: [m for m in models if group_of(m) == group] for group in GROUPS}
    return tuple(
        Part(group, tuple(_row(block, model, cells) for model in members))
        for group, members in groups.items()
        if members
    )


def _row(block: Block, model: str, cells: Callable[[str], tuple[Cell, ...]]) -> Row:
    star = " (recommended)" if model == block["recommended"] else ""
    return Row(f"{model_name(model)}{star}", cells(model), strong=model == "hybrid")


def _auroc(metric: Block) -> Cell:
    spread = metric.get("seed_sd")
    sd = "" if spread is None else f" (SD {number(spread)})"
    return Cell(f"{number(metric['value'])}{sd}", brackets(metric))


def _metric(measured: Block, name: str) -> Cell:
    metric = measured.get(name)
    return Cell(number((metric or {}).get("value")), brackets(metric))


def _difference(block: Block, model: str) -> tuple[Cell, Cell]:
    row = against_hybrid(block, model)
    if row is None:
        return Cell("reference" if model == "hybrid" else number(None)), Cell(number(None))
    return Cell(signed(row["difference"]), brackets(row)), Cell(p_value(row["p_holm"]))


def _effort(measured: Block) -> tuple[Cell, ...]:
    seconds = measured.get("seconds")
    # one decimal for the quick ones, or they would read 0
    spent = whole(seconds) if seconds is None or seconds >= 10 else number(seconds, 1)
    return (
        Cell(whole(measured.get("configurations"))),
        Cell(whole(measured.get("fits"))),
        Cell(spent),
    )


def _stack_note(block: Block) -> str:
    weights = block["models"].get("stack", {}).get("weights")
    if not weights:
        return ""
    shares = listed([f"{model_name(member)} {number(w, 2)}" for member, w in weights.items()])
    return f" The stack weighs calibrated logits, fitted out of fold: {shares}."


def _threshold_note(block: Block) -> str:
    if block.get("kind") == "multiclass":
        return (
            "The likeliest class is the decision; precision, recall and F1 are means over classes."
        )
    threshold = block.get("threshold")
    used = f" The hybrid's is {number(threshold)}." if threshold is not None else ""
    return (
        "Every model decides at its own threshold, chosen by the same rule from out-of-fold "
        f"predictions of the training part.{used} Prevalence {percent(block.get('prevalence'))}."
    )
