"""Rare classes may be copied, weighed, both or neither; every model of a study alike."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tiny import make_arrays

from hybrid_zoo.pipelines.imbalance import IMBALANCE, oversample
from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.networks import Network

RARE = {"y": np.repeat([0.0, 1.0], [900, 100])}
ROWS = np.arange(1000)


def share(rows, labels=RARE["y"]):
    return labels[rows].mean()


@pytest.mark.parametrize(
    ("how", "expected"), [("none", 0.1), ("weights", 0.1), ("oversample", 0.5)]
)
def test_copies_make_the_classes_equal(how, expected):
    rows = oversample(ROWS, RARE, how)
    assert share(rows) == pytest.approx(expected, abs=1e-9)
    assert set(rows) == set(ROWS) and (np.diff(rows) >= 0).all()


def test_both_goes_half_of_the_way_with_copies():
    assert share(oversample(ROWS, RARE, "both")) == pytest.approx(0.25, abs=0.001)  # 9 to 3


def test_a_ratio_that_is_no_whole_number_is_met_in_expectation():
    labels = {"y": np.repeat([0.0, 1.0], [500, 200])}
    shares = [
        share(oversample(np.arange(700), labels, "oversample", s), labels["y"]) for s in range(40)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.005)
    assert len(set(shares)) > 1
    again = oversample(np.arange(700), labels, "oversample", 3)
    np.testing.assert_array_equal(again, oversample(np.arange(700), labels, "oversample", 3))


def test_unknown_labels_are_kept_once_and_only_the_given_rows_count():
    labels = {"y": np.array([0.0, 0, 0, 0, 1, np.nan, 1, 1])}
    rows = oversample(np.array([0, 1, 2, 3, 4, 5]), labels, "oversample")
    assert rows.tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 5]


def test_of_several_targets_the_rarest_class_of_a_row_decides():
    labels = {"a": np.array([0.0, 0, 0, 1]), "b": np.array([0.0, 0, 1, 1])}
    assert oversample(np.arange(4), labels, "oversample").tolist() == [0, 1, 2, 3, 3, 3]
    one_class = {"a": np.zeros(4)}
    assert oversample(np.arange(4), one_class, "oversample").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("how", IMBALANCE)
def test_class_weights_follow_from_the_rows_that_are_learned_from(how):
    arrays = make_arrays(60)
    del arrays.labels["stage"]
    arrays.labels["death"][:] = np.arange(60) % 6 == 0
    network = Network(arrays, ["tabular"], imbalance=how)
    model = network.fit(network.default, np.arange(60), epochs=1).model
    weights = np.asarray(model.loss["death"].class_weight).ravel()
    expected = {"none": [1, 1], "weights": [0.6, 3], "oversample": [1, 1], "both": [0.724, 1.618]}
    np.testing.assert_allclose(weights, expected[how], rtol=0.08)


@pytest.mark.parametrize("how", IMBALANCE)
def test_a_baseline_ranks_alike_whatever_is_done_and_leans_to_the_rare_class_if_anything(how):
    rng = np.random.default_rng(0)
    label = RARE["y"]
    x = Features(
        values=(label[:, None] + rng.normal(0, 1, (1000, 2))).astype(np.float32),
        names=("a", "b"),
        kinds=("numeric", "numeric"),
    )
    logistic = baseline("logistic_regression")
    fitted = logistic.fit(x, label, logistic.configurations(1, 0)[0], imbalance=how)
    logits = fitted.logits(x)
    assert roc_auc_score(label, logits) > 0.81  # .841 is what the features hold
    mean = (1 / (1 + np.exp(-logits))).mean()
    assert mean == pytest.approx(0.1, abs=0.02) if how == "none" else mean > 0.2
