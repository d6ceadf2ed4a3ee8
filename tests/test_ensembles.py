"""The mean of the hybrid's seeds, and the stack of hybrid and baselines."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score
from tiny import make_arrays

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.ensembles import enter_ensembles
from hybrid_zoo.studies.entries import Cost, Entry
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.tuning.stacking import fit_stack


def make_members(rows, seed=0, sharpness=(1.0, 1.0)):
    """Two models that each see their own half of the risk, and one that sees nothing of it."""
    rng = np.random.default_rng(seed)
    halves = rng.normal(size=(2, rows))
    labels = (rng.random(rows) < expit(halves.sum(0) - 0.5)).astype(float)
    members = {"a": sharpness[0] * halves[0], "b": sharpness[1] * halves[1]}
    return members | {"noise": rng.normal(size=rows)}, labels


def test_the_weights_are_where_the_penalised_likelihood_is_highest():
    members, labels = make_members(300)
    stack = fit_stack(members, labels)
    intercept = stack.intercepts[1] - stack.intercepts[0]

    def loss(weights, intercept):
        z = sum(w * stack.slopes[m] * members[m] for m, w in weights.items()) + intercept
        away = sum((w - 1 / 3) ** 2 for w in weights.values()) / (2 * 0.5**2)
        return away + log_loss(labels, expit(z), normalize=False)

    best, step = loss(stack.weights, intercept), 1e-2
    for member in stack.weights:
        for move in (step, -step):
            moved = stack.weights | {member: max(0, stack.weights[member] + move)}
            assert loss(moved, intercept) >= best - 1e-9
    assert loss(stack.weights, intercept + step) > best < loss(stack.weights, intercept - step)


def test_a_stack_finds_who_knows_what_however_sharp_they_are():
    members, labels = make_members(20000, sharpness=(5.0, 0.2))
    stack = fit_stack(members, labels)
    assert stack.weights["noise"] * stack.slopes["noise"] < 0.02  # calibrated noise is flat
    np.testing.assert_allclose(stack.weights["a"], stack.weights["b"], rtol=0.1)
    fresh, truth = make_members(20000, seed=1, sharpness=(5.0, 0.2))
    found = roc_auc_score(truth, stack.logits(fresh))
    assert found > max(roc_auc_score(truth, fresh[m]) for m in "ab") + 0.05
    slope, risk = np.polyfit(fresh["a"] / 5 + fresh["b"] / 0.2, stack.logits(fresh), 1)
    assert slope == pytest.approx(1, abs=0.1) and risk == pytest.approx(-0.5, abs=0.1)


def test_few_samples_leave_equal_shares_and_members_that_agree_share():
    members, labels = make_members(30)
    few = fit_stack({"a": members["a"], "again": members["a"]}, labels)
    assert few.weights["a"] == pytest.approx(few.weights["again"], abs=1e-3)
    one = fit_stack({"a": members["a"], "noise": members["noise"]}, np.resize([0.0, 1], 30))
    assert all(0.1 < weight < 0.9 for weight in one.weights.values())


def test_a_member_that_is_wrong_gets_no_negative_weight():
    members, labels = make_members(5000)
    stack = fit_stack({"a": members["a"], "wrong": -members["b"]}, labels)
    assert stack.weights["wrong"] == 0 < stack.weights["a"]


def test_classes_are_stacked_alike():
    rng = np.random.default_rng(0)
    labels = np.resize([0.0, 1, 2], 900)
    truth = np.eye(3)[labels.astype(int)]
    members = {name: truth + rng.normal(size=(900, 3)) for name in "ab"}
    members["b"][:9] = np.nan
    stack = fit_stack({name: z[:600] for name, z in members.items()}, labels[:600])
    found = stack.logits(members)
    assert found.shape == (900, 3) and np.isnan(found[:9]).all()
    right = (found[600:].argmax(1) == labels[600:]).mean()
    assert right > max((z[600:].argmax(1) == labels[600:]).mean() for z in members.values()) + 0.03


def test_a_stack_without_members_or_common_rows_is_refused():
    members, labels = make_members(20)
    members["a"][:10], members["b"][10:] = np.nan, np.nan
    for given in ({}, members):
        with pytest.raises(ConfigError, match=f"got {len(given)} members"):
            fit_stack(given, labels)


@pytest.fixture(scope="module")
def this(tmp_path_factory):
    """A round over 90 samples of which 60 are for training."""
    arrays = make_arrays(90)
    return Round(
        number=0,
        arrays=arrays,
        train=np.arange(60),
        scored=np.arange(60, 90),
        settings=Settings(folds=3),
        trials=1,
        workspace=tmp_path_factory.mktemp("round"),
        on_fit=print,
    )


def make_entries(this):
    """A hybrid of three seeds, and a baseline."""
    rng = np.random.default_rng(0)
    train = np.isin(np.arange(90), this.train)

    def entry(name, seeds):
        runs = []
        for number in range(seeds + 1):
            run = {}
            for target, labels in this.arrays.labels.items():
                width = len(this.arrays.classes.get(target, ()))
                z = np.eye(width)[labels.astype(int)] if width else np.nan_to_num(labels)
                run[target] = z + rng.normal(size=z.shape)
                run[target][~train if number == 0 else train] = np.nan
            runs.append(run)
        out_of_fold, scored, *others = runs
        cost = Cost(fits=5, seconds=2.0, n_parameters=100 if seeds > 1 else None)
        return Entry(
            name=name, out_of_fold=out_of_fold, scored=scored, other_seeds=others, cost=cost
        )

    return entry("hybrid", 3), entry("forest", 1)


def test_the_ensemble_is_the_mean_of_the_seeds(this):
    hybrid, _ = make_entries(this)
    found = enter_ensembles(hybrid, [], this)
    assert list(found) == ["hybrid_ensemble"]
    for target in this.arrays.labels:
        runs = [run[target] for run in (hybrid.scored, *hybrid.other_seeds)]
        np.testing.assert_array_equal(
            found["hybrid_ensemble"].scored[target], sum(runs[1:], runs[0]) / 3
        )
    assert (found["hybrid_ensemble"].cost.n_parameters, hybrid.cost.n_parameters) == (300, 100)


def test_one_seed_is_no_ensemble_and_the_stack_takes_it_as_it_is(this):
    hybrid, forest = make_entries(this)
    hybrid.other_seeds = []
    found = enter_ensembles(hybrid, [forest], this)
    assert list(found) == ["stack"]
    assert all(set(weights) == {"hybrid", "forest"} for weights in found["stack"].config.values())


def test_no_label_of_a_fold_moves_its_out_of_fold_predictions_nor_of_the_test_part_anything(this):
    hybrid, forest = make_entries(this)
    first = enter_ensembles(hybrid, [forest], this)["stack"]
    assert first.cost.fits == 10 and first.cost.seconds == 4
    (target, labels), *_ = this.arrays.labels.items()
    before, (_, part) = labels.copy(), this.folds[0]
    try:
        labels[part] = 1 - labels[part]
        again = enter_ensembles(hybrid, [forest], this)["stack"]
        np.testing.assert_array_equal(
            again.out_of_fold[target][part], first.out_of_fold[target][part]
        )
        assert np.abs(again.scored[target] - first.scored[target])[this.scored].min() > 0
        labels[:] = before
        labels[this.scored] = 1 - labels[this.scored]
        again = enter_ensembles(hybrid, [forest], this)["stack"]
        for part in ("scored", "out_of_fold"):
            np.testing.assert_array_equal(
                getattr(again, part)[target], getattr(first, part)[target]
            )
    finally:
        labels[:] = before
    assert np.isfinite(first.out_of_fold[target][this.train]).all()
    assert np.isfinite(first.scored[target][this.scored]).all()
