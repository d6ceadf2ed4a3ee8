import inspect
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import CONFIG, blank, join, make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registries import FUSIONS
from hybrid_zoo.saving import load, save

WIDTHS = {"image": 7, "sequence": 5, "tabular": 3}
PRESENT = np.array(list(itertools.product((0, 1), repeat=3)), "float32")
"""All subsets of three modalities, from none to all, one per row."""

JOINT = [name for name in FUSIONS if name != "late"]
"""The fusions that have joint features."""

every_joint_fusion = pytest.mark.parametrize("name", JOINT)
every_new_fusion = pytest.mark.parametrize("name", [name for name in JOINT if name != "concat"])


def make_fuser(name, widths=WIDTHS, **options):
    """A model of a fusion, with nothing dropped unless asked, and no bias at 0 to hide a mistake."""
    features = {m: keras.Input((width,), name=m) for m, width in widths.items()}
    presence = {m: keras.Input((1,), name=f"{m}_presence") for m in widths}
    settings = {"units": 8, "dropout": 0.0} | options
    fused = FUSIONS[name](**settings)(features, presence)
    model = keras.Model([*features.values(), *presence.values()], fused)
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign_add(rng.normal(0, 0.1, weight.shape))
    return model


def make_batch(present=PRESENT, widths=WIDTHS, absent=0.0):
    """Random features, each `absent` where its modality is."""
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(len(present), w)).astype("float32") for w in widths.values()]
    flags = np.split(np.asarray(present, "float32"), len(widths), axis=1)
    shown = [
        np.where(there > 0, x, np.float32(absent)) for x, there in zip(features, flags, strict=True)
    ]
    return [*shown, *flags]


def inside(model, layer, output=None):
    """The model that ends at a layer, or at one of its outputs."""
    found = model.get_layer(layer).output
    return keras.Model(model.inputs, found if output is None else found[output])


@every_joint_fusion
def test_every_subset_of_the_modalities_fuses_to_finite_features(name):
    fused = make_fuser(name)(make_batch())
    assert fused.shape == (8, 8) and np.isfinite(fused).all() and np.ptp(fused) > 0


@every_new_fusion
@pytest.mark.parametrize("garbage", [1e9, np.nan, np.inf])
def test_whatever_stands_in_the_place_of_an_absent_modality_changes_nothing(name, garbage):
    model = make_fuser(name)
    np.testing.assert_array_equal(model(make_batch(absent=garbage)), model(make_batch()))


@every_joint_fusion
def test_the_fusion_of_a_sample_depends_on_no_other(name):
    model, x = make_fuser(name), make_batch()
    whole, order = model(x).numpy(), np.random.default_rng(1).permutation(8)
    np.testing.assert_allclose(model([v[order] for v in x]), whole[order], atol=1e-6)
    for row in (0, 2, 7):
        alone = model([v[row : row + 1] for v in x])
        np.testing.assert_allclose(alone, whole[row : row + 1], atol=1e-6)


@every_joint_fusion
def test_every_modality_present_moves_the_features(name):
    model, x = make_fuser(name), make_batch(np.ones((4, 3)))
    for position in range(3):
        other = [v + 1 if i == position else v for i, v in enumerate(x)]
        assert np.abs(model(other) - model(x)).max() > 1e-3


@every_joint_fusion
def test_gradients_reach_every_trainable_weight_of_a_fusion(name):
    keras.utils.set_random_seed(0)
    model, x = make_fuser(name, units=16), make_batch()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x) ** 2)
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    still = [
        weight.path
        for weight, g in zip(model.trainable_weights, gradients, strict=True)
        if g is None or not np.abs(tf.convert_to_tensor(g)).max() > 1e-4
    ]
    # A bias common to all keys shifts all scores of a query alike: it has no gradient by nature.
    assert all(path.endswith("key/bias") for path in still) and gradients


@every_joint_fusion
def test_a_saved_fusion_predicts_the_same_with_every_option_unusual(name, tmp_path):
    options = {"units": 5, "dropout": 0.1, "l2": 0.01}
    options |= {"layers": 2} if "layers" in inspect.signature(FUSIONS[name]).parameters else {}
    assert set(options) == set(inspect.signature(FUSIONS[name]).parameters)
    model, x = make_fuser(name, **options), make_batch()
    again = load(save(model, tmp_path / "fusion.keras"))
    assert again.count_params() == model.count_params()
    np.testing.assert_array_equal(again(x), model(x))


