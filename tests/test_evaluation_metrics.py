import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn import metrics as sk

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.metrics import METRICS, auroc_over_folds, metrics_of
from hybrid_zoo.evaluation.ranking import auprc, auroc
from hybrid_zoo.evaluation.scores import Scores


def make_scores(rows=120, *, seed=0, folds=1, classes=(), decimals=2):
    rng = np.random.default_rng(seed)
    width = max(len(classes), 2)
    labels = np.arange(rows) % width
    logits = rng.normal(size=(rows, width)) + np.eye(width)[labels]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p if classes else np.clip(p[:, 1].round(decimals), 0.01, 0.99)
    return Scores(
        labels=labels,
        patients=np.arange(rows) // 2,
        samples=np.arange(rows),
        folds=np.arange(rows) // width % folds,
        probabilities={"hybrid": p},
        decisions={} if classes else {"hybrid": p >= 0.4},
        classes=classes,
    )


def test_binary_metrics_equal_scikit_learn_with_weights_and_ties():
    s, weights = make_scores(), np.random.default_rng(1).gamma(1.0, size=120)
    y, p, d = s.labels, s.probabilities["hybrid"], s.decisions["hybrid"]
    expected = {
        "auroc": sk.roc_auc_score(y, p, sample_weight=weights),
        "auprc": sk.average_precision_score(y, p, sample_weight=weights),
        "accuracy": sk.accuracy_score(y, d, sample_weight=weights),
        "precision": sk.precision_score(y, d, sample_weight=weights),
        "recall": sk.recall_score(y, d, sample_weight=weights),
        "specificity": sk.recall_score(y, d, sample_weight=weights, pos_label=0),
        "f1": sk.f1_score(y, d, sample_weight=weights),
        "brier": sk.brier_score_loss(y, p, sample_weight=weights),
    }
    found = metrics_of(s, "hybrid", weights)
    assert {k: found[k][0] for k in expected} == pytest.approx(expected, abs=1e-12)


def test_multiclass_metrics_equal_scikit_learn_macro_averages():
    s, weights = make_scores(classes=("a", "b", "c")), np.random.default_rng(1).gamma(1.0, size=120)
    y, p = s.labels, s.probabilities["hybrid"]
    d, onehot = p.argmax(1), np.eye(3)[s.labels]
    how = {"sample_weight": weights, "average": "macro"}
    expected = {
        "auroc": sk.roc_auc_score(y, p, multi_class="ovr", **how),
        "auprc": sk.average_precision_score(onehot, p, **how),
        "accuracy": sk.accuracy_score(y, d, sample_weight=weights),
        "precision": sk.precision_score(y, d, **how),
        "recall": sk.recall_score(y, d, **how),
        "f1": sk.f1_score(y, d, **how),
        "brier": np.average(((p - onehot) ** 2).sum(1), weights=weights),
    }
    found = metrics_of(s, "hybrid", weights)
    assert {k: found[k][0] for k in expected} == pytest.approx(expected, abs=1e-12)
    assert set(found) >= set(METRICS) and np.isnan(found["calibration_slope"][0])


def test_columns_of_weights_are_each_computed_alone():
    s, weights = make_scores(), np.random.default_rng(2).integers(0, 4, (120, 5)).astype(float)
    together = metrics_of(s, "hybrid", weights)
    for column in range(5):
        alone = metrics_of(s, "hybrid", weights[:, column])
        assert {k: v[column] for k, v in together.items()} == pytest.approx(
            {k: v[0] for k, v in alone.items()}, abs=1e-9
        )


def test_whole_weights_equal_repeated_rows():
    s, counts = make_scores(), np.random.default_rng(3).integers(0, 3, 120)
    repeated = s.take(np.repeat(np.arange(120), counts))
    by_weight, by_rows = (
        metrics_of(s, "hybrid", counts.astype(float)),
        metrics_of(repeated, "hybrid"),
    )
    assert {k: v[0] for k, v in by_weight.items()} == pytest.approx(
        {k: v[0] for k, v in by_rows.items()}, abs=1e-9
    )


