"""All metrics of one model, for many sets of row weights at once."""

import numpy as np

from hybrid_zoo.evaluation.logistic import fit_lines, fit_offsets
from hybrid_zoo.evaluation.ranking import columns, ranking
from hybrid_zoo.evaluation.scores import Scores

METRICS = (
    "auroc",
    "auprc",
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "brier",
    "calibration_intercept",
    "calibration_slope",
)


def metrics_of(
    scores: Scores, model: str, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Compute every metric of `METRICS` for one model.

    AUROC and average precision are means over the folds, because scores of different folds' models
    do not share a scale; everything else is computed over all rows, with each fold's own threshold.
    A multiclass target gets macro averages (one class against the rest), the summed squared error
    as Brier score, and NaN for calibration.

    Args:
        scores: The predictions.
        model: Which model's.
        weights: `(rows,)` or `(rows, resamples)`, at least 0; all 1 when left out. Their
            precision (float32 or float64) is that of the calculation.

    Returns:
        Metric to `(resamples,)`; NaN where it is undefined.

    Source:
        Equal to scikit-learn's functions with `sample_weight`.
    """
    weights = columns(weights, len(scores))
    probability = scores.probabilities[model]
    area, average = ranking_of(scores, model, weights)
    result = {"auroc": area, "auprc": average}
    if scores.classes:
        result |= _multiclass(scores.labels, probability, weights)
        nothing = np.full(weights.shape[1], np.nan)
        return result | {"calibration_intercept": nothing, "calibration_slope": nothing}
    result |= confusion_metrics(scores.labels, scores.decisions[model], weights)
    result["brier"] = _mean((probability - scores.labels) ** 2, weights)
    logits = to_logits(probability)
    result["calibration_intercept"] = fit_offsets(logits, scores.labels, weights)
    result["calibration_slope"] = fit_lines(logits, scores.labels, weights)[1]
    return result


def ranking_of(scores: Scores, model: str, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUROC and average precision as means over folds and, if multiclass, over classes.

    Args:
        scores: The predictions.
        model: Which model's.
        weights: `(rows, resamples)`, at least 0.

    Returns:
        AUROC and average precision, each `(resamples,)`. Folds and classes without a contrast are
        left out of the means; NaN where none is left.

    Source:
        Forman and Scholz 2010, SIGKDD Explorations 12:49 (average over folds, never pool scores).
    """
    per_fold = []
    for fold in np.unique(scores.folds):
        rows = np.flatnonzero(scores.folds == fold)
        whole = len(rows) == len(scores)  # a hold-out: spare the copy of all weights
        part = weights if whole else weights[rows]
        labels, probability = scores.labels[rows], scores.probabilities[model][rows]
        if not scores.classes:
            per_fold.append(np.stack(ranking(labels, probability, part)))
            continue
        by_class = [
            ranking(labels == k, probability[:, k], part) for k in range(len(scores.classes))
        ]
        per_fold.append(_mean_of_known(np.array(by_class)))
    area, average = _mean_of_known(np.array(per_fold))
    return area, average


def auroc_over_folds(scores: Scores) -> dict[str, float]:
    """Compute each model's AUROC as the mean over folds; of out-of-fold scores, for instance.

    Args:
        scores: The predictions.

    Returns:
        Model to AUROC; NaN where no fold has a contrast of classes.
    """
    ones = columns(None, len(scores))
    return {model: float(ranking_of(scores, model, ones)[0][0]) for model in scores.models}


def confusion_metrics(
    labels: np.ndarray, decisions: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Compute accuracy, precision, recall, specificity and F1 of yes/no decisions.

    Args:
        labels: `(rows,)` 0 or 1.
        decisions: `(rows,)` bool.
        weights: `(rows,)` or `(rows, resamples)`, at least 0; all 1 when left out.

    Returns:
        "accuracy", "precision", "recall", "specificity", "f1" and "npv" (the negative
        predictive value), each `(resamples,)`; NaN where the denominator is 0.

    Source:
        Altman and Bland 1994, BMJ 308:1552 and 309:102; F1 by van Rijsbergen 1979.
    """
    weights = columns(weights, len(labels))
    y, d = np.asarray(labels) == 1, np.asarray(decisions) == 1
    tp, fp, fn, tn = _sums([y & d, ~y & d, y & ~d, ~y & ~d], weights)
    return {
        "accuracy": _ratio(tp + tn, tp + fp + fn + tn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "specificity": _ratio(tn, tn + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "npv": _ratio(tn, tn + fn),
    }


def to_logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the log odds, with probabilities kept 1e-7 away from 0 and 1.

    Args:
        probabilities: Any shape, 0 to 1.

    Returns:
        Log odds of the same shape, within 16.2 of 0.
    """
    p = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def _multiclass(
    labels: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    known = np.arange(probability.shape[1])
    truth = labels[:, None] == known
    guess = probability.argmax(1)[:, None] == known
    n = _sums([np.ones(len(labels), bool)], weights)
    hit, said, true = (_sums(list(x.T), weights) for x in (truth & guess, guess, truth))
    return {
        "accuracy": _mean((truth & guess).any(1), weights),
        "precision": _macro(_ratio(hit, said)),
        "recall": _macro(_ratio(hit, true)),
        "specificity": _macro(_ratio(n - said - true + hit, n - true)),
        "f1": _macro(_ratio(2 * hit, said + true)),
        "brier": _mean(((probability - truth) ** 2).sum(1), weights),
    }


def _macro(by_class: np.ndarray) -> np.ndarray:
    """Return the mean over classes, where an undefined ratio counts 0 as in scikit-learn."""
    return np.nan_to_num(by_class).mean(0)


def _sums(indicators: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return `(indicators, resamples)` total weights; exact for whole weights below 2^24."""
    return np.array(indicators).astype(weights.dtype) @ weights


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (values.astype(weights.dtype) @ weights) / weights.sum(0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean over axis 0 of what is not NaN; NaN where nothing is known."""
    return _ratio(np.nansum(values, axis=0), np.isfinite(values).sum(0))
