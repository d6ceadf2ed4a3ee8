import inspect

import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model, make_spec

from hybrid_zoo.bags.gated_attention import GatedAttention
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.layers.attention_pool import masked_softmax
from hybrid_zoo.layers.bag import FillAbsentImages
from hybrid_zoo.layers.presence import Scrub
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import BAGS
from hybrid_zoo.saving import load, save

NAN = np.nan

every_bag = pytest.mark.parametrize("builder", list(BAGS.values()), ids=list(BAGS))
units_of_bags = pytest.mark.parametrize("bag", ["gated_attention", "lstm"])


@pytest.fixture
def half_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


def bags(samples=6, images=3, seed=0):
    """Bags of 2x2 pictures; the first has all, the second only its last, the third none."""
    x = np.random.default_rng(seed).normal(size=(samples, images, 2, 2, 1)).astype("float32")
    x[1, :-1] = x[2] = NAN
    x[4, 1] = NAN
    return x


def bag_model(builder, **options):
    """A model from bags to pooled features, with a dense layer as the encoder of an image."""
    keras.utils.set_random_seed(0)
    bag = keras.Input((None, 2, 2, 1), name="image")
    images, real = FillAbsentImages()(bag)
    features = keras.layers.Dense(5)(keras.layers.Flatten()(Scrub()(images)))
    return keras.Model(bag, builder(**options)(features, real))


def options_of(builder):
    """Every option of a builder, none at its default."""
    unusual = {"units": 3, "name": "odd"}
    return {name: unusual[name] for name in inspect.signature(builder).parameters}


def padded(x, places):
    """The bags with an absent image put before each of the given places."""
    return np.insert(x, places, NAN, axis=1)


def test_every_bag_is_tested():
    assert sorted(BAGS) == ["gated_attention", "lstm", "max", "mean"]


@every_bag
@pytest.mark.parametrize("places", [[0, 0], [3, 3], [1, 2], [0, 1, 3]])
def test_absent_images_change_nothing_wherever_they_are(builder, places):
    model, x = bag_model(builder), bags()
    np.testing.assert_allclose(model(padded(x, places)), model(x), atol=1e-6)


@every_bag
def test_only_the_lstm_minds_the_order_of_the_images(builder):
    model, x = bag_model(builder), bags()
    pooled, turned = model(x), model(x[:, ::-1])
    if builder is BAGS["lstm"]:
        assert np.abs(pooled - turned)[0].max() > 1e-3
    else:
        np.testing.assert_allclose(turned, pooled, atol=1e-6)


@every_bag
def test_an_empty_bag_gives_zeros_and_a_batch_of_empty_bags_is_finite(builder):
    model, x = bag_model(builder), bags()
    pooled = np.array(model(x))
    assert np.isfinite(pooled).all() and (pooled[2] == 0).all() and (pooled[[0, 1]] != 0).any()
    assert (np.array(model(np.full_like(x, NAN))) == 0).all()


@every_bag
def test_a_bag_depends_on_no_other_bag_of_the_batch(builder):
    model, x = bag_model(builder), bags()
    whole = np.array(model(x))
    assert whole.shape == (6, model.output.shape[-1])
    for sample in range(3):
        alone = model(x[sample : sample + 1])
        np.testing.assert_allclose(alone, whole[sample : sample + 1], atol=1e-6)


@every_bag
def test_a_saved_bag_pools_the_same_with_every_option_unusual(builder, tmp_path):
    options = options_of(builder)
    assert all(p.default != options[p.name] for p in inspect.signature(builder).parameters.values())
    model, x = bag_model(builder, **options), bags()
    again = load(save(model, tmp_path / "bag.keras"))
    assert again.get_layer("odd").count_params() == model.get_layer("odd").count_params()
    np.testing.assert_array_equal(again(x), model(x))


@every_bag
def test_a_step_of_training_moves_every_weight(builder):
    model, x = bag_model(builder), bags()
    before = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    model.compile("sgd", "mse", jit_compile=False)
    model.train_on_batch(x, np.ones((6, model.output.shape[-1]), "float32"))
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.abs(keras.ops.convert_to_numpy(weight) - old).max() > 0, weight.path


@every_bag
def test_half_precision_stays_finite_and_close(builder, half_precision):
    model, x = bag_model(builder), bags()
    pooled = np.array(model(x), "float32")
    keras.config.set_dtype_policy("float32")
    twin = bag_model(builder)
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(pooled, twin(x), atol=5e-3)


