import json
import subprocess
import sys

import numpy as np
import pytest

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.evaluate import evaluate
from hybrid_zoo.evaluation.metrics import METRICS
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.subgroups import availability_levels, subgroup_table
from hybrid_zoo.evaluation.verdict import is_simpler, judge, recommend

SINGLES = ("image_only", "sequence_only")


def judged(image, sequence=(-0.2, -0.1), *, auroc=None, out_of_fold=None, **others):
    intervals = {"image_only": image, "sequence_only": sequence, **others}
    rows = [{"model": m, "low": low, "high": high} for m, (low, high) in intervals.items()]
    out_of_fold = out_of_fold or {"hybrid": 0.9, "image_only": 0.8, "sequence_only": 0.7}
    return judge(rows, auroc or {"hybrid": 0.9}, out_of_fold, SINGLES)


@pytest.mark.parametrize(
    ("image", "sequence", "expected"),
    [
        ((-0.10, -0.01), (-0.20, -0.10), "helped"),
        ((-0.10, -0.01), (-0.20, 0.00), "no_evidence"),  # a bound of 0 is not above 0
        ((-0.10, 0.00), (-0.20, -0.10), "no_evidence"),
        ((-0.01, 0.01), (-0.20, -0.10), "no_difference"),
        ((0.001, 0.01), (-0.20, -0.10), "no_difference"),
        ((0.001, 0.02), (-0.20, -0.10), "hurt"),
        ((-0.20, 0.01), (0.01, 0.20), "no_evidence"),  # only the best single one can say "hurt"
    ],
)
def test_the_verdict_follows_the_rule_fixed_before(image, sequence, expected):
    assert judged(image, sequence).verdict == expected


def test_the_best_single_modality_is_chosen_by_the_training_part():
    oof = {"hybrid": 0.9, "image_only": 0.7, "sequence_only": 0.8}
    result = judged((0.1, 0.2), (-0.01, 0.0), auroc={"hybrid": 0.9}, out_of_fold=oof)
    assert (result.best_single, result.verdict) == ("sequence_only", "no_difference")


@pytest.mark.parametrize(
    ("others", "auroc", "flags"),
    [
        ({"svm": (-0.011, 0.1)}, {}, ()),
        ({"svm": (-0.01, 0.1)}, {}, ("simpler_model",)),
        ({"hybrid_ensemble": (-0.01, 0.1), "stack": (0, 0.1)}, {}, ()),
        ({"late_average": (-0.1, -0.001)}, {}, ()),
        ({"late_average": (-0.1, 0.0)}, {}, ("late_enough",)),
        ({}, {"shortcuts": 0.849}, ()),
        ({}, {"shortcuts": 0.851}, ("shortcut",)),
        ({}, {"missingness": 0.95, "shortcuts": 0.5}, ("shortcut",)),
    ],
)
def test_flags_are_raised_at_their_margins(others, auroc, flags):
    result = judged((-0.1, -0.05), auroc={"hybrid": 0.9, **auroc}, **others)
    assert result.flags == flags and result.verdict == "helped"


def test_the_simpler_models_behind_the_flag_are_named():
    assert judged((-0.1, -0.05), svm=(0, 0.1), random_forest=(-0.1, 0.1)).simpler == ("svm",)
    assert not is_simpler("hybrid") and is_simpler("late_average") and is_simpler("image_only")


@pytest.mark.parametrize(
    ("out_of_fold", "expected"),
    [
        ({"hybrid": 0.9, "svm": 0.8981}, "svm"),
        ({"hybrid": 0.9, "svm": 0.8979}, "hybrid"),
        ({"hybrid": 0.8, "svm": 0.85, "late_average": 0.849}, "svm"),
        ({"hybrid": 0.8, "shortcuts": 0.9, "missingness": 0.9, "score:sofa": 0.9}, "hybrid"),
        ({"hybrid": 0.4, "majority": 0.5, "svm": float("nan")}, "hybrid"),
    ],
)
def test_recommended_is_the_best_out_of_fold_or_a_simpler_one_close_by(out_of_fold, expected):
    assert recommend(out_of_fold) == expected


def test_judging_without_the_single_modalities_says_so():
    assert judge([], {"hybrid": 0.9}, {"hybrid": 0.9}, ()).verdict == "no_evidence"
    with pytest.raises(ConfigError, match="'image_only' has no predictions"):
        judge([], {"hybrid": 0.9}, {"hybrid": 0.9, "image_only": 0.8}, SINGLES)
    with pytest.raises(ConfigError, match="'image_only' has no out-of-fold AUROC"):
        judged((-0.1, 0.1), out_of_fold={"hybrid": 0.9})