@every_joint_fusion
def test_a_fusion_is_finite_in_half_precision(name):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = make_fuser(name)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    fused = model(make_batch(), training=True)
    assert fused.dtype == "float16" and np.isfinite(fused).all()


@pytest.mark.parametrize("name", [name for name in FUSIONS if name != "concat"])
def test_one_modality_alone_is_not_fused(name):
    with pytest.raises(ConfigError, match=rf"{name} got \['image'\]; expected at least two"):
        make_fuser(name, {"image": 7})


@pytest.mark.parametrize("name", list(FUSIONS))
@pytest.mark.parametrize("knob", [{"units": 0}, {"dropout": 1}, {"l2": -1}], ids=str)
def test_a_fusion_refuses_an_impossible_knob(name, knob):
    with pytest.raises(ConfigError, match=f"{name}: .* is impossible"):
        FUSIONS[name](**knob)


def test_attention_refuses_to_have_no_layer():
    with pytest.raises(ConfigError, match="attention: layers=0 is impossible"):
        FUSIONS["attention"](layers=0)


@pytest.mark.parametrize("name", list(FUSIONS))
def test_a_hybrid_of_any_fusion_predicts_for_every_subset(name):
    arrays = {k: make_inputs()[k] for k in ("tabular", "tokens")}
    model = make_model(make_spec(arrays), fusion=name)
    absent = ([], ["tabular"], ["tokens"], ["tabular", "tokens"])
    batch = join([blank(arrays, names) for names in absent])
    found = model.predict(batch, batch_size=96, verbose=0)["death"]
    assert found.shape == (96, 1) and ((0 < found) & (found < 1)).all()


