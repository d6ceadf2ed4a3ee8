import numpy as np
import pandas as pd
import pytest

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.tuning.features import Features, row_features
from hybrid_zoo.tuning.pixels import summarise_images
from hybrid_zoo.tuning.shortcuts import missingness_features


def _arrays(n=12, steps=8, seed=0):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(n, steps, 3)).astype(np.float32)
    series[rng.random(series.shape) < 0.3] = np.nan
    series[:, :, 2] = np.where(rng.random((n, steps)) < 0.2, 1, np.nan)
    images = rng.uniform(0, 255, (n, 2, 20, 24, 1)).astype(np.float32)
    images[::2, 1] = np.nan
    images[0] = np.nan
    tabular = np.stack([rng.normal(60, 9, n), rng.integers(0, 3, n)], 1).astype(np.float32)
    tabular[1] = np.nan
    ids = np.arange(n).astype(str)
    return CohortArrays(
        sample_ids=ids,
        patient_ids=ids,
        inputs={
            "sequence": series,
            "image": images,
            "tabular": tabular,
            "tokens": rng.integers(0, 3, (n, 6)).astype(np.int32),
        },
        labels={"death": (np.arange(n) % 2).astype(np.float32)},
        columns={"sequence": ("HR", "pH", "Vent"), "tabular": ("age", "ward")},
        kinds={"sequence": ("numeric", "numeric", "event"), "tabular": ("numeric", "categorical")},
        step_hours={"sequence": 2.0},
    )


def _column(features, name):
    return features.values[:, features.names.index(name)]


def _one_series(values, time=None):
    series = np.array(values, dtype=np.float32)[None, :, None]
    inputs = {"sequence": series}
    if time is not None:
        inputs["time"] = np.array(time, dtype=np.float32)[None]
    one = np.array(["a"])
    return row_features(
        CohortArrays(
            sample_ids=one,
            patient_ids=one,
            inputs=inputs,
            labels={},
            columns={"sequence": ("HR",)},
            step_hours={} if time is not None else {"sequence": 2.0},
        )
    )


def test_the_summaries_of_a_series_are_those_of_its_recorded_values():
    # hours 0, 2, 4, 6, 8 with the values 5, -, 1, 3, - : the window ends at hour 6
    features = _one_series([5, np.nan, 1, 3, np.nan])
    got = {
        n.removeprefix("sequence/HR/"): v
        for n, v in zip(features.names, features.values[0], strict=True)
    }
    expected = {"first": 5, "last": 3, "mean": 3, "minimum": 1, "maximum": 5, "recorded": 1}
    expected |= {"sd": np.std([5, 1, 3]), "slope": np.polyfit([0, 4, 6], [5, 1, 3], 1)[0]}
    expected |= {
        "log_count": np.log(4),
        "since_last": 0,
        "late_mean": 3,
        "late_log_count": np.log(2),
    }
    expected |= {"sequence/all/end": 6}
    assert {k: got[k] for k in expected} == pytest.approx(expected, abs=1e-6)
    assert np.isnan(got["late_slope"])


def test_irregular_hours_are_used_where_given():
    features = _one_series([1, 2, 4], time=[0.0, 1.0, 10.0])
    assert _column(features, "sequence/HR/slope") == pytest.approx(
        np.polyfit([0, 1, 10], [1, 2, 4], 1)[0], abs=1e-6
    )
    assert _column(features, "sequence/HR/late_first") == 4


def test_summaries_agree_with_pandas_on_every_row():
    arrays = _arrays()
    features, series = row_features(arrays, ["sequence"]), arrays.inputs["sequence"]
    for row in range(len(arrays)):
        values = pd.Series(series[row, :, 1]).dropna()
        got = {s: _column(features, f"sequence/pH/{s}")[row] for s in ("mean", "sd", "last")}
        expected = {"mean": values.mean(), "sd": values.std(ddof=0), "last": values.iloc[-1]}
        assert got == pytest.approx(expected, abs=1e-5)


def test_padding_absent_images_and_infinities_change_nothing():
    arrays = _arrays()
    longer = dict(arrays.inputs)
    for name in ("sequence", "image"):
        pad = np.full_like(longer[name][:, :2], np.nan)
        longer[name] = np.concatenate([longer[name], pad], axis=1)
    longer["sequence"] = np.where(np.isnan(longer["sequence"]), np.inf, longer["sequence"])
    longer["tokens"] = np.pad(longer["tokens"], ((0, 0), (0, 3)))
    padded = CohortArrays(**{**vars(arrays), "inputs": longer})
    np.testing.assert_allclose(row_features(padded).values, row_features(arrays).values, atol=1e-6)


