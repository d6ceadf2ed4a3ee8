import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.calibration import (
    apply_recalibration,
    apply_temperature,
    fit_recalibration,
    fit_temperature,
)
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.thresholds import (
    best_f1_threshold,
    operating_points,
    threshold_at_sensitivity,
)


def make_logits(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=rows) + 2
    return logits, (rng.uniform(size=rows) < 1 / (1 + np.exp(2 - logits / 2))).astype(int)


def test_recalibration_equals_an_unpenalised_logistic_regression():
    logits, labels = make_logits()
    expected = LogisticRegression(C=np.inf, tol=1e-10).fit(logits[:, None], labels)
    slope, intercept = fit_recalibration(logits, labels)
    assert slope == pytest.approx(expected.coef_[0, 0], abs=1e-4)
    assert intercept == pytest.approx(expected.intercept_[0], abs=1e-4)
    assert apply_recalibration(logits, slope, intercept).mean() == pytest.approx(labels.mean())


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_separable_logits_keep_a_finite_slope_at_any_scale(scale):
    labels = np.arange(50) // 25
    slope, intercept = fit_recalibration(scale * np.linspace(-3, 3, 50), labels)
    p = apply_recalibration(scale * np.linspace(-3, 3, 50), slope, intercept)
    assert 2 < slope * scale < 6 and (np.diff(p) > 0).all()
    assert log_loss(labels, p) < 0.1


def test_a_model_that_ranks_backwards_keeps_its_ranks_and_gets_the_prevalence():
    logits, labels = make_logits()
    slope, intercept = fit_recalibration(logits, 1 - labels)
    p = apply_recalibration(logits, slope, intercept)
    assert slope > 0 and p.mean() == pytest.approx(1 - labels.mean(), abs=1e-6)
    assert (np.argsort(p) == np.argsort(logits)).all() and np.ptp(p) < 0.05


@pytest.mark.parametrize(("labels", "expected"), [([0, 0, 1, 1, 1], 0.6), ([0] * 5, 0.5 / 6)])
def test_logits_or_labels_that_do_not_vary_give_the_prevalence(labels, expected):
    slope, intercept = fit_recalibration(np.full(5, -7.0), labels)
    assert slope == 1
    assert apply_recalibration(-7.0, slope, intercept) == pytest.approx(expected)


def test_one_wild_logit_does_not_break_the_fit():
    logits, labels = make_logits()
    logits[0] = 1e5
    slope, intercept = fit_recalibration(logits, labels)
    assert slope > 0 and np.isfinite(intercept)
    assert apply_recalibration(logits, slope, intercept)[1:].mean() == pytest.approx(
        labels.mean(), abs=0.01
    )


def test_recalibration_refuses_unknown_labels():
    with pytest.raises(ConfigError, match="Leave unknown labels out"):
        fit_recalibration(np.zeros(3), [0, 1, np.nan])


def test_temperature_recovers_the_factor_that_made_logits_overconfident():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3))
    labels = (apply_temperature(logits, 1.0).cumsum(1) < rng.uniform(size=(4000, 1))).sum(1)
    temperature = fit_temperature(3 * logits, labels)
    assert temperature == pytest.approx(3, rel=0.1)
    np.testing.assert_allclose(apply_temperature(3 * logits, temperature).sum(1), 1)


def test_best_f1_threshold_beats_every_other_cut():
    logits, labels = make_logits(80)
    p = apply_recalibration(logits, 0.5, -2).round(2)
    best = f1_score(labels, p >= best_f1_threshold(labels, p))
    assert best == max(f1_score(labels, p >= cut) for cut in np.unique(p))
    assert best_f1_threshold(np.zeros(4), np.full(4, 0.2)) == 0.5


@pytest.mark.parametrize("goal", [0.8, 0.9, 1.0])
def test_threshold_reaches_the_goal_sensitivity_and_the_next_higher_one_does_not(goal):
    logits, labels = make_logits(80)
    p = apply_recalibration(logits, 0.5, -2).round(2)
    cut = threshold_at_sensitivity(labels, p, goal)
    events, higher = p[labels == 1], np.unique(p)[np.unique(p) >= cut][0]
    assert (events >= cut).mean() >= goal > (events > higher).mean()


def test_operating_points_use_each_folds_own_threshold():
    labels, p = np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.4, 0.1])
    scores = Scores(
        labels=labels, patients=labels, samples=np.arange(4), folds=[0, 1, 0, 1],
        probabilities={"svm": p}, decisions={"svm": p > 0.5},
    )  # fmt: skip
    (flat, own) = operating_points(
        scores, {"svm": {0.8: 0.35, 0.9: np.array([0.5, 0.2, 0.5, 0.2])}}
    )
    assert flat == {
        "model": "svm", "sensitivity_goal": 0.8, "threshold": 0.35,
        "sensitivity": 0.5, "specificity": 0.5, "precision": 0.5, "npv": 0.5,
    }  # fmt: skip
    assert own["sensitivity"] == own["specificity"] == 1
    assert operating_points(scores, {"svm": {0.8: 0.0}})[0]["npv"] is None
