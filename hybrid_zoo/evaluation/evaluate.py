"""One door to a target's evaluation: metrics, comparisons, verdict."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.bootstrap import (
    Interval,
    bootstrap_metrics,
    draw_resamples,
    interval,
)
from hybrid_zoo.evaluation.comparisons import compare_with
from hybrid_zoo.evaluation.metrics import METRICS, auroc_over_folds, metrics_of
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.verdict import judge


def evaluate(
    scores: Scores,
    *,
    out_of_fold_auroc: Mapping[str, float],
    singles: tuple[str, ...],
    seed: int = 0,
    resamples: int = 2000,
) -> dict[str, Any]:
    """Measure all models on one target and judge whether fusing helped.

    Args:
        scores: The predictions, "hybrid" among the models.
        out_of_fold_auroc: Model to cross-validated AUROC in the training part.
        singles: The single-modality nets that are present.
        seed: The random state of the resamples.
        resamples: Patient resamples.

    Returns:
        The target's block of `metrics.json`: `models` (each metric `{"value", "low", "high"}`, None
        where undefined), `comparisons`, `verdict`, `flags`, `recommended`, `best_single`, `simpler`
        (models behind the flag `simpler_model`), `bootstrap` (resamples, redrawn, incomplete),
        `kind` and `classes`.

    Raises:
        ConfigError: If the hybrid is missing, or no model has a contrast of classes to rank.
    """
    auroc = _checked_auroc(scores)
    drawn = draw_resamples(scores, resamples=resamples, seed=seed)
    draws = bootstrap_metrics(scores, drawn)
    comparisons = compare_with(scores, {m: of_model["auroc"] for m, of_model in draws.items()})
    judged = judge(comparisons, auroc, out_of_fold_auroc, singles)
    return {
        "kind": "multiclass" if scores.classes else "binary",
        "classes": list(scores.classes),
        "models": {model: with_intervals(scores, model, draws[model]) for model in scores.models},
        "comparisons": comparisons,
        "verdict": judged.verdict,
        "flags": list(judged.flags),
        "simpler": list(judged.simpler),
        "recommended": judged.recommended,
        "best_single": judged.best_single,
        "bootstrap": {
            "resamples": resamples,
            "redrawn": drawn.redrawn,
            "incomplete": drawn.incomplete,
        },
    }


def _checked_auroc(scores: Scores) -> dict[str, float]:
    if "hybrid" not in scores.models:
        raise ConfigError(f"evaluate: no model named 'hybrid' among {list(scores.models)}.")
    auroc = auroc_over_folds(scores)
    if not np.isfinite(auroc["hybrid"]):
        raise ConfigError("evaluate: the scored rows hold one class only; AUROC does not exist.")
    return auroc


def with_intervals(
    scores: Scores, model: str, draws: Mapping[str, np.ndarray]
) -> dict[str, Interval]:
    """Compute every metric of one model with its interval.

    Args:
        scores: The predictions.
        model: Which model's.
        draws: Metric to `(resamples,)` values, from `bootstrap_metrics`.
    """
    values = metrics_of(scores, model)
    return {name: interval(float(values[name][0]), draws[name]) for name in METRICS}