def simulated(rows=240, *, classes=(), folds=1, seed=0):
    rng = np.random.default_rng(seed)
    width = max(len(classes), 2)
    labels, models = rng.integers(width, size=rows), {}
    signal = {m: rng.normal(size=(rows, width)) + 1.2 * np.eye(width)[labels] for m in SINGLES}
    signal["hybrid"] = signal["image_only"] + signal["sequence_only"]
    signal["majority"] = np.zeros((rows, width))
    for model, logits in signal.items():
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        models[model] = p if classes else p[:, 1]
    return Scores(
        labels=labels, patients=np.arange(rows) // 2, samples=np.arange(rows), classes=classes,
        folds=np.arange(rows) // 2 % folds, probabilities=models,
        decisions={m: p >= 0.5 for m, p in models.items()},
    )  # fmt: skip


@pytest.mark.parametrize("classes", [(), ("a", "b", "c")])
@pytest.mark.parametrize("folds", [1, 3])
def test_evaluate_gives_the_whole_block_and_finds_that_fusing_helped(classes, folds):
    scores = simulated(classes=classes, folds=folds)
    oof = dict.fromkeys(scores.models, 0.7) | {"hybrid": 0.9}
    block, again = (
        evaluate(scores, out_of_fold_auroc=oof, singles=SINGLES, resamples=200) for _ in range(2)
    )
    assert json.dumps(block, allow_nan=False) == json.dumps(again)
    assert block["verdict"] == "helped" and block["recommended"] == "hybrid" and not block["flags"]
    assert all(tuple(metrics) == METRICS for metrics in block["models"].values())
    auroc = block["models"]["hybrid"]["auroc"]
    assert auroc["low"] < auroc["value"] < auroc["high"]
    tests = {row["test"] for row in block["comparisons"]}
    assert tests == {"cluster_bootstrap" if classes or folds > 1 else "obuchowski"}


def test_evaluate_refuses_predictions_without_a_hybrid_or_a_contrast():
    scores = simulated()
    with pytest.raises(ConfigError, match="no model named 'hybrid'"):
        evaluate(scores.take(slice(None), SINGLES), out_of_fold_auroc={}, singles=SINGLES)
    with pytest.raises(ConfigError, match="one class only"):
        evaluate(scores.take(scores.labels == 1), out_of_fold_auroc={}, singles=SINGLES)


def test_subgroups_are_counted_measured_and_suppressed_below_ten_patients():
    scores = simulated()
    level = np.array(["rare"] * 18 + ["common"] * 202 + [""] * 20)
    table = subgroup_table(scores, {("group", "gender"): level}, resamples=100)
    common, rare, unknown = table
    assert [row["level"] for row in table] == ["common", "rare", "unknown"]
    assert rare["suppressed"] and rare["n"] is rare["events"] is rare["auroc"] is None
    assert (common["n"], common["n_patients"], unknown["n_patients"]) == (202, 101, 10)
    assert common["events"] == scores.labels[18:220].sum()
    assert common["auroc"]["low"] < common["auroc"]["value"] < common["auroc"]["high"]


def test_a_subgroup_of_one_class_is_counted_but_has_no_auroc():
    scores = simulated()
    table = subgroup_table(scores, {("site", "site"): scores.labels}, resamples=50)
    assert [(row["level"], row["auroc"]) for row in table] == [("0", None), ("1", None)]
    with pytest.raises(ConfigError, match="one per row"):
        subgroup_table(scores, {("site", "site"): np.zeros(3)})


def test_availability_patterns_are_named_by_what_is_present():
    present = {"image": np.array([True, False, False]), "sequence": np.array([True, True, False])}
    assert availability_levels(present).tolist() == ["image+sequence", "sequence", "none"]


def test_evaluating_imports_no_tensorflow():
    code = "import hybrid_zoo.evaluation.evaluate, sys; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_subgroup_is_measured_at_its_threshold_as_by_hand():
    scores = simulated()
    table = subgroup_table(scores, {("site", "site"): np.repeat("north", 240)}, resamples=50)
    labels, decided = scores.labels == 1, scores.decisions["hybrid"]
    expected = {
        "observed_expected": labels.sum() / scores.probabilities["hybrid"].sum(),
        "sensitivity": decided[labels].mean(),
        "specificity": 1 - decided[~labels].mean(),
    }
    for name, value in expected.items():
        found = table[0][name]
        assert found["value"] == pytest.approx(value)
        assert found["low"] <= found["value"] <= found["high"]


def test_a_rate_over_fewer_than_ten_patients_and_counts_that_give_one_away_are_not_shown():
    scores = simulated()
    few = np.flatnonzero(scores.labels == 1)[:6]
    level = np.array(["north"] * 240)
    level[few] = level[np.flatnonzero(scores.labels == 0)[:60]] = "south"
    north, south = subgroup_table(scores, {("site", "site"): level}, resamples=50)
    assert south["sensitivity"] is south["observed_expected"] is None and south["specificity"]
    assert north["sensitivity"] and north["hide_events"] and south["hide_events"]
    assert not north["hide_counts"] and not south["suppressed"]
