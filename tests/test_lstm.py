"""The LSTM of this zoo is Keras's, step by step and gradient by gradient."""

import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model, make_spec
from tiny_series import encoder

from hybrid_zoo.layers.lstm import LSTM, STOCK, stock_lstm
from hybrid_zoo.saving import load, save

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="of TensorFlow")

WAYS = {"kernel": (7, 16, 5), "kernels": (7, 16, 21), "loop": (111, 64, 60)}


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    """Kernels share the rows, also where the tests have one core."""
    monkeypatch.setattr("hybrid_zoo.layers.lstm_on_cpu._kernels", lambda: 2)


def some_steps(rows, steps):
    """A mask with gaps; a padded tail, a row of no step and one of all."""
    mask = np.random.default_rng(1).random((rows, steps)) < 0.6
    mask[0], mask[1], mask[-1] = np.arange(steps) < 2, False, True
    return mask


def results(layer, x, state, mask, rows):
    """Outputs, and gradients of a loss that uses every step, as a model's graph computes them."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((rows, *x.shape[1:]))])
    def compute(x):
        given = [x, *state]
        with tf.GradientTape() as tape:
            tape.watch(given)
            outputs = layer(x, initial_state=state or None, mask=mask)
            places = np.arange(outputs.shape[-1], dtype="float32")
            loss = tf.reduce_sum(tf.sin(outputs + places))
        return outputs, tape.gradient(loss, given + [v.value for v in layer.trainable_variables])

    outputs, gradients = compute(tf.constant(x))
    return outputs.numpy(), [g.numpy() for g in gradients]


def assert_as_in_keras(size, masked=False, know_rows=True, **options):
    """Compare a layer of Keras with one of this zoo that has its weights."""
    features, units, rows = size
    generator = np.random.default_rng(0)
    x = generator.normal(size=(rows, 6, features)).astype("float32")
    state = [keras.ops.convert_to_tensor(generator.normal(size=(rows, units)), "float32")] * 2
    stock, own = (c(units, return_sequences=True, **options) for c in (keras.layers.LSTM, LSTM))
    for layer in (stock, own):
        layer.build(x.shape)
        layer.set_weights(stock.get_weights())
    assert own.is_fast
    given = (x, state if know_rows else [], some_steps(rows, 6) if masked else None)
    expected, got = (results(a, *given, rows if know_rows else None) for a in (stock, own))
    np.testing.assert_allclose(got[0], expected[0], atol=1e-6)
    for ours, theirs in zip(got[1], expected[1], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("masked", [False, True], ids=["all steps", "some steps"])
@pytest.mark.parametrize("way", WAYS)
def test_outputs_and_gradients_are_those_of_keras(way, masked, backwards):
    assert_as_in_keras(WAYS[way], masked, go_backwards=backwards)


def test_odd_numbers_of_rows_and_features_are_no_reason_for_a_warning(capfd):
    assert_as_in_keras((9, 16, 3))
    assert "inefficient" not in capfd.readouterr().err


def test_steps_that_do_not_count_may_have_outputs_of_zero():
    assert_as_in_keras(WAYS["kernel"], masked=True, zero_output_for_mask=True)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("rows", [1, 9, 60])
def test_a_graph_that_does_not_know_its_rows_chooses_by_each_batch(rows, cores, monkeypatch):
    monkeypatch.setattr("hybrid_zoo.layers.lstm_on_cpu._kernels", lambda: cores)
    assert_as_in_keras((111, 64, rows), know_rows=False)


def operations(layer):
    """Names of the operations that a graph of the layer runs."""
    import tensorflow as tf

    layer.build((2, 3, 4))
    graph = tf.function(lambda x: layer(x)).get_concrete_function(tf.TensorSpec((2, 3, 4)))
    return {operation.type for operation in graph.graph.get_operations()}


def test_the_kernel_runs_unless_it_is_switched_off(monkeypatch):
    assert "BlockLSTMV2" in operations(LSTM(8))
    with stock_lstm():
        assert "BlockLSTMV2" not in operations(LSTM(8))
    monkeypatch.setenv(STOCK, "1")
    assert "BlockLSTMV2" not in operations(LSTM(8))


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"dropout": 0.1},
        {"recurrent_dropout": 0.1},
        {"return_state": True},
        {"stateful": True},
        {"unroll": True},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_what_the_kernel_does_not_know_runs_as_in_keras(options):
    layer = LSTM(8, **options)
    assert not layer.is_fast and "BlockLSTMV2" not in operations(layer)


def test_a_wide_layer_runs_as_in_keras():
    layer = LSTM(160)
    layer.build((None, None, 9))
    assert not layer.is_fast


def test_a_model_of_keras_layers_takes_the_weights_and_a_saved_one_comes_back(tmp_path):
    x = keras.random.normal((5, 6, 3), seed=1)
    inputs = keras.Input((None, 3))
    twin = keras.Sequential([inputs, keras.layers.LSTM(8), keras.layers.Dense(1)])
    model = keras.Sequential([inputs, LSTM(8, name="lstm"), keras.layers.Dense(1)])
    twin.save_weights(tmp_path / "twin.weights.h5")
    model.load_weights(tmp_path / "twin.weights.h5")
    expected = twin.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    save(model, tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert isinstance(again.layers[0], LSTM)
    np.testing.assert_allclose(again.predict(x, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["attention_lstm", "bilstm", "lstm"])
def test_every_encoder_of_lstm_layers_is_fast(name):
    layers = [x for x in encoder(name)._flatten_layers() if isinstance(x, keras.layers.LSTM)]
    assert layers and all(layer.is_fast for layer in layers)


def test_a_hybrid_is_exported_as_keras_does_it(tmp_path):
    import tensorflow as tf

    x = make_inputs()["sequence"]
    model = make_model(make_spec().only(["sequence"]), targets=["death"])
    model.export(tmp_path / "served", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "served")
    served = loaded.serve({"sequence": x})
    expected = model.predict({"sequence": x}, verbose=0)["death"]
    np.testing.assert_allclose(served["death"], expected, atol=1e-6)
