import numpy as np
import pytest

from hybrid_zoo.errors import CohortError, ConfigError
from hybrid_zoo.tuning.folds import (
    hold_back,
    label_pattern,
    make_folds,
    read_folds,
    read_split,
    split_patients,
)
from hybrid_zoo.tuning.plan import HoldOut, plan_evaluation


def _cohort(patients=300, rate=0.2, seed=0):
    rng = np.random.default_rng(seed)
    ids = np.repeat(np.arange(patients), rng.integers(1, 5, patients)).astype(str)
    labels = {
        "a": (rng.random(len(ids)) < rate).astype(np.float32),
        "b": (rng.random(len(ids)) < 0.4).astype(np.float32),
    }
    labels["b"][rng.random(len(ids)) < 0.1] = np.nan
    return labels, rng.permutation(ids)


def test_a_patient_is_positive_if_any_sample_is_and_unknown_is_a_level():
    ids = np.array(["p2", "p1", "p1", "p3"])
    labels = {"a": np.array([0, 0, 1, np.nan]), "digit": np.array([2, np.nan, 1, 0])}
    patients, levels = label_pattern(labels, ids)
    assert patients.tolist() == ["p1", "p2", "p3"]
    assert levels.tolist() == [[1, 1], [0, 2], [-1, 0]]


def test_a_patient_of_several_classes_counts_with_the_first():
    _, levels = label_pattern({"digit": np.array([3.0, 1.0, 2.0])}, np.array(["p", "p", "q"]))
    assert levels[:, 0].tolist() == [3, 2]


def test_the_split_keeps_patients_whole_and_the_prevalence():
    labels, ids = _cohort(2000)
    test = split_patients(labels, ids, 0.2, seed=3)
    assert not set(ids[test]) & set(ids[~test])
    assert len(set(ids[test])) == pytest.approx(400, abs=2)
    assert labels["a"][test].mean() == pytest.approx(labels["a"].mean(), abs=0.02)
    assert (test == split_patients(labels, ids, 0.2, seed=3)).all()
    assert (test != split_patients(labels, ids, 0.2, seed=4)).any()


def test_folds_keep_patients_whole_and_test_every_row_once():
    labels, ids = _cohort()
    folds = make_folds(labels, ids, 5, seed=1)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(ids)))
    for train, test in folds:
        assert not set(ids[train]) & set(ids[test])
        assert len(train) + len(test) == len(ids)
        assert np.unique(labels["a"][test]).tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_each_fold_gets_an_event_of_each_rare_target(seed):
    rng = np.random.default_rng(seed)
    labels = {name: np.zeros(200) for name in "ab"}
    for values in labels.values():
        values[rng.choice(200, 8, replace=False)] = 1
    ids = np.arange(200).astype(str)
    for _, test in make_folds(labels, ids, 4, seed):
        assert all(values[test].max() == 1 for values in labels.values())


def test_more_folds_than_patients_of_a_class_is_an_error_that_names_both():
    labels, ids = {"rare": np.r_[np.ones(3), np.zeros(50)]}, np.arange(53).astype(str)
    with pytest.raises(ConfigError, match=r"'rare' has 3 patients .* 5 folds"):
        make_folds(labels, ids, 5)


def test_hold_back_takes_whole_patients_of_the_rows_given():
    labels, ids = _cohort()
    rows = make_folds(labels, ids, 5)[0][0]
    fit, watch = hold_back(rows, labels, ids)
    assert sorted([*fit, *watch]) == sorted(rows)
    assert not set(ids[fit]) & set(ids[watch])
    assert len(set(ids[watch])) == pytest.approx(0.15 * len(set(ids[rows])), abs=1.5)


def test_a_handful_of_patients_still_splits():
    labels, ids = {"a": np.array([0, 1, 0, 1, np.nan, 0, 1, 1, 0, 1.0])}, np.arange(10).astype(str)
    fit, watch = hold_back(np.arange(10), labels, ids)
    assert len(watch) == 2 and len(fit) == 8
    assert len(make_folds(labels, ids, 3)) == 3


def test_declared_parts_must_keep_patients_whole():
    ids = np.array(["p", "p", "q"])
    assert read_split(["test", "test", "train"], ids, "split").tolist() == [True, True, False]
    assert [t.tolist() for _, t in read_folds([1, 1, 0], ids, "fold")] == [[2], [0, 1]]
    with pytest.raises(CohortError, match=r"'split' puts 1 patients .*\['p'\]"):
        read_split(["test", "train", "train"], ids, "split")
    with pytest.raises(CohortError, match=r"1 rows without one \(rows \[3\]\)"):
        read_folds([0.0, 1.0, float("nan")], ids, "fold")
    with pytest.raises(CohortError, match="expected train or test"):
        read_split(["test", "train", "valid"], ids, "split")


def _plan(patients, rate, **options):
    labels = {"death": (np.arange(patients) < rate * patients).astype(float)}
    return plan_evaluation(labels, np.arange(patients).astype(str), **options)


def test_large_cohorts_get_a_hold_out_and_a_search():
    plan = _plan(4000, 0.14)
    assert (plan.evaluation, plan.search, plan.declared) == ("holdout", True, None)


def test_too_few_events_in_the_test_part_mean_nested_cross_validation():
    plan = _plan(1000, 0.14)
    assert (plan.evaluation, plan.search) == ("nested_cv", True)
    assert "28 patients with and 172 without 'death'" in plan.reason


def test_under_100_events_in_all_nothing_is_searched_unless_asked():
    plan = _plan(500, 0.14)
    assert (plan.evaluation, plan.search) == ("repeated_cv", False) and plan.repeats > 1
    assert "only 70 patients in all" in plan.reason
    asked = _plan(500, 0.14, trials=10)
    assert asked.evaluation == "nested_cv" and "Warning: only 70" in asked.reason


def test_what_the_cohort_declares_wins_with_a_warning():
    plan = _plan(500, 0.14, test=HoldOut(rows=np.arange(500) % 5 == 0, why="So be it."))
    assert (plan.evaluation, plan.declared) == ("holdout", "split")
    assert "So be it. Warning: the test part holds 14 patients with" in plan.reason
    both = _plan(500, 0.5, folds=True, test=HoldOut(rows=np.arange(500) % 5 == 0, why="So be it."))
    assert both.evaluation == "holdout"
    plan = _plan(500, 0.5, folds=True, trials=1)
    assert (plan.evaluation, plan.declared, plan.repeats) == ("repeated_cv", "folds", 1)


def test_multiclass_needs_30_test_patients_of_each_class():
    labels, classes = {"digit": np.arange(600) % 3.0}, {"digit": ("0", "1", "2")}
    ids = np.arange(600).astype(str)
    assert plan_evaluation(labels, ids, classes=classes).evaluation == "holdout"
    small = plan_evaluation({"digit": labels["digit"][:300]}, ids[:300], classes=classes)
    assert small.evaluation == "nested_cv" and "rarest class of 'digit'" in small.reason
