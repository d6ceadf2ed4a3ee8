import contextlib

import keras_tuner
import numpy as np
import pytest
from tiny import CONFIG, make_arrays

from hybrid_zoo.errors import NumericsError
from hybrid_zoo.tuning.cross_validation import Protocol, cross_validate, recall
from hybrid_zoo.tuning.folds import make_folds
from hybrid_zoo.tuning.identity import space_identity
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.search import CrossValidatedTuner

ARRAYS = make_arrays(120)
DEFAULT = Network(ARRAYS, ["tabular"]).default
TRAIN = np.arange(80)
"""The study's training part; the rows from 80 on are never to be touched."""


class Spy(Network):
    """A network that writes down which rows were fitted, watched and scored."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fits, self.scored, self.configs = [], [], []

    def fit(self, config, rows, valid=None, **options):
        self.configs.append(dict(config))
        self.fits.append((rows, valid))
        return super().fit(config, rows, valid, **options)

    def logits(self, config, rows):
        self.scored.append(rows)
        return super().logits(config, rows)


class Diverging(Network):
    """A network whose configurations diverge, all or the first one only."""

    def __init__(self, *args, every, **kwargs):
        super().__init__(*args, **kwargs)
        self.every, self.first = every, None

    def fit(self, config, rows, valid=None, **options):
        self.first = self.first or config
        if self.every or config == self.first:
            raise NumericsError("Epoch 1 left values that are not finite in 'dense/kernel'.")
        return super().fit(config, rows, valid, **options)


def protocol(**options):
    labels = {t: y[TRAIN] for t, y in ARRAYS.labels.items()}
    folds = make_folds(labels, ARRAYS.patient_ids[TRAIN], 2, 0)
    settings = {"epochs": 1} | options
    return Protocol(folds=folds, labels=ARRAYS.labels, patient_ids=ARRAYS.patient_ids, **settings)


def tuner_of(network, folder, **options):
    return CrossValidatedTuner(
        network,
        objective=keras_tuner.Objective("auroc", "max"),
        directory=folder,
        trials=2,
        options=SearchOptions(**({"epochs": 1} | options)),
    )


def searched(network, folder, **options):
    tuner = tuner_of(network, folder / "s", **options)
    tuner.run(protocol())
    return tuner


def results(tuner):
    return [tuner.result(trial) for trial in tuner.oracle.trials.values()]


@pytest.fixture(scope="module")
def spied(tmp_path_factory):
    """A search of two configurations over two folds, and what its network saw."""
    spy = Spy(ARRAYS, ["tabular"])
    return spy, searched(spy, tmp_path_factory.mktemp("search"))


def test_a_search_fits_every_configuration_once_per_fold_the_default_first(spied):
    spy, tuner = spied
    assert spy.configs[:2] == [DEFAULT, DEFAULT]
    assert len(spy.configs) == 4 and spy.configs[2] == spy.configs[3] != DEFAULT
    assert len(results(tuner)) == 2


def test_the_best_trial_is_the_one_with_the_highest_mean_auroc(spied):
    _, tuner = spied
    config, best = tuner.best()
    means = [np.mean(r.scores) for r in results(tuner)]
    assert np.mean(best.scores) == max(means) and set(config) == set(DEFAULT)


def test_no_scored_row_and_no_patient_of_one_was_fitted_or_watched(spied):
    spy, _ = spied
    patients = ARRAYS.patient_ids
    for (rows, watched), scored in zip(spy.fits, spy.scored, strict=True):
        assert not set(patients[scored]) & set(patients[np.r_[rows, watched]])
        assert not set(patients[rows]) & set(patients[watched])
        assert sorted([*rows, *watched, *scored]) == TRAIN.tolist()
        assert len(watched) == pytest.approx(0.15 * 40, abs=2)


def test_out_of_fold_logits_cover_exactly_the_training_rows(spied):
    _, tuner = spied
    for result in results(tuner):
        for target, width in (("death", ()), ("stage", (3,))):
            logits = result.out_of_fold[target]
            assert logits.shape == (120, *width)
            seen = np.isfinite(logits).reshape(120, -1).all(axis=1)
            assert np.flatnonzero(seen).tolist() == TRAIN.tolist()


def test_the_score_of_a_fold_is_the_auroc_of_its_out_of_fold_logits(spied):
    _, tuner = spied
    for result in results(tuner):
        for (_, rows), score in zip(protocol().folds, result.scores, strict=True):
            found = {t: z[rows] for t, z in result.out_of_fold.items()}
            labels = {t: y[rows] for t, y in ARRAYS.labels.items()}
            assert mean_auroc(found, labels) == pytest.approx(score)


def test_the_statistics_of_a_fold_come_from_its_fitted_rows_alone():
    changed = make_arrays(120)
    folds = protocol().folds
    changed.inputs["tabular"][folds[0][1], 0] += 1000.0
    first, second = Network(ARRAYS, ["tabular"]), Network(changed, ["tabular"])
    assert first.spec(folds[0][0]) == second.spec(folds[0][0])
    assert first.spec(TRAIN) != second.spec(TRAIN)


def test_the_journal_keeps_what_a_fit_reported(spied):
    _, tuner = spied
    for trial in tuner.oracle.trials.values():
        _, of_trial = tuner._of(trial)
        kept = recall(tuner._ready()[0].draw(trial.hyperparameters), of_trial)
        assert kept.histories == tuner.result(trial).histories
        assert all(np.isfinite(h["val_loss"]).all() for h in kept.histories)


def test_the_identity_of_a_space_is_that_of_its_workers_and_nothing_is_printed(capsys):
    space = keras_tuner.HyperParameters()
    Network(ARRAYS, ["sequence", "tabular"]).declare(space)
    space.Int("layers", 1, 2)
    with contextlib.redirect_stdout(None):
        arrived = keras_tuner.HyperParameters.from_proto(space.to_proto())
    assert space_identity(space) == space_identity(arrived)
    assert {p["config"]["name"] for p in space_identity(space)} == {p.name for p in space.space}
    assert not capsys.readouterr().out


def test_a_diverging_configuration_does_not_end_the_search(tmp_path):
    tuner = searched(Diverging(ARRAYS, ["tabular"], every=False), tmp_path)
    config, result = tuner.best()
    assert tuner.table()["status"].tolist() == ["failed", "whole"] and config != DEFAULT
    assert np.isfinite(result.scores).all()


def test_a_search_in_which_all_diverge_ends_with_the_first_cause(tmp_path):
    with pytest.raises(NumericsError, match=r"All 2 trials failed; the first: .*'dense/kernel'"):
        searched(Diverging(ARRAYS, ["tabular"], every=True), tmp_path)


def test_no_further_trial_starts_after_the_deadline(tmp_path):
    tuner = searched(Network(ARRAYS, ["tabular"]), tmp_path, minutes=1e-9)
    assert len(tuner.table()) == 1 and tuner.best()[0] == DEFAULT


def test_cross_validation_says_what_it_took_and_calls_back_after_each_fit():
    calls = []
    result = cross_validate(
        Network(ARRAYS, ["tabular"]), CONFIG, protocol(epochs=2, on_fit=calls.append)
    )
    assert len(calls) == 2 and result.seconds == pytest.approx(sum(calls))
    assert all(1 <= epoch <= 2 for epoch in result.epochs)
    assert result.median_epochs == max(1, int(np.median(result.epochs)))


def test_the_mean_auroc_leaves_out_what_has_one_class_only():
    logits = {"a": np.array([0.0, 1, 2]), "b": np.array([3.0, 1, 2])}
    one = np.ones(3)
    assert mean_auroc(logits, {"a": np.array([0, 1, np.nan]), "b": one}) == 1
    assert np.isnan(mean_auroc({"b": logits["b"]}, {"b": one}))


def test_the_mean_auroc_of_classes_is_one_against_the_rest():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(60, 3)), rng.integers(0, 3, 60).astype(float)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = roc_auc_score(labels, share, multi_class="ovr", average="macro")
    assert mean_auroc({"y": logits}, {"y": labels}) == pytest.approx(expected)