def test_a_row_depends_on_itself_alone():
    arrays = _arrays()
    rows = np.array([7, 0, 3])
    part = CohortArrays(**{**vars(arrays), "inputs": arrays.take(rows)})
    np.testing.assert_array_equal(row_features(part).values, row_features(arrays).values[rows])


def test_an_event_counts_its_occurrences_and_is_never_missing():
    arrays = _arrays()
    features = row_features(arrays, ["sequence"])
    names = [n for n in features.names if "/Vent/" in n and "late" not in n]
    assert names == [f"sequence/Vent/{s}" for s in ("occurred", "log_count", "since_last")]
    times = np.nansum(arrays.inputs["sequence"][:, :, 2], axis=1)
    np.testing.assert_allclose(
        _column(features, "sequence/Vent/log_count"), np.log1p(times), rtol=1e-6
    )


@pytest.mark.parametrize("size", [(16, 16), (48, 40), (5, 9), (1, 1)])
def test_pictures_of_any_size_become_16_by_16(size):
    images = np.full((2, 1, *size, 3), 7, dtype=np.float32)
    images[1] = np.nan
    pictures, statistics = summarise_images(images)
    assert pictures.shape == (2, 512) and statistics.shape == (2, 17)
    assert (pictures[0] == 7).all() and np.isnan(pictures[1]).all()
    assert statistics[:, 0].tolist() == pytest.approx([np.log(2), 0])


def test_pictures_average_their_pixels_and_pool_the_bag():
    images = np.arange(2 * 32 * 32, dtype=np.float32).reshape(1, 2, 32, 32, 1)
    pictures, _ = summarise_images(images)
    small = images[0, ..., 0].reshape(2, 16, 2, 16, 2).mean((2, 4)).reshape(2, 256)
    np.testing.assert_allclose(pictures[0], np.r_[small.mean(0), small.max(0)], rtol=1e-6)


def test_missing_categories_stay_missing_and_terms_are_counted():
    arrays = _arrays()
    features = row_features(arrays)
    kind = dict(zip(features.names, features.kinds, strict=True))
    assert kind["tabular/ward"] == "category" and kind["tabular/age/recorded"] == "indicator"
    assert np.isnan(_column(features, "tabular/ward")[1])
    twos = (arrays.inputs["tokens"] == 2).sum(1)
    np.testing.assert_allclose(_column(features, "tokens/term/2"), np.log1p(twos), rtol=1e-6)


def test_missingness_features_hold_no_measured_value():
    arrays = _arrays()
    changed = {k: v * 3 + 1 if v.dtype == np.float32 else v for k, v in arrays.inputs.items()}
    other = missingness_features(CohortArrays(**{**vars(arrays), "inputs": changed}))
    features = missingness_features(arrays)
    np.testing.assert_array_equal(other.values, features.values)
    assert _column(features, "image/log_count")[0] == 0
    assert not any("Vent" in name for name in features.names)


def test_an_unknown_modality_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'sequences'\. Did you mean 'sequence'"):
        row_features(_arrays(), ["sequences"])


def test_features_must_agree_in_shape():
    table = Features(values=np.zeros((2, 1)), names=("a",), kinds=("numeric",))
    assert table.join(table).values.shape == (2, 2)
    with pytest.raises(ConfigError, match="2 names and 1 kinds"):
        Features(values=np.zeros((2, 1)), names=("a", "b"), kinds=("numeric",))


def test_rows_without_any_image_have_no_picture():
    pictures, statistics = summarise_images(np.full((2, 1, 20, 24, 1), np.nan, dtype=np.float32))
    assert np.isnan(pictures).all() and (statistics[:, 0] == 0).all()


def test_scikit_learn_indexes_features_by_rows_and_takes_them_for_an_array():
    features = row_features(_arrays(), ["tabular"])
    np.testing.assert_array_equal(np.asarray(features), features.values)
    np.testing.assert_array_equal(features[[3, 1], ...].values, features.values[[3, 1]])
    assert features.shape == (12, len(features.names))