def test_late_fusion_averages_the_logits_of_the_present_modalities():
    arrays = {k: make_inputs()[k] for k in ("tabular", "tokens")}
    model = make_model(make_spec(arrays), fusion="late")
    arrays["tabular"][:4] = np.nan
    arrays["tokens"][2:6] = 0
    tabular, tokens = (model.output[f"death_logit__{m}"] for m in ("tabular", "tokens"))
    single = keras.Model(model.input, [tabular, tokens])
    a, b = single.predict(arrays, verbose=0)
    expected = np.concatenate([b[:2], 0 * a[2:4], a[4:6], (a[6:] + b[6:]) / 2])
    found = model.logits.predict(arrays, verbose=0)["death"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_gated_unit_of_two_modalities_is_that_of_the_paper():
    widths = {"image": 7, "sequence": 5}
    model, (v, t, *there) = make_fuser("gated", widths), make_batch(np.ones((6, 2)), widths)
    to_v, to_t, gate = model.get_layer("gated").get_weights()
    z = 1 / (1 + np.exp(-np.concatenate([v, t], axis=1).astype("float64") @ gate))
    expected = z * np.tanh(v @ to_v) + (1 - z) * np.tanh(t @ to_t)
    found, weights = inside(model, "gated")([v, t, *there])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(weights, np.stack([z, 1 - z], axis=1), atol=1e-6)


def test_the_gates_of_three_modalities_are_a_softmax_over_the_present_ones():
    model, batch = make_fuser("gated"), make_batch()
    *kernels, first, second = model.get_layer("gated").get_weights()
    together = np.concatenate(batch[:3], axis=1).astype("float64")
    scores = np.exp([together @ first, together @ second, 0 * (together @ first)])
    scores *= PRESENT.T[:, :, None]
    expected = scores[:, 1:] / scores[:, 1:].sum(axis=0)
    branches = [np.tanh(x @ k)[1:] for x, k in zip(batch[:3], kernels, strict=True)]
    found, weights = inside(model, "gated")(batch)
    np.testing.assert_allclose(weights[1:], expected.transpose(1, 0, 2), atol=1e-6)
    np.testing.assert_allclose(found[1:], (expected * branches).sum(axis=0), atol=1e-6)
    assert not np.any(found[0]) and not np.any(weights[0])


def test_gates_of_zero_average_the_branches_of_the_present_modalities():
    model, batch = make_fuser("gated"), make_batch()
    layer = model.get_layer("gated")
    *kernels, first, second = layer.get_weights()
    layer.set_weights([*kernels, 0 * first, 0 * second])
    branches = np.stack([np.tanh(x @ k) for x, k in zip(batch[:3], kernels, strict=True)])
    expected = [branches[PRESENT[row] > 0, row].mean(axis=0) for row in range(1, 8)]
    np.testing.assert_allclose(inside(model, "gated", 0)(batch)[1:], expected, atol=1e-6)


def test_one_present_modality_passes_the_gates_undiluted():
    model, batch = make_fuser("gated"), make_batch(np.eye(3))
    kernels = model.get_layer("gated").get_weights()[:3]
    expected = [np.tanh(batch[m][m] @ kernels[m]) for m in range(3)]
    np.testing.assert_allclose(inside(model, "gated", 0)(batch), expected, atol=1e-6)


def test_a_masked_second_token_leaves_the_lstm_of_the_first():
    widths = {"image": 7, "sequence": 5}
    model, x = make_fuser("medfuse_lstm", widths), make_batch([[1, 0]] * 6, widths)
    tokens = inside(model, "medfuse_lstm_tokens", 0)(x)
    alone = model.get_layer("medfuse_lstm")(tokens[:, :1])
    np.testing.assert_array_equal(inside(model, "medfuse_lstm")(x), alone)
    assert not np.any(tokens[:, 1]) and np.ptp(alone) > 0


def test_the_lstm_reads_the_present_modalities_only_and_in_their_order():
    model, batch = make_fuser("medfuse_lstm"), make_batch()
    lstm, state = model.get_layer("medfuse_lstm"), inside(model, "medfuse_lstm_state")(batch)
    tokens = inside(model, "medfuse_lstm_tokens", 0)(batch).numpy()
    for row in range(1, 8):
        expected = lstm(tokens[row : row + 1, PRESENT[row] > 0])
        np.testing.assert_allclose(state[row : row + 1], expected, atol=1e-6)
    assert not np.any(state[0])


def value_path(model, x):
    """What attention over the one key `x` gives: its value, projected."""
    attention = model.get_layer("attention_1")
    value, value_bias = (w.numpy() for w in attention.value_dense.weights)
    out, out_bias = (w.numpy() for w in attention.output_dense.weights)
    return np.einsum("bhk,hku->bu", np.einsum("bu,uhk->bhk", x, value) + value_bias, out) + out_bias


def test_attention_over_one_present_modality_is_its_value_path():
    model, batch = (
        make_fuser("attention"),
        make_batch(np.concatenate([np.eye(3), np.zeros((1, 3))])),
    )
    seen = keras.Model(model.inputs, model.get_layer("attention_1").input)
    states = keras.tree.flatten(seen(batch))[0].numpy()
    alone = np.stack([states[m, 1 + m] for m in range(3)] + [states[3, 0]])  # or the query's own
    found = inside(model, "attention_1", 0)(batch)[:, 0]
    np.testing.assert_allclose(found, value_path(model, alone), atol=1e-6)


def test_attention_looks_at_present_modalities_only():
    batch = make_batch()
    for layers in (1, 2):
        model = make_fuser("attention", layers=layers)
        weights = inside(model, f"attention_{layers}", 1)(batch).numpy()
        assert weights.shape == (8, 4, 4, 4)
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
        keys = np.concatenate([PRESENT.sum(axis=1, keepdims=True) == 0, PRESENT > 0], axis=1)
        np.testing.assert_array_equal(
            weights > 0, np.broadcast_to(keys[:, None, None], weights.shape)
        )


def test_the_gates_and_the_attention_of_a_hybrid_can_be_read_by_name():
    arrays = {k: make_inputs()[k] for k in ("tabular", "tokens")}
    for fusion, layer, shape in (
        ("gated", "gated", (24, 2, CONFIG["units"])),
        ("attention", "attention_1", (24, 4, 3, 3)),
    ):
        model = make_model(make_spec(arrays), fusion=fusion)
        weights = inside(model, layer, 1).predict(arrays, verbose=0)
        assert weights.shape == shape and (weights >= 0).all()


def test_the_fusions_hold_as_many_weights_as_the_closed_forms_say():
    two = {"image": 128, "sequence": 64}
    gated = make_fuser("gated", two, units=96).get_layer("gated")
    assert gated.count_params() == 96 * (2 * 128 + 2 * 64) == 36_864
    three = make_fuser("gated", units=4).get_layer("gated")
    assert three.count_params() == 4 * 15 + 2 * 4 * 15  # branches, and gates for all but one
    attention = make_fuser("attention", two, units=128).get_layer("attention_1")
    assert attention.count_params() == 4 * 128 * 129 == 66_048
    lstm = make_fuser("medfuse_lstm", two, units=256).get_layer("medfuse_lstm")
    assert lstm.count_params() == 4 * 512 * (256 + 512 + 1) == 1_574_912
