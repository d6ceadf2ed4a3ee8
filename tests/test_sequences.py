import inspect

import numpy as np
import pytest
import tensorflow as tf
from tiny_series import NAN, SPEC, encode, encoder, in_half_precision, in_time, series

from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.sequence_inputs import CarryForward, Occurrences, series_scores
from hybrid_zoo.registries import SEQUENCE_ENCODERS
from hybrid_zoo.saving import load, save

every_encoder = pytest.mark.parametrize("name", sorted(SEQUENCE_ENCODERS))


def test_all_seven_encoders_are_registered_with_a_space_that_holds_their_defaults():
    assert len(SEQUENCE_ENCODERS) == 7
    for name, builder in SEQUENCE_ENCODERS.items():
        defaults = inspect.signature(builder).parameters
        space = SEQUENCE_ENCODERS.spaces[name]
        assert space and all(defaults[o].default in values for o, values in space.items())


@every_encoder
@in_time
def test_a_longer_tail_the_order_and_the_company_change_nothing(name, time):
    model, (x, hours) = encoder(name, time), series()
    whole = encode(model, x, hours)
    tail = np.pad(x, [(0, 0), (0, 6), (0, 0)], constant_values=NAN)
    late = np.pad(hours, [(0, 0), (0, 6)], constant_values=NAN)
    np.testing.assert_allclose(encode(model, tail, late), whole, atol=1e-6)
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_allclose(encode(model, x[order], hours[order]), whole[order], atol=1e-6)
    np.testing.assert_allclose(encode(model, x[2:3], hours[2:3]), whole[2:3], atol=1e-6)


@every_encoder
@in_time
def test_a_series_of_nothing_is_finite(name, time):
    x, hours = (np.full_like(a, NAN) for a in series())
    assert np.isfinite(encode(encoder(name, time), x, hours)).all()


@every_encoder
def test_the_hours_matter_and_hours_that_count_the_steps_are_a_grid(name):
    grid, model, (x, hours) = encoder(name), encoder(name, True), series()
    model.set_weights(grid.get_weights())
    steps = np.tile(np.arange(x.shape[1], dtype="float32"), (len(x), 1))
    expected = encode(grid, x, hours)
    np.testing.assert_allclose(encode(model, x, steps), expected, atol=1e-6)
    assert np.abs(encode(model, x, hours) - expected).max() > 1e-4


@every_encoder
@in_time
def test_gradients_reach_every_weight(name, time):
    model, (x, hours) = encoder(name, time), series(samples=24, steps=9)
    with tf.GradientTape() as tape:
        features = model([x, hours] if time else x)
        loss = tf.reduce_sum(features * np.arange(1, 5)) + tf.add_n(model.losses)
    slopes = tape.gradient(loss, model.trainable_weights)
    for weight, slope in zip(model.trainable_weights, slopes, strict=True):
        assert slope is not None and np.isfinite(slope).all(), weight.path
        assert np.abs(slope).max() > 0, weight.path


@every_encoder
def test_half_precision_reads_values_and_hours_in_full(name):
    full, (x, hours) = encoder(name, True), series()
    x[0, 0, 0], hours = 9e4, hours + 3000  # above half precision, and a month it reads in 2 hours
    model = in_half_precision(lambda: SEQUENCE_ENCODERS[name](SPEC, units=4, time=True))
    model.set_weights(full.get_weights())
    features, expected = encode(model, x, hours), encode(full, x, hours)
    assert features.dtype == "float16" and np.isfinite(features).all()
    np.testing.assert_allclose(features, expected, atol=0.02 * expected.max())
    hours[:, 4:] += 1e6
    assert np.isfinite(encode(model, x, hours)).all()


@every_encoder
def test_an_encoder_of_events_and_hours_is_saved(name, tmp_path):
    model, (x, hours) = encoder(name, True), series()
    again = load(save(model, tmp_path / "encoder.keras"))
    np.testing.assert_array_equal(encode(again, x, hours), encode(model, x, hours))


# ------------------------------------------------------------------ events


def test_an_event_is_left_alone_by_standardisation_and_its_zero_reads_as_nan():
    modality = SPEC["sequence"]
    assert modality.of_kind("event") == (2,)
    x = np.full((1, 3, 4), NAN, "float32")
    x[0, :, 2] = [1, 0, NAN]
    np.testing.assert_array_equal(series_scores(modality, x)[0, :, 2], [1, NAN, NAN])
    other = Occurrences([1, 3])(np.zeros((1, 1, 4), "float32"))
    np.testing.assert_array_equal(other[0, 0], [0, NAN, 0, NAN])


@in_time
def test_an_event_counts_where_it_occurs_and_fades_afterwards(time):
    x = np.full((1, 6, 2), NAN, "float32")
    x[0, 1], x[0, 4, 1] = 1, 1  # variable 0 is a value, variable 1 an event
    stamps = np.array([[0, 1, 3, 7, 8, 11]], "float32")
    channels, mask = CarryForward(events=[1])(x, stamps if time else None)
    value, event, seen, occurred, fresh, recent = np.asarray(channels)[0].T
    assert value.tolist() == [0, 1, 1, 1, 1, 1] and seen.tolist() == [0, 1, 0, 0, 0, 0]
    assert event.tolist() == occurred.tolist() == [0, 1, 0, 0, 1, 0]
    age = np.array([[0, 2, 6, 0, 3], [0, 1, 2, 0, 1]][not time])
    np.testing.assert_allclose(recent, [0, *1 / (1 + age)], rtol=1e-6)
    np.testing.assert_allclose(fresh[1:4], 1 / (1 + age[:3]), rtol=1e-6)
    assert np.asarray(mask).tolist() == [[True] * 5 + [False]]


@every_encoder
def test_zeros_of_an_event_change_nothing_and_its_occurrence_does(name):
    model, (x, hours) = encoder(name), series()
    zeros = x.copy()
    zeros[:, :, 2] = np.nan_to_num(x[:, :, 2])
    np.testing.assert_allclose(encode(model, zeros, hours), encode(model, x, hours), atol=1e-6)
    other = np.where(np.isnan(x), NAN, x)
    other[4, :4, 2] = np.where(np.isnan(x[4, :4, 2]), 1, NAN)
    difference = np.abs(encode(model, other, hours) - encode(model, x, hours))
    assert difference[4].max() > 1e-4 and difference[:4].max() < 1e-6


@every_encoder
def test_a_series_of_events_only_is_encoded(name):
    x = np.full((4, 5, 2), NAN, "float32")
    x[0, 1, 0] = x[1, 3, 1] = x[2, :, 0] = 1
    spec = InputSpec.from_arrays({"sequence": x}, kinds={"sequence": ("event",) * 2})
    features = np.asarray(SEQUENCE_ENCODERS[name](spec, units=8)(x))
    assert np.isfinite(features).all() and len(np.unique(features, axis=0)) == 4
