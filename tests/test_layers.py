import keras
import numpy as np
import pytest

from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.bag import FillAbsentImages, PoolBag
from hybrid_zoo.layers.masking import masked_max, masked_mean, scrub
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.presence import Presence, Scrub
from hybrid_zoo.layers.sequence_inputs import CarryForward, SequenceSummary
from hybrid_zoo.layers.standardize import Standardize
from hybrid_zoo.layers.tabular_inputs import (
    Columns,
    OneHotCodes,
    WithMissingFlags,
    tabular_inputs,
)

NAN = np.nan


def series(samples=5, steps=7, variables=3, seed=0):
    """Series with gaps; the last sample is empty and the others end before the last step."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, steps, variables)).astype("float32")
    x[rng.random(x.shape) < 0.5] = NAN
    x[:, -2:] = NAN
    x[-1] = NAN
    return x


def arrays(tensors):
    return [keras.ops.convert_to_numpy(t) for t in tensors]


@pytest.mark.parametrize("irregular", [False, True])
def test_carry_forward_equals_a_loop(irregular):
    x = series()
    hours = np.cumsum(np.random.default_rng(1).uniform(0, 4, x.shape[:2]), axis=1)
    time = hours.astype("float32") if irregular else np.tile(np.arange(7.0), (5, 1))
    expected = np.zeros((5, 7, 9))
    for sample, variable in np.ndindex(5, 3):
        last = None
        for step in range(7):
            seen = np.isfinite(x[sample, step, variable])
            last = step if seen else last
            if last is not None:
                age = time[sample, step] - time[sample, last]
                cell = x[sample, last, variable], seen, 1 / (1 + age)
                expected[sample, step, variable::3] = cell
    channels, _ = arrays(CarryForward()(x, time if irregular else None))
    np.testing.assert_allclose(channels, expected, atol=1e-6)


def test_carry_forward_masks_what_follows_the_last_observation():
    x = np.full((3, 4, 2), NAN, "float32")
    x[0, 1, 1] = x[0, 2, 0] = x[1, 3, 0] = 1
    _, mask = arrays(CarryForward()(x))
    assert mask.tolist() == [[True] * 3 + [False], [True] * 4, [True, False, False, False]]


def summary_of(values):
    """The eight statistics of one variable, from a list with NaN."""
    steps = np.flatnonzero(np.isfinite(values))
    seen = values[steps]
    if not len(seen):
        return np.zeros(8)
    centered, spread = seen - seen.mean(), steps - steps.mean()
    trend = (centered * spread).mean() / np.sqrt((spread**2).mean() + 1e-7)
    deviation = np.sqrt(seen.var() + 1e-7) if len(seen) > 1 else 0
    extremes = [seen[0], seen[-1], seen.mean(), seen.min(), seen.max()]
    return np.array([*extremes, deviation, trend, np.log1p(len(seen)) / 3])


def test_the_summary_equals_a_loop_over_eight_statistics():
    x = series(8, 9, 4)
    x[0, :, 0], x[1, :, 1] = NAN, NAN
    x[1, 3, 1] = 2.0  # a single value: no deviation, no trend
    expected = np.stack([[summary_of(x[s, :, v]) for v in range(4)] for s in range(8)])
    found = keras.ops.convert_to_numpy(SequenceSummary()(x)).reshape(8, 8, 4)
    np.testing.assert_allclose(found.transpose(0, 2, 1), expected, atol=1e-5)


def test_standardize_equals_the_formula_and_clips():
    x = np.array([[1.0, 9.0, 4.0], [NAN, -3.0, 1e9], [np.inf, 0.0, -np.inf]], "float32")
    layer = Standardize([2, 1, 4], [4, 0.25, 9], [False, True, False], clip=3)
    logs = (np.log1p([9, 0, 0]) - 1) / 0.5  # a negative value reads as 0
    expected = [[-0.5, logs[0], 0], [NAN, logs[1], 3], [NAN, logs[2], NAN]]
    np.testing.assert_allclose(layer(x), expected, rtol=1e-6)


def test_a_spec_takes_the_logarithm_of_long_tails_only():
    rng = np.random.default_rng(0)
    table = np.stack([rng.normal(50, 5, 400), rng.lognormal(0, 2, 400)], axis=1)
    modality = InputSpec.from_arrays({"tabular": table})["tabular"]
    assert modality.skewed == (False, True)
    logs = np.log1p(table[:, 1])
    np.testing.assert_allclose(modality.mean, [table[:, 0].mean(), logs.mean()])
    np.testing.assert_allclose(modality.variance, [table[:, 0].var(), logs.var()])


def test_codes_have_slots_for_known_unknown_and_missing():
    layer = OneHotCodes([True, False, True])
    codes = np.array([[0], [1], [2], [3], [-1], [NAN], [np.inf]], "float32")
    known, unknown, missing = [1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]
    expected = [known, unknown, [0, 0, 1, 0, 0], unknown, unknown, missing, missing]
    np.testing.assert_array_equal(layer(codes), expected)


def test_a_table_becomes_scores_flags_and_slots():
    table = np.array([[10.0, 1, 7], [20.0, 0, 7], [NAN, NAN, 7]], "float32")
    modality = InputSpec.from_arrays({"tabular": table}, categorical=[1])["tabular"]
    expected = [
        [-1, 0, 0, 0, 0, 1, 0, 0],  # score, constant, two flags, codes 0 and 1, unknown, missing
        [1, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(tabular_inputs(modality, table), expected, atol=1e-6)


def test_an_absent_image_is_filled_with_a_present_one_and_marked():
    bag = np.full((3, 2, 2, 2, 1), NAN, "float32")
    bag[0, 1], bag[2, 0] = 5, 6
    images, real = arrays(FillAbsentImages()(bag))
    assert real.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert images.shape == (6, 2, 2, 1) and set(images.ravel()) == {5, 6}
    assert (images[1] == 5).all() and (images[4] == 6).all()


def test_a_partly_observed_image_counts_as_present_and_stays_as_it_is():
    bag = np.full((1, 2, 2, 2, 1), NAN, "float32")
    bag[0, 1, 0, 0] = 3
    images, real = arrays(FillAbsentImages()(bag))
    assert real.tolist() == [[0, 1]]
    np.testing.assert_array_equal(images[0], bag[0, 1])


@pytest.mark.parametrize(("pooling", "reduce"), [("mean", np.mean), ("max", np.max)])
def test_pooling_a_bag_equals_a_loop_over_the_real_images(pooling, reduce):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(12, 5)).astype("float32")
    real = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0], [0, 1, 0]], "float32")
    rows = [f[r > 0] for f, r in zip(features.reshape(4, 3, 5), real, strict=True)]
    expected = [reduce(r, axis=0) if len(r) else np.zeros(5) for r in rows]
    np.testing.assert_allclose(PoolBag(pooling)(features, real), expected, rtol=1e-6)


def test_pooling_steps_equals_a_loop_over_the_valid_ones():
    states = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    valid = np.arange(5)[None] < np.array([[1], [3], [5]])
    parts = [s[v] for s, v in zip(states, valid, strict=True)]
    expected = [np.concatenate([p[-1], p.mean(axis=0), p.max(axis=0)]) for p in parts]
    np.testing.assert_allclose(PoolSteps()(states, valid), expected, rtol=1e-5)


def test_presence_sees_a_single_cell_and_a_single_token():
    table = np.array([[NAN, NAN], [NAN, 0.0], [np.inf, NAN]], "float32")
    assert arrays([Presence()(table)])[0].tolist() == [[0], [1], [0]]
    tokens = np.array([[0, 0], [0, 4]], "int32")
    assert arrays([Presence()(tokens)])[0].tolist() == [[0], [1]]


def test_scrub_leaves_nothing_that_is_not_finite():
    x = np.array([NAN, np.inf, -np.inf, 1e38, -2.0], "float32")
    for scrubbed in (scrub(keras.ops.convert_to_tensor(x)), Scrub()(x)):
        np.testing.assert_array_equal(scrubbed, np.array([0, 0, 0, 1e38, -2], "float32"))


def test_masked_reductions_of_nothing_are_zero():
    x, nothing = np.full((1, 3), -7.0, "float32"), np.zeros((1, 3), "float32")
    assert float(masked_mean(x, nothing)[0]) == float(masked_max(x, nothing)[0]) == 0
    assert float(masked_max(x, nothing + 1)[0]) == -7


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (Standardize([1, 2], [3, 4], [True, False], clip=2), [(2,)]),
        (OneHotCodes([True, False]), [(1,)]),
        (Columns([1, 0]), [(2,)]),
        (WithMissingFlags(), [(2,)]),
        (CarryForward(), [(4, 2), (4,)]),
        (SequenceSummary(), [(4, 2)]),
        (Presence(), [(4, 2)]),
        (PoolSteps(), [(4, 2), (4,)]),
        (FillAbsentImages(), [(2, 8, 8, 1)]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_symbolic_shape_is_the_real_one_and_the_config_rebuilds_the_layer(layer, shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    x = [np.ones((3, *shape), "float32") for shape in shapes]
    twin = type(layer).from_config(layer.get_config())
    symbolic, real, again = (
        keras.tree.flatten(result) for result in (layer(*inputs), layer(*x), twin(*x))
    )
    for spec, value, other in zip(symbolic, real, again, strict=True):
        known = [s in (None, n) for s, n in zip(spec.shape, value.shape, strict=True)]
        assert all(known) and spec.dtype == keras.backend.standardize_dtype(value.dtype)
        np.testing.assert_array_equal(value, other)


def test_the_pooling_of_a_bag_is_saved():
    assert PoolBag.from_config(PoolBag("max").get_config()).pooling == "max"
