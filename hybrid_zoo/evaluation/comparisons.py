"""Every model against the hybrid: paired differences in AUROC, with p-values by Holm."""

from collections.abc import Mapping

import numpy as np

from hybrid_zoo.evaluation.delong import PairedTest, delong_covariance, paired_test
from hybrid_zoo.evaluation.metrics import auroc_over_folds
from hybrid_zoo.evaluation.obuchowski import obuchowski_covariance
from hybrid_zoo.evaluation.scores import Scores

Comparison = dict[str, float | str]


def compare_with(
    scores: Scores, draws: Mapping[str, np.ndarray], *, against: str = "hybrid"
) -> list[Comparison]:
    """Compare every other model's AUROC with one model's.

    Args:
        scores: The predictions.
        draws: Model to `(resamples,)` AUROCs, paired, from `bootstrap_auroc`
            or `bootstrap_metrics`.
        against: The model that the others are compared with.

    Returns:
        One dict per model: model, against, metric, test, difference (model - against), low, high,
        p and p_holm, adjusted over the models listed.
    """
    others = [model for model in scores.models if model != against]
    test = choose_test(scores)
    rows: list[Comparison] = []
    for model in others:
        used, result = test, _test(scores, model, against, test)
        if np.isnan(result.p):  # no variance, so no normal theory; or several folds
            used, result = "cluster_bootstrap", _bootstrap_test(scores, model, against, draws)
        rows.append(
            {"model": model, "against": against, "metric": "auroc", "test": used}
            | {name: getattr(result, name) for name in ("difference", "low", "high", "p")}
        )
    adjusted = holm(np.array([float(row["p"]) for row in rows]))
    return [row | {"p_holm": float(p)} for row, p in zip(rows, adjusted, strict=True)]


def choose_test(scores: Scores) -> str:
    """Name the test that these predictions allow.

    Args:
        scores: The predictions.

    Returns:
        "cluster_bootstrap" for several folds, several classes or a class held by one patient only;
        "obuchowski" for several samples per patient; else "delong".
    """
    several_folds = len(np.unique(scores.folds)) > 1
    if scores.classes or several_folds or min(_patients_per_class(scores)) < 2:
        return "cluster_bootstrap"
    return "delong" if scores.n_patients == len(scores) else "obuchowski"


def clustered_test(labels: np.ndarray, scores: np.ndarray, patients: np.ndarray) -> PairedTest:
    """Test two AUROCs for a difference where patients give several samples.

    Args:
        labels: `(rows,)` 0 or 1, each in at least two patients.
        scores: `(2, rows)`.
        patients: `(rows,)` the patient of each row.

    Returns:
        First minus second, by Obuchowski's covariance and a t reference.

    Source:
        Obuchowski 1997, Biometrics 53:567. The t reference is our own design, because the normal
        one errs in 7 to 8 % of null studies of 71 patients (benchmarks/clustered_tests.py): its
        degrees of freedom are one less than the effective number of patients, (sum of sizes)^2 /
        (sum of squared sizes) by Kish 1965, in the class that has fewer.
    """
    areas, covariance = obuchowski_covariance(labels, scores, patients)
    effective = min(_effective_number(patients[labels == k]) for k in (0, 1))
    return paired_test(areas, covariance, degrees=max(effective - 1, 1))


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number.

    Args:
        p: `(tests,)` p-values.

    Returns:
        `(tests,)` adjusted p-values, at most 1, in the order given.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


def _test(scores: Scores, model: str, against: str, test: str) -> PairedTest:
    if test == "cluster_bootstrap":
        return PairedTest(*[float("nan")] * 4)
    pair = np.stack([scores.probabilities[model], scores.probabilities[against]])
    if test == "obuchowski":
        return clustered_test(scores.labels, pair, scores.patients)
    return paired_test(*delong_covariance(scores.labels, pair))


def _bootstrap_test(
    scores: Scores, model: str, against: str, draws: Mapping[str, np.ndarray]
) -> PairedTest:
    """Take interval and p-value from the paired resamples; p counts the data as one of them."""
    areas = auroc_over_folds(scores.take(np.arange(len(scores)), (model, against)))
    differences = draws[model] - draws[against]
    differences = np.round(differences[np.isfinite(differences)], 9)  # equal ones are ties
    low, high = np.percentile(differences, [2.5, 97.5])
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    p = min(1.0, 2 * (1 + tail) / (1 + len(differences)))
    return PairedTest(areas[model] - areas[against], float(low), float(high), float(p))


def _effective_number(patients: np.ndarray) -> float:
    """Return how many patients of equal size these rows are worth."""
    sizes = np.unique(patients, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def _patients_per_class(scores: Scores) -> list[int]:
    return [len(np.unique(scores.patients[scores.labels == k])) for k in (0, 1)]