def test_calibration_intercept_and_slope_equal_a_general_optimiser():
    s = make_scores(300)
    y, p = s.labels, s.probabilities["hybrid"]
    x = np.log(p / (1 - p))

    def loss(line):
        return np.logaddexp(0, (1 - 2 * y) * (line[0] + line[1] * x)).sum()

    line = minimize(loss, [0.0, 1.0], tol=1e-10).x
    offset = minimize(lambda a: loss([a[0], 1.0]), [0.0], tol=1e-10).x
    found = metrics_of(s, "hybrid")
    assert found["calibration_slope"][0] == pytest.approx(line[1], abs=1e-5)
    assert found["calibration_intercept"][0] == pytest.approx(offset[0], abs=1e-5)


def test_constant_predictions_have_chance_auroc_and_undefined_precision_and_slope():
    labels, flat = np.arange(40) % 2, np.full(40, 0.3)
    s = Scores(
        labels=labels, patients=np.arange(40), samples=np.arange(40), folds=np.zeros(40),
        probabilities={"majority": flat}, decisions={"majority": flat > 0.5},
    )  # fmt: skip
    found = {k: v[0] for k, v in metrics_of(s, "majority").items()}
    assert found["auroc"] == 0.5 and found["auprc"] == 0.5 and found["f1"] == 0
    assert np.isnan(found["precision"]) and np.isnan(found["calibration_slope"])
    assert found["calibration_intercept"] == pytest.approx(np.log(0.7 / 0.3))


def test_separable_predictions_have_no_calibration_slope():
    labels = np.arange(40) % 2
    p = np.where(labels == 1, 0.8, 0.1) + np.linspace(0, 0.1, 40)
    s = make_scores(40)
    s = Scores(**{**vars(s), "probabilities": {"hybrid": p}})
    assert np.isnan(metrics_of(s, "hybrid")["calibration_slope"][0])
    assert metrics_of(s, "hybrid")["auroc"][0] == 1


def test_auroc_is_averaged_over_folds_and_never_pooled():
    s = make_scores(folds=3)
    shifted = s.probabilities["hybrid"] / (1 + s.folds)  # each fold's model has its own scale
    s = Scores(**{**vars(s), "probabilities": {"hybrid": shifted}})
    parts = [sk.roc_auc_score(s.labels[s.folds == f], shifted[s.folds == f]) for f in range(3)]
    assert auroc_over_folds(s)["hybrid"] == pytest.approx(np.mean(parts), abs=1e-12)
    assert abs(np.mean(parts) - sk.roc_auc_score(s.labels, shifted)) > 0.01


def test_a_fold_or_column_of_one_class_is_left_out_of_the_mean():
    s = make_scores(folds=3)
    one_class = Scores(**{**vars(s), "labels": np.where(s.folds == 2, 0, s.labels)})
    kept = s.take(s.folds < 2)
    assert auroc_over_folds(one_class) == pytest.approx(auroc_over_folds(kept))
    no_events = (s.labels == 0).astype(float)
    assert np.isnan(auroc(s.labels, s.probabilities["hybrid"], no_events))
    assert np.isnan(auprc(s.labels, s.probabilities["hybrid"], no_events))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.full(120, np.nan)}, "Leave unknown labels out"),
        ({"patients": np.arange(3)}, "`patients` has shape"),
        ({"probabilities": {}}, "at least one model"),
        ({"probabilities": {"hybrid": np.full(120, np.nan)}}, "row 0 .*sample 0"),
        (
            {"probabilities": {"hybrid": np.full((120, 2), 0.5)}},
            r"shape \(120, 2\); expected \(120,\)",
        ),
        ({"decisions": {}}, "lacks .*hybrid"),
    ],
)
def test_scores_refuse_parts_that_do_not_fit(change, message):
    with pytest.raises(ConfigError, match=message):
        Scores(**{**vars(make_scores()), **change})
