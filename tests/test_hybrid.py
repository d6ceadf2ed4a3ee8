import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import CONFIG, SUBSETS, blank, join, make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.model import LOGIT, OF
from hybrid_zoo.options import HybridOptions

TABLE = {"tabular": make_inputs()["tabular"]}


def predict(model, inputs):
    return model.predict(inputs, verbose=0)["death"]


def labels_of(samples):
    death = (np.arange(samples) % 2).astype("float32")[:, None]
    death[5] = np.nan
    return {"death": death}


@pytest.fixture(scope="module")
def gappy():
    """Samples of which half lack each modality, every subset among them."""
    return join([blank(make_inputs(8, seed=k), names) for k, names in enumerate(SUBSETS)])


@pytest.fixture(scope="module")
def model(gappy):
    """A hybrid of four modalities, trained on them."""
    keras.utils.set_random_seed(0)
    built = make_model()
    built.fit(gappy, labels_of(len(gappy["tokens"])), epochs=2, batch_size=32, verbose=0)
    return built


def test_half_of_the_training_samples_lack_each_modality(gappy):
    for values in gappy.values():
        seen = np.isfinite(values) if values.dtype.kind == "f" else values != 0
        assert 0.4 < seen.reshape(len(values), -1).any(axis=1).mean() <= 0.5


@pytest.mark.parametrize("absent", SUBSETS, ids=lambda names: "no-" + "-".join(names))
def test_every_subset_of_the_modalities_gives_a_probability(model, absent):
    found = predict(model, blank(make_inputs(), absent))
    assert found.shape == (24, 1) and found.dtype == np.float32
    assert np.isfinite(found).all() and (found > 0).all() and (found < 1).all()


def test_an_absent_modality_is_the_same_for_every_sample_and_matters(model):
    nothing = predict(model, blank(make_inputs(), ("image", "sequence", "tabular", "tokens")))
    np.testing.assert_allclose(nothing, nothing[:1].repeat(24, axis=0), atol=1e-6)
    whole = predict(model, make_inputs())
    for name in make_inputs():
        assert np.abs(predict(model, blank(make_inputs(), (name,))) - whole).max() > 1e-4


@pytest.mark.parametrize("name", ["sequence", "tokens", "image"])
def test_a_longer_absent_tail_changes_no_prediction(model, name):
    inputs = make_inputs()
    tail = [(0, 0), (0, 7)] + [(0, 0)] * (inputs[name].ndim - 2)
    filler = 0 if name == "tokens" else np.nan
    longer = inputs | {name: np.pad(inputs[name], tail, constant_values=filler)}
    np.testing.assert_allclose(predict(model, longer), predict(model, inputs), atol=1e-6)


def test_an_absent_image_in_front_of_the_bag_changes_no_prediction(model):
    inputs = make_inputs()
    front = inputs | {"image": np.pad(inputs["image"], [(0, 0), (2, 0)] + [(0, 0)] * 3)}
    front["image"][:, :2] = np.nan
    np.testing.assert_allclose(predict(model, front), predict(model, inputs), atol=1e-6)


def test_neither_the_order_nor_the_company_of_the_batch_changes_a_prediction(model, gappy):
    inputs = make_inputs()
    whole, order = predict(model, inputs), np.random.default_rng(3).permutation(24)
    shuffled = predict(model, {k: v[order] for k, v in inputs.items()})
    alone = predict(model, {k: v[7:8] for k, v in inputs.items()})
    company = predict(model, join([{k: v[7:8] for k, v in inputs.items()}, gappy]))
    np.testing.assert_allclose(shuffled, whole[order], atol=1e-6)
    np.testing.assert_allclose(alone, whole[7:8], atol=1e-6)
    np.testing.assert_allclose(company[:1], whole[7:8], atol=1e-6)


