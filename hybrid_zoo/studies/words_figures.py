"""What each figure shows, for those who read its caption and for those who hear it."""

from collections.abc import Mapping
from typing import Any

from hybrid_zoo.evaluation.verdict import MARGIN
from hybrid_zoo.studies.words_models import in_order, model_name
from hybrid_zoo.studies.words_numbers import number, signed, with_interval

Block = Mapping[str, Any]


def figure_words(block: Block, *, folds: int) -> dict[str, dict[str, str]]:
    """Write heading, caption and text alternative of each figure.

    Args:
        block: The target's block of `metrics.json`.
        folds: How many folds were scored; 1 in a hold-out.

    Returns:
        `heading`, `caption` and `alt` of `roc`, `calibration` and `differences`.
    """
    return {
        "roc": {
            "heading": "Figure 1. ROC curves of all models.",
            "caption": _roc_caption(block, folds),
            "alt": f"ROC curves. AUROC: {_areas(block)}.",
        },
        "calibration": {
            "heading": "Figure 2. Calibration.",
            "caption": "Left: groups of equal size by predicted probability; grey dashes: perfect "
            "calibration; bars: 95 % intervals (Wilson) of the hybrid's groups. Right: where the "
            f"hybrid's predictions lie{_per_class(block)}.",
            "alt": f"Calibration curve. Slope and intercept of the hybrid: {_calibration(block)}.",
        },
        "differences": {
            "heading": "Figure 3. Difference in AUROC of every model to the hybrid.",
            "caption": "Left of zero the hybrid ranks better. Lines: 95 % intervals; band: "
            f"{MARGIN} either way, a difference of no consequence. The majority class is left out.",
            "alt": f"Forest plot of model minus hybrid: {_differences(block)}.",
        },
    }


def _roc_caption(block: Block, folds: int) -> str:
    of_classes = "Mean over one-versus-rest curves of the classes. " * (
        block.get("kind") == "multiclass"
    )
    if folds == 1:
        return f"{of_classes}Grey dashes: chance."
    return (
        f"{of_classes}Each curve is the mean of the curves of {folds} folds at equal false "
        "positive rate; thin lines: the hybrid's folds. Scores of different folds are never pooled."
    )


def _per_class(block: Block) -> str:
    return ", each class taken in turn as the event" if block.get("kind") == "multiclass" else ""


def _areas(block: Block) -> str:
    models = block["models"]
    return "; ".join(
        f"{model_name(model)} {number(models[model]['auroc']['value'])}"
        for model in in_order(models)
    )


def _calibration(block: Block) -> str:
    hybrid = block["models"]["hybrid"]
    names = ("calibration_slope", "calibration_intercept")
    return " and ".join(with_interval(hybrid.get(name)) for name in names)


def _differences(block: Block) -> str:
    return "; ".join(
        f"{model_name(row['model'])} {signed(row['difference'])}" for row in block["comparisons"]
    )
