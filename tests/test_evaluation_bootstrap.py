import numpy as np
import pytest

from hybrid_zoo.evaluation.bootstrap import (
    bootstrap_auroc,
    bootstrap_metrics,
    draw_resamples,
    interval,
)
from hybrid_zoo.evaluation.scores import Scores


def make_scores(labels, *, patients=None, folds=None, seed=0):
    labels = np.asarray(labels)
    rng, rows = np.random.default_rng(seed), np.arange(len(labels))
    models = {m: 1 / (1 + np.exp(-labels - rng.normal(size=len(rows)))) for m in ("hybrid", "b")}
    return Scores(
        labels=labels, samples=rows, probabilities=models,
        patients=rows if patients is None else patients, folds=rows * 0 if folds is None else folds,
        decisions={m: p > 0.5 for m, p in models.items()},
    )  # fmt: skip


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    scores = make_scores(np.arange(80) % 2)
    one, two, three = (
        bootstrap_metrics(scores, draw_resamples(scores, resamples=50, seed=s)) for s in (1, 1, 2)
    )
    np.testing.assert_equal(one, two)
    assert not np.array_equal(one["hybrid"]["auroc"], three["hybrid"]["auroc"])


def test_every_resample_draws_as_many_patients_as_there_are():
    patients = np.repeat(np.arange(30), 3)
    drawn = draw_resamples(make_scores(np.arange(90) % 2, patients=patients), resamples=100)
    assert (drawn.counts.sum(0) == 30).all()
    weights = np.concatenate(list(drawn.chunks()), axis=1)
    assert (weights[0::3] == weights[1::3]).all()  # a patient's rows come and go together
    assert drawn.counts.var() == pytest.approx(1, abs=0.1)  # multinomial: (n - 1) / n


def test_chunks_do_not_change_the_draws(monkeypatch):
    scores = make_scores(np.arange(80) % 2)
    drawn = draw_resamples(scores, resamples=100)
    whole = bootstrap_auroc(scores, drawn)
    monkeypatch.setattr("hybrid_zoo.evaluation.bootstrap._CELLS", 80 * 16)
    np.testing.assert_allclose(bootstrap_auroc(scores, drawn)["b"], whole["b"], rtol=1e-14)


def test_one_class_resamples_are_redrawn_and_counted():
    labels = np.zeros(40, int)
    labels[0] = 1
    scores = make_scores(labels)
    drawn = draw_resamples(scores, resamples=500)
    assert drawn.redrawn > 150 and drawn.incomplete == 0  # 1/e of the resamples lack the event
    assert (drawn.counts[drawn.patient[0]] > 0).all()
    assert np.isfinite(bootstrap_auroc(scores, drawn)["hybrid"]).all()


def test_every_fold_keeps_both_classes_in_every_resample():
    labels, folds = np.arange(60) % 3 == 0, np.arange(60) // 3 % 5
    scores = make_scores(labels.astype(int), folds=folds)
    drawn = draw_resamples(scores, resamples=200)
    weights = np.concatenate(list(drawn.chunks()), axis=1)
    for fold in range(5):
        assert (weights[(folds == fold) & labels].sum(0) > 0).all()
    assert drawn.redrawn > 0


def test_a_fold_that_never_held_an_event_asks_for_no_redraw():
    labels = np.r_[np.arange(40) % 2, np.zeros(20, int)]
    scores = make_scores(labels, folds=np.repeat([0, 1, 2], 20))
    drawn = draw_resamples(scores, resamples=100)
    assert drawn.incomplete == 0 and np.isfinite(bootstrap_auroc(scores, drawn)["b"]).all()


def test_resampling_patients_is_wider_than_pretending_that_rows_are_independent():
    patients = np.repeat(np.arange(20), 6)
    shared = np.random.default_rng(0).normal(size=20)[patients]
    scores = make_scores((shared > 0).astype(int), patients=patients)
    p = 1 / (1 + np.exp(-shared - 2 * np.random.default_rng(1).normal(size=20)[patients]))
    scores = Scores(**{**vars(scores), "probabilities": {"hybrid": p, "b": p}})
    naive = Scores(**{**vars(scores), "patients": np.arange(120)})
    spread = [
        bootstrap_auroc(s, draw_resamples(s, resamples=300))["hybrid"].std()
        for s in (scores, naive)
    ]
    assert spread[0] > 1.5 * spread[1]


def test_an_undefined_value_has_an_undefined_interval():
    nothing = {"value": None, "low": None, "high": None}
    assert interval(float("nan"), np.ones(5)) == nothing
    assert interval(0.5, np.full(5, np.nan)) == nothing
    assert interval(0.5, np.r_[np.linspace(0, 1, 101), np.nan]) == pytest.approx(
        {"value": 0.5, "low": 0.025, "high": 0.975}
    )