def test_gradients_reach_every_trainable_weight():
    model = make_model(targets={"death": 2, "stage": 3}, dropout=0.0, units=16)
    inputs = make_inputs(48)
    labels = labels_of(48) | {"stage": (np.arange(48) % 3).astype("float32")[:, None]}
    with tf.GradientTape() as tape:
        loss = model.compute_loss(inputs, labels, model(inputs, training=True))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    still = [
        weight.path
        for weight, g in zip(model.trainable_weights, gradients, strict=True)
        if g is None or not np.abs(tf.convert_to_tensor(g)).max() > 0
    ]
    assert not still and len(gradients) > 20


def test_a_missing_and_an_extra_key_are_refused(model):
    inputs = make_inputs()
    with pytest.raises(ValueError, match='Missing data for input "tabular"'):
        model({k: v for k, v in inputs.items() if k != "tabular"})
    with pytest.raises(ConfigError, match=r"got an input 'imag'. Did you mean 'image'"):
        model(inputs | {"imag": inputs["image"]})


def test_the_order_of_the_keys_does_not_matter(model):
    inputs = make_inputs()
    other = dict(reversed(inputs.items()))
    np.testing.assert_array_equal(predict(model, other), predict(model, inputs))


def test_predict_returns_probabilities_by_target_and_training_the_logits_too(model):
    inputs = make_inputs()
    assert list(model.predict(inputs, verbose=0)) == ["death"]
    in_training = model(inputs, training=True)
    parts = {f"death{LOGIT}{OF}{name}" for name in inputs}
    assert set(in_training) == {"death", "death" + LOGIT} | parts
    logits = model.logits.predict(inputs, verbose=0)["death"]
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), predict(model, inputs), rtol=1e-5)


def test_several_targets_and_classes_give_probabilities_that_sum_to_one():
    model = make_model(targets={"death": 2, "icu": 1, "stage": 3})
    found = model.predict(make_inputs(), verbose=0)
    assert {t: p.shape for t, p in found.items()} == {
        "death": (24, 1),
        "icu": (24, 1),
        "stage": (24, 3),
    }
    np.testing.assert_allclose(found["stage"].sum(axis=1), 1, rtol=1e-6)
    assert all(p.dtype == np.float32 for p in found.values())


def test_raw_inputs_and_logits_stay_float32_under_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model, inputs = make_model(), make_inputs()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    inputs["image"][0] = 65535  # infinite in half precision
    found = model(inputs, training=True)
    assert {p.dtype for p in found.values()} == {tf.float32}
    assert all(np.isfinite(p).all() for p in found.values())
    assert model.get_layer("fused").compute_dtype == "float16"
    np.testing.assert_array_equal(
        model.get_layer("image_presence")(inputs["image"]), np.ones((24, 1))
    )


def test_the_auxiliary_losses_enter_the_training_loss_and_not_the_validation_loss():
    inputs, labels = make_inputs(), labels_of(24)
    options = HybridOptions(auxiliary=0.3, self_supervised=0.0, metrics=False)
    built = make_model(options=options, l2=0.0, dropout=0.0)
    outputs = built(inputs, training=True)
    losses = {
        name: float(keras.ops.mean(built.loss["death"].from_logits(labels["death"], logit)))
        for name, logit in outputs.items()
        if name != "death"
    }
    fused = losses.pop("death_logit")
    watched = float(built.compute_loss(inputs, labels, outputs, training=False))
    trained = float(built.compute_loss(inputs, labels, outputs, training=True))
    assert watched == pytest.approx(fused, rel=1e-4) and len(losses) == 4
    assert trained == pytest.approx(fused + 0.3 * np.mean(list(losses.values())), rel=1e-5)


def test_a_user_may_compile_anew_with_a_plain_loss(gappy):
    model = make_model(InputSpec.from_arrays(TABLE))
    model.compile("sgd", loss={"death": "binary_crossentropy"})
    labels = {"death": np.arange(24, dtype="float32")[:, None] % 2}
    history = model.fit(TABLE, labels, validation_data=(TABLE, labels), verbose=0).history
    assert np.isfinite(history["loss"]).all() and np.isfinite(history["val_loss"]).all()


