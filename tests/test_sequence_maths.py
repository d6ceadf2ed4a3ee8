import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_series import NAN, counts, encoder, in_half_precision, in_time, layer_of, series, wide

from hybrid_zoo.layers.gru_d import GRUD
from hybrid_zoo.layers.pool_steps import PoolSteps
from hybrid_zoo.layers.sequence_inputs import CarryForward
from hybrid_zoo.layers.time2vec import Time2Vec


def randomise(layer, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(0, scale, w.shape) for w in layer.get_weights()])


# ------------------------------------------------------------------ how many weights


def test_the_recurrent_layers_hold_as_many_weights_as_their_closed_forms_say():
    u, width = 16, 3 * 5  # 5 variables: value, mask and freshness of each
    lstm, gru = 4 * u * (width + u + 1), 3 * u * (width + u + 2)
    assert counts(wide("lstm", 5, units=u), keras.layers.LSTM) == [lstm, 4 * u * (2 * u + 1)]
    assert counts(wide("gru", 5, units=u), keras.layers.GRU) == [gru]
    assert counts(wide("gru", 5, units=u, layers=2), keras.layers.GRU)[1] == 3 * u * (2 * u + 2)
    assert counts(wide("attention_lstm", 5, units=u), keras.layers.LSTM)[0] == lstm
    second = 2 * 4 * u * (2 * u + u + 1)  # it reads both directions
    both = counts(wide("bilstm", 5, units=u, layers=2), keras.layers.Bidirectional)
    assert both == [2 * lstm, second]


def test_attention_adds_u_a_plus_2a_weights():
    model = wide("attention_lstm", 5, units=16)
    assert model.get_layer("attention").count_params() == 16 * 16 + 2 * 16


@pytest.mark.parametrize(("variables", "units", "expected"), [(37, 64, 29_194), (3, 4, None)])
def test_gru_d_holds_as_many_weights_as_the_paper_says(variables, units, expected):
    f, u = variables, units
    closed_form = 3 * u * (2 * f + u + 1) + 2 * f + f * u + u
    assert counts(wide("grud", f, units=u), GRUD) == [expected or closed_form] == [closed_form]


def test_the_convolutions_hold_k_times_in_times_out_weights_and_a_bias():
    found = counts(wide("tcn", 6, units=64, layers=2), keras.layers.Conv1D)
    shortcut = 18 * 64 + 64
    later = 3 * 64 * 64 + 64
    assert sorted(found) == sorted([3 * 18 * 64 + 64, later, shortcut, later, later])


def test_a_transformer_block_of_width_128_holds_132480_weights():
    models = (wide("transformer", 5, units=128, layers=n) for n in (1, 2))
    one, two = (sum(w.numpy().size for w in model.trainable_weights) for model in models)
    assert two - one == 4 * 128 * 129 + (128 * 256 + 256) + (256 * 128 + 128) + 4 * 128 == 132_480
    assert counts(wide("transformer", 5, units=128), keras.layers.MultiHeadAttention)[0] == 66_048


# ------------------------------------------------------------------ GRU-D


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def paper_gru_d(x, stamps, weights, units):
    """All states of one series, from the equations of Che et al. 2018; NaN is not observed."""
    wx, bx, wh, bh, kernel, recurrent, bias = (np.asarray(w, "float64") for w in weights)
    (wz, wr, w), (uz, ur, u), (bz, br, b) = (
        np.split(k, 3, axis=-1) for k in (kernel, recurrent, bias)
    )
    wz, uz, bz = -wz, -uz, -bz  # the paper's z takes the new state, Keras's keeps the old one
    width = x.shape[1]
    h, delta, last = np.zeros(units), np.zeros(width), np.zeros(width)
    states = []
    for t, row in enumerate(x):
        m = np.isfinite(row).astype(float)
        if t:
            before = np.isfinite(x[t - 1])
            delta = stamps[t] - stamps[t - 1] + np.where(before, 0, delta)
        decay_x, decay_h = (
            np.exp(-np.maximum(0, rate)) for rate in (wx * delta + bx, delta @ wh + bh)
        )
        value = np.where(m > 0, row, decay_x * last + (1 - decay_x) * 0.0)  # 0: the mean
        last = np.where(m > 0, row, last)
        h = decay_h * h
        read = np.concatenate([value, m])
        z, r = sigmoid(read @ wz + h @ uz + bz), sigmoid(read @ wr + h @ ur + br)
        new = np.tanh(read @ w + (r * h) @ u + b)
        h = (1 - z) * h + z * new
        states.append(h)
    return np.array(states)


@in_time
def test_gru_d_equals_the_equations_of_the_paper(time):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 11, 3)).astype("float32")
    x[rng.random(x.shape) < 0.6] = NAN
    lengths = np.array([11, 7, 4, 1, 9])
    for row, length in zip(x, lengths, strict=True):
        row[length - 1, 0], row[length:] = 0.5, NAN
    hours = np.cumsum(rng.uniform(0.1, 3, x.shape[:2]), axis=1).astype("float32")
    channels, mask = CarryForward(elapsed=True)(x, hours if time else None)
    layer, last = GRUD(4, return_sequences=True), GRUD(4)
    layer.build(channels.shape), last.build(channels.shape)
    randomise(layer)
    last.set_weights(layer.get_weights())
    states, final = layer(channels, mask=mask), last(channels, mask=mask)
    for k, length in enumerate(lengths):
        stamps = hours[k].astype("float64") if time else np.arange(11.0)
        expected = paper_gru_d(x[k, :length], stamps, layer.get_weights(), 4)
        np.testing.assert_allclose(states[k, :length], expected, atol=1e-6)
        np.testing.assert_allclose(final[k], expected[-1], atol=1e-6)


