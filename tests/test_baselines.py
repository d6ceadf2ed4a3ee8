import pickle
import zlib

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from hybrid_zoo.errors import ConfigError, CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.tuning.baselines import BASELINES, FittedBaseline, baseline
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.same_information import SameInformation
from hybrid_zoo.tuning.shortcuts import score_values, shortcut_features
from hybrid_zoo.tuning.storage import load_baseline, save_baseline

SAME = ["logistic_regression", "svm", "random_forest", "gradient_boosting"]


def _features(rows=240, seed=0):
    """Two useful numbers, one useful category, and a block of every other kind; a fifth missing."""
    rng = np.random.default_rng(seed)
    kinds = ["numeric"] * 4 + ["indicator", "category"] + ["terms"] * 6 + ["pixels"] * 8
    parts = {"terms": "tokens", "pixels": "image"}
    values = rng.normal(size=(rows, len(kinds))).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 4] = rng.random(rows) < 0.5
    values[:, 5] = rng.integers(0, 3, rows)
    values[:, 6:12] = rng.poisson(1, (rows, 6))
    values[rng.random(rows) < 0.1, 12:] = np.nan
    risk = np.nan_to_num(values[:, 0]) - np.nan_to_num(values[:, 1]) + (values[:, 5] == 2)
    names = tuple(f"{parts.get(kind, 'tabular')}/{i}" for i, kind in enumerate(kinds))
    return Features(values=values, names=names, kinds=tuple(kinds)), risk


@pytest.mark.parametrize("name", SAME)
def test_every_baseline_finds_a_signal_among_all_kinds_of_columns(name):
    x, risk = _features()
    y = (risk > np.median(risk)).astype(np.float32)
    fitted = baseline(name).fit(
        x.take(np.arange(160)), y[:160], baseline(name).configurations(1, 0)[0]
    )
    logits = fitted.logits(x.take(np.arange(160, 240)))
    assert logits.shape == (80,) and np.isfinite(logits).all()
    assert roc_auc_score(y[160:], logits) > 0.75


@pytest.mark.parametrize("name", [*SAME, "missingness", "shortcuts", "majority"])
def test_every_configuration_fits_three_classes_with_unknown_labels(name):
    x, risk = _features(90)
    y = np.digitize(risk, np.quantile(risk, [0.3, 0.6])).astype(np.float32)
    y[:9] = np.nan
    for config in BASELINES[name].configurations(3, seed=1):
        fitted = BASELINES[name].fit(x, y, config, n_classes=3)
        logits = fitted.logits(x)
        assert logits.shape == (90, 3) and np.isfinite(logits).all()


def test_a_class_that_training_never_saw_gets_the_lowest_score():
    x, risk = _features(60)
    for name in SAME:
        config = BASELINES[name].configurations(1, 0)[0]
        logits = BASELINES[name].fit(x, 2.0 * (risk > 0), config, n_classes=3).logits(x)
        assert (logits[:, 1] < logits[:, [0, 2]].min(1)).all()


@pytest.mark.parametrize("labels", [np.zeros(60), np.ones(60)])
def test_rows_of_one_class_give_a_constant(labels):
    x, _ = _features(60)
    fitted = baseline("svm").fit(x, labels, baseline("svm").configurations(1, 0)[0])
    logits = fitted.logits(x)
    assert np.ptp(logits) == 0 and (logits > 0).all() == bool(labels[0])


def test_columns_that_say_nothing_give_a_constant():
    x, y = _features(60)
    blank = Features(values=np.full_like(x.values, np.nan), names=x.names, kinds=x.kinds)
    for name in SAME:
        config = BASELINES[name].configurations(1, 0)[0]
        assert np.ptp(BASELINES[name].fit(blank, 1.0 * (y > 0), config).logits(x)) == 0


def test_rows_that_lack_a_whole_modality_and_new_categories_are_scored():
    x, risk = _features(120)
    strange = x.values[:2].copy()
    strange[0], strange[1, 5] = np.nan, 9
    strange[0, 4], strange[0, 6:12] = 0, 0
    for name in SAME:
        fitted = BASELINES[name].fit(x, 1.0 * (risk > 0), BASELINES[name].configurations(1, 0)[0])
        assert np.isfinite(
            fitted.logits(Features(values=strange, names=x.names, kinds=x.kinds))
        ).all()


@pytest.mark.parametrize("name", SAME)
def test_the_same_seed_gives_the_same_scores(name):
    x, risk = _features(120)
    config = baseline(name).configurations(4, 7)[3]
    assert config == baseline(name).configurations(4, 7)[3]
    one, two = (baseline(name).fit(x, 1.0 * (risk > 0), config, seed=5).logits(x) for _ in "ab")
    np.testing.assert_array_equal(one, two)