def test_one_modality_has_no_auxiliary_head():
    outputs = make_model(InputSpec.from_arrays(TABLE)).output
    assert list(outputs) == ["death" + LOGIT, "death"]


def test_calibration_is_the_identity_until_fitted():
    model = make_model(InputSpec.from_arrays(TABLE))
    z = model.logits.predict(TABLE, verbose=0)["death"]
    np.testing.assert_allclose(predict(model, TABLE), 1 / (1 + np.exp(-z)), rtol=1e-6)
    model.get_layer("death_calibration").fit_to(2.5, -0.7)
    np.testing.assert_allclose(predict(model, TABLE), 1 / (1 + np.exp(0.7 - 2.5 * z)), rtol=1e-5)
    np.testing.assert_array_equal(model.logits.predict(TABLE, verbose=0)["death"], z)


def test_training_leaves_the_calibration_and_the_statistics_alone():
    model = make_model(InputSpec.from_arrays(TABLE))
    model.get_layer("death_calibration").fit_to(2.0, 0.5)
    before = [w.numpy() for w in model.non_trainable_weights]
    model.fit(TABLE, labels_of(24), verbose=0)
    changed = [
        w.path
        for w, old in zip(model.non_trainable_weights, before, strict=True)
        if not np.array_equal(w.numpy(), old)
    ]
    assert not [path for path in changed if "seed" not in path]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": "papr_cnn"}, "Unknown image encoder 'papr_cnn'. Did you mean 'paper_cnn'"),
        ({"sequence": "lstn"}, "Unknown sequence encoder 'lstn'. Did you mean 'lstm'"),
        ({"fusion": "concatt"}, "Unknown fusion 'concatt'. Did you mean 'concat'"),
        ({"units": 0}, "units=0 is impossible; expected at least 1"),
        ({"dropout": 1}, "dropout=1 is impossible; expected 0 to below 1"),
        ({"l2": -1}, "l2=-1 is impossible; expected at least 0"),
        ({"targets": []}, "got no target"),
        ({"targets": "death"}, "targets is a list of names"),
        ({"encoders": {"sequence_2": "lstm"}}, "names 'sequence_2', .*Did you mean 'sequence'"),
    ],
)
def test_a_bad_argument_of_build_hybrid_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make_model(**options)


def test_a_spec_without_anything_to_encode_is_refused():
    with pytest.raises(ConfigError, match="no modality to encode"):
        make_model(InputSpec.from_arrays({"time": np.zeros((2, 3))}))
    with pytest.raises(ConfigError, match="no encoder yet for modality 'genome'"):
        make_model(InputSpec.from_arrays({"genome": np.zeros((2, 3))}))


def test_two_modalities_of_a_kind_and_irregular_time_are_fused():
    x = make_inputs()["sequence"]
    hours = np.tile(np.arange(6, dtype="float32"), (24, 1))
    image = make_inputs()["image"]
    inputs = {"sequence": x, "time": hours, "sequence_wearable": x[:, :3], "image": image}
    model = make_model(InputSpec.from_arrays(inputs), encoders={"sequence_wearable": "lstm"})
    found = predict(model, inputs)
    assert np.isfinite(found).all()
    assert np.abs(predict(model, inputs | {"time": hours * 3}) - found).max() > 1e-5


def test_an_own_encoder_and_an_own_fusion_are_used():
    columns = keras.Input((2,), name="tabular")
    own = keras.Model(columns, keras.layers.Dense(3, name="mine")(keras.ops.nan_to_num(columns)))
    spec = InputSpec.from_arrays(TABLE)
    model = build_hybrid(
        spec, targets=["death"], tabular=own, fusion=lambda features, presence: features["tabular"]
    )
    assert np.isfinite(predict(model, TABLE)).all() and own in model.layers


def test_the_defaults_alone_build_a_model():
    model = build_hybrid(make_spec(), targets=["death"])
    assert model.get_layer("fused").units == 64 and CONFIG["units"] != 64
    assert model.auxiliary == HybridOptions().auxiliary