def test_gru_d_without_decay_or_gap_is_a_gru_over_values_and_masks():
    x = np.random.default_rng(0).normal(size=(4, 9, 3)).astype("float32")
    channels, mask = CarryForward(elapsed=True)(x)
    layer, gru = GRUD(5), keras.layers.GRU(5, reset_after=False)
    layer.build(channels.shape), gru.build((None, None, 6))
    gates = layer.get_weights()[4:]
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()[:4]] + gates)
    gru.set_weights(gates)
    expected = gru(np.concatenate([x, np.ones_like(x)], axis=-1))
    np.testing.assert_allclose(layer(channels, mask=mask), expected, atol=1e-6)


def test_gru_d_without_decay_forgets_nothing_over_a_gap_beyond_half_precision():
    channels, layer = np.ones((1, 2, 3), "float32"), in_half_precision(lambda: GRUD(2))
    layer.build(channels.shape)
    layer.set_weights([w * (i > 3) for i, w in enumerate(layer.get_weights())])
    expected = np.asarray(layer(channels))
    channels[:, 1, 2] = 1e6  # infinite there, and infinity times 0 is NaN
    np.testing.assert_array_equal(layer(channels), expected)


def test_the_summary_of_grud_is_an_option():
    plain, full = (wide("grud", 3, units=4, summary=on) for on in (False, True))
    assert not counts(plain, PoolSteps) and counts(full, PoolSteps) == [0]


# ------------------------------------------------------------------ convolutions


def states_of_tcn(layers, steps=40):
    """The states before pooling as a function of the channels, all weights positive."""
    model = wide("tcn", 2, units=4, layers=layers, dropout=0)
    channels = layer_of(model, CarryForward).output[0]
    core = keras.Model(channels, layer_of(model, PoolSteps).input[0])
    core.set_weights([np.abs(w) for w in core.get_weights()])
    return core, np.random.default_rng(0).uniform(0.5, 1, (1, steps, 6)).astype("float32")


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_tcn_sees_1_plus_4_times_2_to_the_layers_minus_1_steps(layers):
    core, x = states_of_tcn(layers)
    moved = x.copy()
    moved[0, 5] += 1
    reached = np.flatnonzero(np.any(np.asarray(core(moved)) != np.asarray(core(x)), axis=(0, 2)))
    field = 1 + 2 * (3 - 1) * (2**layers - 1)
    assert reached.tolist()[:: field - 1] == [5, 5 + field - 1]


def test_a_tcn_never_looks_ahead():
    core, x = states_of_tcn(3)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        state = tf.reduce_sum(core(x)[:, 17])
    slope = np.abs(tape.gradient(state, x)[0]).sum(axis=-1)
    assert (slope[18:] == 0).all() and (slope[16:18] > 0).all()


# ------------------------------------------------------------------ time and attention


def test_time2vec_is_linear_in_its_first_unit_and_a_sine_in_the_others():
    hours = np.sort(np.random.default_rng(0).uniform(-9, 90, (2, 6))).astype("float32")
    layer = Time2Vec()
    layer.build((None, None, 5), (None, None))
    randomise(layer)
    w, b = layer.get_weights()
    found = np.asarray(layer(np.full((2, 6, 5), 2, "float32"), hours)) - 2
    angle = hours[:, :, None].astype("float64") * w + b
    np.testing.assert_allclose(found[..., 0], angle[..., 0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[..., 1:], np.sin(angle[..., 1:]), atol=2e-5)


def test_time2vec_starts_as_the_sines_and_cosines_of_the_transformer():
    found = np.asarray(Time2Vec()(np.zeros((1, 30, 7), "float32")))[0]
    for step, k in np.ndindex(30, 3):
        angle = step / 10_000 ** (2 * k / 7)
        pair = found[step, 1 + 2 * k : 3 + 2 * k]
        np.testing.assert_allclose(pair, [np.sin(angle), np.cos(angle)], atol=1e-5)


@in_time
def test_attention_weights_sum_to_one_and_are_zero_on_padding(time):
    model, (x, hours) = encoder("attention_lstm", time), series()
    view = keras.Model(model.inputs, model.get_layer("attention").output[1])
    weights = np.asarray(view([x, hours] if time else [x]))
    recorded = np.isfinite(x).any(axis=-1)
    recorded[:, 0] = True  # the first step counts even where nothing is known
    last = recorded.shape[1] - recorded[:, ::-1].argmax(axis=1)
    valid = np.arange(x.shape[1]) < last[:, None]
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (weights[~valid] == 0).all() and (weights[valid] > 0).all()
    assert weights[-1].tolist() == [1, *[0] * (x.shape[1] - 1)]


def test_attention_averages_the_states_with_the_weights_it_shows():
    model, (x, _) = encoder("attention_lstm"), series()
    layer = model.get_layer("attention")
    states, pooled, weights = (
        np.asarray(t) for t in keras.Model(model.input, [layer.input[0], *layer.output])(x)
    )
    np.testing.assert_allclose(pooled, np.einsum("bt,btu->bu", weights, states), atol=1e-6)


@pytest.mark.parametrize(("name", "ahead"), [("lstm", False), ("bilstm", True)])
def test_only_both_directions_know_at_the_first_step_what_comes_later(name, ahead):
    model, (x, _) = encoder(name), series()
    states = keras.Model(model.input, layer_of(model, PoolSteps).input[0])
    changed = x.copy()
    changed[3:5, -1] = 120
    first, other = np.asarray(states(x))[3:5, 0], np.asarray(states(changed))[3:5, 0]
    assert (np.abs(first - other).max() > 1e-4) == ahead
