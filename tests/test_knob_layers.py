"""Dropout and L2 as weights: Keras's own layers, but that their strength changes without a trace."""

import keras
import numpy as np
import pytest

from hybrid_zoo.layers.knob_layers import PenalizedDense, VariableDropout
from hybrid_zoo.saving import load, save

X = np.random.default_rng(0).normal(size=(64, 40)).astype("float32")


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_the_same_units_are_dropped_as_by_keras(rate):
    ours, theirs = VariableDropout(rate), keras.layers.Dropout(rate, seed=1)
    if rate:
        ours.seed_generator = keras.random.SeedGenerator(1)
    found, expected = (np.asarray(layer(X, training=True)) for layer in (ours, theirs))
    np.testing.assert_array_equal(found == 0, expected == 0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(ours(X), X)


def test_everything_dropped_is_zero():
    assert not np.any(VariableDropout(1.0)(X, training=True))


def test_the_penalty_is_that_of_keras():
    ours = PenalizedDense(7, 0.02, activation="relu")
    theirs = keras.layers.Dense(
        7, activation="relu", kernel_regularizer=keras.regularizers.L2(0.02)
    )
    ours.build(X.shape), theirs.build(X.shape)
    theirs.kernel.assign(ours.kernel)
    np.testing.assert_allclose(ours(X), theirs(X), rtol=1e-6)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-6)
    assert len(ours.trainable_weights) == 2


def model(rate, l2, policy="float32"):
    x = keras.Input((40,))
    h = PenalizedDense(8, l2, activation="relu", dtype=policy)(x)
    y = keras.layers.Dense(1, dtype="float32")(VariableDropout(rate, dtype=policy)(h))
    found = keras.Model(x, y)
    found.compile("sgd", "mse", jit_compile=False)
    return found


def test_a_traced_step_follows_a_changed_strength():
    y = X[:, :1]
    found = model(0.0, 0.0)
    before = found.evaluate(X, y, verbose=0)
    dense = found.layers[1]
    dense.l2.assign(0.5)
    after = found.evaluate(X, y, verbose=0)
    penalty = 0.5 * float(np.sum(np.asarray(dense.kernel) ** 2))
    assert after - before == pytest.approx(penalty, rel=1e-4)
    found.fit(X, y, verbose=0)
    kept = dense.kernel.numpy()
    found.layers[2].rate.assign(1.0)  # nothing of the data reaches the kernel any more
    dense.l2.assign(0.0)
    found.fit(X, y, verbose=0)
    np.testing.assert_array_equal(dense.kernel, kept)


def test_strengths_are_saved_and_loaded(tmp_path):
    found = model(0.25, 0.1)
    found.layers[1].l2.assign(0.3)
    save(found, tmp_path / "m.keras")
    again = load(tmp_path / "m.keras")
    assert float(again.layers[1].l2) == pytest.approx(0.3)
    assert float(again.layers[2].rate) == pytest.approx(0.25)
    np.testing.assert_array_equal(again.predict(X, verbose=0), found.predict(X, verbose=0))


def test_half_precision_keeps_the_penalty_finite():
    found = model(0.3, 1.0, policy="mixed_float16")
    found.layers[1].kernel.assign(np.full((40, 8), 100.0))
    assert float(found.losses[0]) == pytest.approx(320 * 1e4, rel=1e-6)
    found.fit(X, X[:, :1], verbose=0)