@every_bag
def test_a_hybrid_pools_by_a_name_and_absent_images_do_not_move_it(builder):
    inputs = {"image": make_inputs()["image"]}
    options = HybridOptions(bag=builder.__name__, metrics=False)
    model = make_model(make_spec(inputs), options=options)
    inputs["image"][5] = NAN
    model.fit(inputs, {"death": np.arange(24.0) % 2}, epochs=1, verbose=0)
    fused = np.asarray(model(inputs)["death"])
    more = inputs | {"image": padded(inputs["image"], [0, 1])}
    assert np.isfinite(fused).all()
    np.testing.assert_allclose(model(more)["death"], fused, atol=1e-6)


@units_of_bags
def test_a_bag_without_units_is_refused(bag):
    with pytest.raises(ConfigError, match=f"{bag}: units=0 is impossible; expected at least 1"):
        BAGS[bag](units=0)


def gated_mil(bag, v, u, w):
    """Equations 7 and 9 of Ilse et al. 2018 for one bag, image by image, in double precision."""
    rows = bag.astype("float64")
    scores = [float(w @ (np.tanh(v @ h) / (1 + np.exp(-(u @ h))))) for h in rows]
    weights = np.exp(scores) / np.sum(np.exp(scores))
    return sum(a * h for a, h in zip(weights, rows, strict=True)), weights


def test_gated_attention_equals_the_equations_of_its_paper():
    rng, layer = np.random.default_rng(0), GatedAttention(4)
    features = rng.normal(size=(4 * 5, 7)).astype("float32") * 2
    real = np.array([[1] * 5, [0, 1, 0, 1, 1], [0] * 5, [0, 0, 0, 1, 0]], "float32")
    layer.build((20, 7), (4, 5))
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    pooled, weights = (np.array(t) for t in layer(features, real))
    v, u, w = (np.array(x).T for x in layer.get_weights())
    for sample in (0, 1, 3):
        there = real[sample] > 0
        expected = gated_mil(features.reshape(4, 5, 7)[sample, there], v, u, w[0])
        np.testing.assert_allclose(pooled[sample], expected[0], atol=1e-6)
        np.testing.assert_allclose(weights[sample, there], expected[1], atol=1e-6)
    assert (weights[real == 0] == 0).all() and (pooled[2] == 0).all()


def test_gated_attention_of_the_paper_has_131200_weights():
    layer = GatedAttention(128)
    layer.build((None, 512), (None, None))
    assert layer.count_params() == 131_200 == 2 * 512 * 128 + 128


def test_the_attention_of_images_is_read_off_a_hybrid_by_name():
    inputs = make_inputs()
    inputs["image"][4] = NAN
    model = make_model(options=HybridOptions(bag="gated_attention", metrics=False))
    reader = keras.Model(model.inputs, model.get_layer("image_pool").output[1])
    weights = reader.predict(inputs, verbose=0)
    present = np.isfinite(inputs["image"]).any(axis=(2, 3, 4))
    assert weights.shape == (24, 2) and (weights[~present] == 0).all() and (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), present.any(axis=1), atol=1e-6)
    assert np.ptp(weights[present.all(axis=1)]) > 0


def test_the_lstm_of_a_bag_reads_each_sample_as_if_it_were_alone():
    model, x = bag_model(BAGS["lstm"], units=4), bags()
    dense, layer = model.get_layer(index=4), model.get_layer("lstm")
    assert isinstance(dense, keras.layers.Dense)
    pooled = model(x)
    for sample in (0, 1, 3, 4):
        images = x[sample][np.isfinite(x[sample]).all(axis=(1, 2, 3))]
        alone = layer(dense(images.reshape(-1, 4))[None])
        np.testing.assert_allclose(pooled[sample], alone[0], atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e4, 3e38])
def test_a_masked_softmax_survives_any_scores(scale):
    scores = np.array([[1, -1, 0.5], [0.2, 1, -1], [1, 1, 1]], "float32") * np.float32(scale)
    mask = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0]], "float32")
    weights = np.array(masked_softmax(keras.ops.convert_to_tensor(scores), mask))
    first = 1 / (1 + np.exp(np.float64(-0.5 * scale)))
    np.testing.assert_allclose(weights, [[first, 0, 1 - first], [0, 0, 1], [0, 0, 0]], atol=1e-6)
