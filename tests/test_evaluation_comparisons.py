import numpy as np
import pytest

from hybrid_zoo.evaluation.bootstrap import bootstrap_auroc, draw_resamples
from hybrid_zoo.evaluation.comparisons import choose_test, clustered_test, compare_with, holm
from hybrid_zoo.evaluation.delong import delong_covariance, paired_test
from hybrid_zoo.evaluation.obuchowski import obuchowski_covariance
from hybrid_zoo.evaluation.scores import Scores


def make_pair(rows=60, *, per_patient=1, seed=0):
    rng = np.random.default_rng(seed)
    patients = np.arange(rows) // per_patient
    shared = rng.normal(size=rows)[patients]
    labels = (shared + rng.normal(size=rows) > 0.3).astype(int)
    return labels, (labels + shared + rng.normal(size=(2, rows))).round(1), patients


def make_scores(*, per_patient=1, folds=1, **models):
    labels, pair, patients = make_pair(per_patient=per_patient)
    p = 1 / (1 + np.exp(-pair))
    models = {"hybrid": p[0], "other": p[1], **models}
    return Scores(
        labels=labels, patients=patients, samples=np.arange(60), folds=patients % folds,
        probabilities=models, decisions={m: v > 0.5 for m, v in models.items()},
    )  # fmt: skip


def kernel(labels, score):
    events, others = score[labels == 1], score[labels == 0]
    return (events[:, None] > others) + 0.5 * (events[:, None] == others)


def test_delong_equals_the_quadratic_definition_with_ties():
    labels, pair, _ = make_pair()
    kernels = np.array([kernel(labels, score) for score in pair])  # (models, events, others)
    areas, (m, n) = kernels.mean((1, 2)), kernels.shape[1:]
    by_event = kernels.mean(2) - areas[:, None]
    by_other = kernels.mean(1) - areas[:, None]
    expected = by_event @ by_event.T / (m - 1) / m + by_other @ by_other.T / (n - 1) / n
    found_areas, found = delong_covariance(labels, pair)
    np.testing.assert_allclose(found_areas, areas, atol=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_obuchowski_equals_delong_at_one_sample_per_patient():
    labels, pair, patients = make_pair()
    for one, two in zip(
        delong_covariance(labels, pair), obuchowski_covariance(labels, pair, patients), strict=True
    ):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_obuchowski_equals_the_papers_sums_over_clusters():
    labels, pair, patients = make_pair(per_patient=3)
    kernels = np.array([kernel(labels, score) for score in pair])
    areas, (m, n) = kernels.mean((1, 2)), kernels.shape[1:]
    case_of, other_of = patients[labels == 1], patients[labels == 0]
    x, y, clusters = [], [], np.unique(patients)
    for c in clusters:
        x.append(kernels[:, case_of == c].mean(2).sum(1) - (case_of == c).sum() * areas)
        y.append(kernels[:, :, other_of == c].mean(1).sum(1) - (other_of == c).sum() * areas)
    x, y = np.array(x), np.array(y)
    i10, i01, i = len(set(case_of)), len(set(other_of)), len(clusters)
    s10, s01 = i10 / (i10 - 1) / m * x.T @ x, i01 / (i01 - 1) / n * y.T @ y
    s11 = i / (i - 1) * x.T @ y
    expected = s10 / m + s01 / n + s11 / (m * n) + s11.T / (m * n)
    found = obuchowski_covariance(labels, pair, patients)[1]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_copying_every_sample_shrinks_delongs_interval_but_not_obuchowskis():
    labels, pair, patients = make_pair()
    twice = (np.tile(labels, 2), np.tile(pair, 2), np.tile(patients, 2))
    plain = delong_covariance(*twice[:2])[1][0, 0] / delong_covariance(labels, pair)[1][0, 0]
    clustered = obuchowski_covariance(*twice)[1] / obuchowski_covariance(labels, pair, patients)[1]
    assert plain < 0.55
    np.testing.assert_allclose(clustered, 1, atol=1e-9)


def test_identical_models_differ_by_nothing_with_p_one():
    labels, pair, patients = make_pair(per_patient=2)
    result = clustered_test(labels, pair[[0, 0]], patients)
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)


def test_p_below_five_percent_means_an_interval_without_zero():
    for seed in range(20):
        labels, pair, patients = make_pair(per_patient=2, seed=seed)
        result = clustered_test(labels, pair, patients)
        assert (result.p < 0.05) == (result.low > 0 or result.high < 0)


def test_t_reference_widens_the_interval():
    args = delong_covariance(*make_pair()[:2])
    normal, t = paired_test(*args), paired_test(*args, degrees=5)
    assert t.p > normal.p and t.high - t.low > normal.high - normal.low


def test_holm_adjusts_in_order_and_stays_monotone():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.9])), [0.09, 0.04, 0.09, 0.9])
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("per_patient", "folds", "expected"),
    [(1, 1, "delong"), (3, 1, "obuchowski"), (1, 2, "cluster_bootstrap")],
)
def test_the_design_of_the_predictions_chooses_the_test(per_patient, folds, expected):
    scores = make_scores(per_patient=per_patient, folds=folds)
    draws = bootstrap_auroc(scores, draw_resamples(scores, resamples=200))
    (row,) = compare_with(scores, draws)
    assert choose_test(scores) == row["test"] == expected
    assert row["low"] < row["difference"] < row["high"] and 0 < row["p"] == row["p_holm"] <= 1


def test_bootstrap_agrees_with_delong_where_both_hold():
    scores = make_scores()
    draws = bootstrap_auroc(scores, draw_resamples(scores))
    expected = delong_covariance(scores.labels, np.array(list(scores.probabilities.values())))[1]
    found = np.cov([draws["hybrid"], draws["other"]])
    np.testing.assert_allclose(found, expected, rtol=0.15)


def test_a_difference_without_variance_falls_back_to_the_bootstrap():
    labels = make_pair()[0]
    flat, perfect = np.full(60, 0.5), np.where(labels == 1, 0.9, 0.1)
    scores = make_scores(hybrid=perfect, other=flat)
    draws = bootstrap_auroc(scores, draw_resamples(scores, resamples=200))
    (row,) = compare_with(scores, draws)
    assert row["test"] == "cluster_bootstrap" and row["difference"] == -0.5
    assert row["p"] == pytest.approx(2 / 201)