def test_a_score_keeps_its_own_order():
    x = np.array([1, 5, 3, np.nan, 80, 2, 9, 7], dtype=np.float32)
    score = Features(values=x[:, None], names=("score/sofa",), kinds=("numeric",))
    model = baseline("score:sofa")
    fitted = model.fit(score, np.array([0, 1, 0, 0, 1, 0, 1, 1.0]), model.configurations(5, 0)[0])
    logits = fitted.logits(score)
    assert (np.argsort(logits[~np.isnan(x)]) == np.argsort(x[~np.isnan(x)])).all()
    assert len(model.configurations(5, 0)) == 1


def test_an_unknown_baseline_and_unknown_labels_are_refused():
    with pytest.raises(ConfigError, match=r"'random_forrest'\. Did you mean 'random_forest'"):
        baseline("random_forrest")
    x, _ = _features(20)
    with pytest.raises(ConfigError, match="none of the 20 labels is known"):
        baseline("svm").fit(x, np.full(20, np.nan), {"model": "svm"})


@pytest.mark.parametrize("name", [*SAME, "majority"])
def test_a_saved_baseline_scores_as_before(name, tmp_path):
    x, risk = _features(120)
    fitted = baseline(name).fit(x, 1.0 * (risk > 0), baseline(name).configurations(1, 0)[0])
    path = save_baseline(tmp_path / "baselines" / f"{name}.skops", fitted.pipeline)
    again = FittedBaseline(name, load_baseline(path))
    np.testing.assert_array_equal(again.logits(x), fitted.logits(x))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_foreign_or_damaged_file_is_not_opened(tmp_path):
    foreign = Pipeline([("model", np.random.RandomState)])
    (tmp_path / "foreign.skops").write_bytes(skops.io.dumps(foreign))
    with pytest.raises(UnsafeArtifactError, match="RandomState"):
        load_baseline(tmp_path / "foreign.skops")
    (tmp_path / "pickle.skops").write_bytes(pickle.dumps(foreign))
    whole = save_baseline(
        tmp_path / "whole.skops",
        baseline("majority")
        .fit(_features(20)[0], np.arange(20) % 2.0, {"model": "majority"})
        .pipeline,
    )
    (tmp_path / "cut.skops").write_bytes(whole.read_bytes()[:-40])
    for name in ("pickle.skops", "cut.skops", "absent.skops"):
        with pytest.raises(CorruptArtifactError, match=name):
            load_baseline(tmp_path / name)


def _cohort():
    samples = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(10)],
            "death": np.arange(10) % 2,
            "age": np.arange(50.0, 60),
            "delay": [1.5, None, *range(8)],
            "desk": ["a", "b", None, *"abababa"],
            "sofa": [None, *range(9)],
        }
    )
    return Cohort.from_frames(
        samples,
        targets={"death": {"kind": "binary"}},
        tabular={"age": {"kind": "numeric"}},
        shortcuts=["delay", "desk"],
        scores=["sofa"],
    )


def test_declared_shortcuts_and_scores_become_features():
    cohort = _cohort()
    x = shortcut_features(cohort)
    assert x.names == ("shortcuts/delay", "shortcuts/delay/recorded", "shortcuts/desk")
    assert x.kinds == ("numeric", "indicator", "category")
    assert np.isnan(x.values).sum(0).tolist() == [1, 0, 1]
    assert score_values(cohort, "sofa").values[1:, 0].tolist() == list(range(9))
    with pytest.raises(ConfigError, match=r"'sofas'.* Did you mean 'sofa'"):
        score_values(cohort, "sofas")


def test_shortcuts_of_images_are_reduced_per_sample():
    cohort = _cohort()
    images = pd.DataFrame(
        {
            "sample_id": ["s0", "s0", "s0", "s2", "s2"],
            "desk_light": ["on", "off", "on", "on", "off"],
            "grey": [1.0, 2, 6, 4, np.nan],
        }
    )
    samples = cohort.samples
    config = cohort.config.model_copy(update={"shortcuts": ("desk_light", "grey")})
    x = shortcut_features(
        type("Part", (), {"config": config, "samples": samples, "images": images})
    )
    assert x.values[[0, 2], 0].tolist() == [zlib.crc32(v) % 2**24 for v in (b"on", b"off")]
    assert x.values[[0, 2], 1].tolist() == [3, 4] and np.isnan(x.values[1, 1])


def test_few_pictures_give_no_more_components_than_they_span():
    x, risk = _features(60)
    values = x.values.copy()
    values[5:, 12:] = np.nan  # five rows with a picture of eight pixels
    few = Features(values=values, names=x.names, kinds=x.kinds)
    encoder = SameInformation().fit(few, risk > 0)
    components = [n for n in encoder.get_feature_names_out() if n.startswith("image/pca")]
    assert len(components) == 4
    twice = encoder.fit_transform(few, risk > 0)
    np.testing.assert_allclose(encoder.transform(few), twice, atol=1e-3)
