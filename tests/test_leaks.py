"""No patient of a scored fold reaches a fit, nor early stopping: every fold, trial and rival."""

from contextlib import suppress

import keras
import numpy as np
import pytest

from hybrid_zoo.tuning import CrossValidatedTuner, keras_learner
from hybrid_zoo.tuning.baseline_task import BaselineTask
from hybrid_zoo.tuning.baselines import BASELINES, Baseline, FittedBaseline
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.folds import make_folds
from hybrid_zoo.tuning.keras_learner import KerasLearner
from hybrid_zoo.tuning.options import SearchOptions

ROWS = 80
PATIENTS = np.arange(ROWS) // 2
Y = (PATIENTS % 2).astype("float32")
NOISE = np.random.default_rng(0).normal(size=ROWS)
X = np.stack([np.arange(ROWS) / 100, Y + NOISE], axis=1).astype("float32")
"""The first column is the row's own number: what a model is fed says where it comes from."""


class Spy:
    """What every fit and every scoring was fed, in order."""

    def __init__(self, last=10**6):
        self.fits, self.watched, self.adapted, self.scored = [], [], [], []
        self.last = last  # the fit after this one is interrupted

    def check(self, begin=0, end=None, pool=range(ROWS)):
        """Every fit was followed by a scoring of patients whom it, and its watch, never saw."""
        parts = [seen[begin:end] for seen in (self.fits, self.watched, self.scored)]
        for fitted, watched, scored in zip(*parts, strict=True):
            assert not set(PATIENTS[scored]) & set(PATIENTS[[*fitted, *watched]])
            assert not set(PATIENTS[fitted]) & set(PATIENTS[watched])
            assert sorted([*fitted, *watched, *scored]) == list(pool)
        return len(parts[0])


@pytest.fixture
def spy(monkeypatch):
    """Listens at the doors of training and of scoring."""
    found, fit, score = Spy(), keras_learner.fit, KerasLearner.score

    def spied_fit(model, train, valid=None, **options):
        if len(found.fits) == found.last:
            raise KeyboardInterrupt
        found.fits.append(fed(train))
        found.watched.append(fed(valid or ()))
        return fit(model, train, valid, **options)

    def spied_score(learner, config, rows):
        found.scored.append(fed(learner._dataset(rows, ROWS)))
        return score(learner, config, rows)

    monkeypatch.setattr(keras_learner, "fit", spied_fit)
    monkeypatch.setattr(KerasLearner, "score", spied_score)
    return found


def fed(data):
    """The rows that a dataset really holds."""
    return [row for x, _ in data for row in numbers(x)]


def numbers(values):
    return np.rint(np.asarray(values)[:, 0] * 100).astype(int).tolist()


def build(hp):
    inputs = keras.Input((2,))
    # Some see their inputs scrambled, so that a race has somebody to stop.
    x = inputs if hp.Boolean("sees", default=True) else keras.ops.sin(1000 * inputs)
    h = keras.layers.Dense(hp.Choice("units", [2, 3, 4]), activation="tanh")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(h))
    rate = hp.Choice("rate", [0.1, 1e-6])
    model.compile(
        keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"], run_eagerly=True
    )
    return model


def search(folder, trials=2, folds=2, outer=None, **options):
    tuner = CrossValidatedTuner(
        build,
        objective="val_accuracy",
        directory=folder,
        trials=trials,
        options=SearchOptions(**({"epochs": 1, "batch_size": 64} | options)),
    )
    tuner.search(X, Y, groups=PATIENTS, folds=folds, outer=outer)
    return tuner


def folds_run(tuner):
    return tuner.table().filter(like="fold_").notna().to_numpy().sum()


@pytest.mark.parametrize("oracle", ["random", "grid", "bayesian", "hyperband"])
def test_no_fit_of_any_oracle_sees_a_scored_patient(spy, tmp_path, oracle):
    assert spy.check() == 0
    tuner = search(tmp_path, oracle=oracle, epochs=2 if oracle == "hyperband" else 1)
    assert spy.check() == folds_run(tuner) >= 4


def test_no_fit_of_a_race_sees_a_scored_patient(spy, tmp_path):
    tuner = search(tmp_path, trials=4, folds=3, race=0.4, oracle="grid")
    assert spy.check() == folds_run(tuner) < 12


def test_no_fit_of_a_resumed_search_sees_a_scored_patient(spy, tmp_path):
    spy.last = 3
    with suppress(KeyboardInterrupt):
        search(tmp_path)
    spy.last = 10**6
    assert spy.check() == 3
    search(tmp_path)
    assert spy.check() == 4


def test_nothing_of_a_nested_search_sees_a_patient_of_its_outer_fold(spy, tmp_path):
    search(tmp_path, trials=1, outer=3, adapt=lambda model, x: spy.adapted.append(numbers(x)))
    assert spy.check(end=2) == 2  # the search on all rows comes first, then two inner folds
    for outer in (2, 5, 8):  # and a refit for each outer fold
        scored = spy.scored[outer + 2]
        assert spy.check(outer, outer + 2, pool=np.setdiff1d(range(ROWS), scored)) == 2
        assert spy.check(outer + 2, outer + 3) == 1 and spy.watched[outer + 2] == []
    assert sorted(np.concatenate(spy.scored[4::3])) == list(range(ROWS))
    assert [sorted(rows) for rows in spy.adapted] == [sorted(rows) for rows in spy.fits]


@pytest.mark.parametrize("name", BASELINES)
def test_no_fit_of_a_baseline_sees_a_scored_patient(name, monkeypatch):
    spy, fit, logits = Spy(), Baseline.fit, FittedBaseline.logits

    def spied_fit(rival, x, *arguments, **options):
        spy.fits.append(numbers(x.values))
        spy.watched.append([])
        return fit(rival, x, *arguments, **options)

    def spied_logits(fitted, x):
        spy.scored.append(numbers(x.values))
        return logits(fitted, x)

    monkeypatch.setattr(Baseline, "fit", spied_fit)
    monkeypatch.setattr(FittedBaseline, "logits", spied_logits)
    features = Features(values=X, names=("table/row", "table/x"), kinds=("numeric",) * 2)
    task = task_of(name, features, train=np.arange(60))
    configs = BASELINES[name].configurations(2, 0)
    for config in configs:
        task.cross_validate(config)
    assert spy.check(pool=range(60)) == 3 * len(configs)
    task.fit_and_score({"y": configs[0]}, np.arange(60), np.arange(60, ROWS))
    assert spy.check(begin=-1) == 1


def task_of(name, features, train):
    folds = make_folds({"y": Y[train]}, PATIENTS[train].astype(str), 3, 0)
    return BaselineTask(
        baseline=BASELINES[name],
        features=features,
        labels={"y": Y},
        n_classes={"y": 2},
        folds=folds,
        seed=0,
        imbalance="weights",
    )
