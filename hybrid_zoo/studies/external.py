"""Measure a finished run's model, as it is, on patients with known outcomes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import expit

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.bootstrap import Resamples, bootstrap_metrics, draw_resamples, interval
from hybrid_zoo.evaluation.calibration import (
    apply_recalibration,
    apply_temperature,
    fit_recalibration,
    fit_temperature,
)
from hybrid_zoo.evaluation.evaluate import with_intervals
from hybrid_zoo.evaluation.logistic import fit_offsets
from hybrid_zoo.evaluation.metrics import to_logits
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.subgroups import subgroup_table
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.scoring import report_levels
from hybrid_zoo.studies.trained import Trained
from hybrid_zoo.tuning.folds import Parts, make_folds

FOLDS = 5
HYBRID, IN_THE_LARGE, RECALIBRATED = "hybrid", "recalibrated_in_the_large", "recalibrated"


def measure(
    trained: Trained,
    cohort: Cohort,
    arrays: CohortArrays,
    predictions: Mapping[str, np.ndarray],
    rows: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """Measure one part of the patients.

    Args:
        trained: The run.
        cohort: The patients.
        arrays: The same as arrays.
        predictions: From `trained.predict`.
        rows: `(rows,)` positions of the part.

    Returns:
        Target to its block, of targets with at least one known label: counts, `models` (the hybrid
        as it is, and recalibrated to these patients, with every metric and its interval),
        `observed_expected`, `recalibration` and `subgroups`.

    Source:
        Steyerberg and Vergouwe 2014, Eur Heart J 35:1925 (calibration in the large, slope,
        discrimination); Van Calster et al. 2019, BMC Med 17:230, for recalibration beside it.
    """
    found = {}
    for target, labels in arrays.labels.items():
        known = rows[np.isfinite(labels[rows])]
        if len(known):
            found[target] = _block(trained, cohort, arrays, target, predictions[target], known)
    return found


def _block(
    trained: Trained,
    cohort: Cohort,
    arrays: CohortArrays,
    target: str,
    predicted: np.ndarray,
    rows: np.ndarray,
) -> dict[str, Any]:
    run = trained.metrics["targets"][target]
    scores, recalibration = scores_beside(arrays, target, predicted[rows], rows, run["threshold"])
    seed, resamples = trained.settings["seed"], trained.settings["resamples"]
    drawn = draw_resamples(scores, resamples=resamples, seed=seed)
    draws = bootstrap_metrics(scores, drawn)
    levels = report_levels(cohort, arrays, rows)
    return {
        **_counts(scores),
        "prevalence_of_the_study": run.get("prevalence"),
        "threshold": run["threshold"],
        "models": {model: with_intervals(scores, model, draws[model]) for model in scores.models},
        "observed_expected": None if scores.classes else _observed_expected(scores, drawn),
        "recalibration": recalibration,
        "subgroups": subgroup_table(scores, levels, resamples=resamples, seed=seed),
    }


def _counts(scores: Scores) -> dict[str, Any]:
    binary = not scores.classes
    return {
        "kind": "binary" if binary else "multiclass",
        "classes": list(scores.classes),
        "n": len(scores),
        "n_patients": scores.n_patients,
        "events": int(scores.labels.sum()) if binary else None,
        "prevalence": float(scores.labels.mean()) if binary else None,
    }


def scores_beside(
    arrays: CohortArrays,
    target: str,
    probabilities: np.ndarray,
    rows: np.ndarray,
    threshold: float | None,
) -> tuple[Scores, dict[str, Any]]:
    """The hybrid as it is and recalibrated, and how; without the latter where it cannot be fitted.

    Recalibrated probabilities are those of other patients' fits, in folds by patient.
    """
    labels, patients = arrays.labels[target][rows], arrays.patient_ids[rows]
    models = {HYBRID: probabilities}
    recalibration: dict[str, Any] = {}
    try:
        folds = make_folds({target: labels}, patients, FOLDS)
    except ConfigError as error:
        recalibration["not_fitted"] = str(error)
    else:
        for name, fit in (_LINES if probabilities.ndim == 1 else _TEMPERATURE).items():
            models[name] = _cross_fitted(fit, probabilities, labels, folds)
            recalibration[name] = fit(probabilities, labels)[0]
    decisions = {} if threshold is None else {m: p >= threshold for m, p in models.items()}
    scores = Scores(
        labels=labels,
        patients=patients,
        samples=arrays.sample_ids[rows],
        folds=np.zeros(len(rows), dtype=int),
        probabilities=models,
        decisions=decisions,
        classes=tuple(arrays.classes.get(target) or ()),
    )
    return scores, recalibration


def _cross_fitted(
    fit: Callable, probabilities: np.ndarray, labels: np.ndarray, folds: Parts
) -> np.ndarray:
    """Recalibrate each fold by a fit on the others."""
    recalibrated = np.empty_like(probabilities)
    for others, fold in folds:
        _, apply = fit(probabilities[others], labels[others])
        recalibrated[fold] = apply(probabilities[fold])
    return recalibrated


def _intercept(probabilities: np.ndarray, labels: np.ndarray):
    logits = to_logits(probabilities)
    shift = float(fit_offsets(logits, labels, np.ones((len(labels), 1)))[0])
    return {"slope": 1.0, "intercept": shift}, lambda p: expit(to_logits(p) + shift)


def _line(probabilities: np.ndarray, labels: np.ndarray):
    slope, intercept = fit_recalibration(to_logits(probabilities), labels)
    found = {"slope": slope, "intercept": intercept}
    return found, lambda p: apply_recalibration(to_logits(p), slope, intercept)


def _temperature(probabilities: np.ndarray, labels: np.ndarray):
    temperature = fit_temperature(np.log(np.clip(probabilities, 1e-7, 1)), labels)
    return {"temperature": temperature}, lambda p: apply_temperature(
        np.log(np.clip(p, 1e-7, 1)), temperature
    )


_LINES = {IN_THE_LARGE: _intercept, RECALIBRATED: _line}
_TEMPERATURE = {RECALIBRATED: _temperature}


def _observed_expected(scores: Scores, drawn: Resamples) -> dict[str, float | None]:
    """Events per predicted event, with its interval."""
    y, p = scores.labels, scores.probabilities[HYBRID]
    draws = [(y @ weights) / (p @ weights) for weights in drawn.chunks()]
    return interval(float(y.sum() / p.sum()), np.concatenate(draws))
