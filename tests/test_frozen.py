"""Frozen image encoders: their features are computed once, and nothing else changes."""

import keras
import numpy as np
import pytest
from tiny import make_arrays

from hybrid_zoo import HybridOptions, InputSpec, build_hybrid
from hybrid_zoo.frozen import cut_frozen, split_frozen
from hybrid_zoo.images import mobilenetv3_small
from hybrid_zoo.layers.policy import built_under
from hybrid_zoo.layers.standardize import StandardizeImage, standardize
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.registries import IMAGE_ENCODERS
from hybrid_zoo.tuning import frozen, networks
from hybrid_zoo.tuning.frozen import encode
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

pytestmark = pytest.mark.usefixtures("quick_fits")

SHAPE = (16, 16, 1)
PICTURES = np.random.default_rng(0).uniform(0, 255, (60, 2, *SHAPE)).astype("float32")
PICTURES[::7, 1] = PICTURES[::11] = np.nan


def backbone(*, dropout=0.0, trainable=False):
    scores = keras.Input(SHAPE)
    kernel = keras.initializers.GlorotUniform(seed=3)
    x = keras.layers.Conv2D(8, 3, activation="relu", kernel_initializer=kernel)(scores)
    x = keras.layers.Dropout(dropout)(keras.layers.GlobalMaxPooling2D()(x))
    model = keras.Model(scores, x, name="backbone")
    model.trainable = trainable
    return model


def encoder(to_scores, name="encoder", **options):
    image = keras.Input(SHAPE)
    features = backbone(**options)(to_scores(image))
    return keras.Model(image, keras.layers.Dense(4)(features), name=name)


def hybrid(**options):
    inputs = {"image": PICTURES, "tabular": np.ones((60, 2), "float32")}
    spec = InputSpec.from_arrays(inputs)
    options = HybridOptions(metrics=False, **options)
    image = encoder(StandardizeImage())
    return build_hybrid(spec, image=image, targets=["death"], options=options), inputs


def test_each_image_is_standardised_by_itself():
    images = PICTURES[1:4, 0].copy()
    images[1], images[2, :8] = 7, np.nan
    found = StandardizeImage()(images).numpy()
    assert found[0].mean() == pytest.approx(0, abs=1e-5) and found[0].std() == pytest.approx(1)
    assert np.all(found[1] == 0) and np.isnan(found[2, :8]).all()
    seen = images[2, 8:]
    np.testing.assert_allclose(found[2, 8:], (seen - seen.mean()) / seen.std(), rtol=1e-4)
    clipped = StandardizeImage.from_config(StandardizeImage(clip=0.5).get_config())
    assert np.nanmax(np.abs(clipped(images))) == 0.5


def test_an_encoder_is_split_behind_what_is_frozen():
    whole = encoder(StandardizeImage())
    part, head = split_frozen(whole)
    x = PICTURES[1:4, 0]
    assert part(x).shape == (3, 8) and len(head.trainable_weights) == 2
    np.testing.assert_allclose(head(part(x)), whole(x), rtol=1e-6)


@pytest.mark.parametrize("options", [{"trainable": True}, {"dropout": 0.5}])
def test_what_trains_or_differs_in_training_is_not_split(options):
    assert split_frozen(encoder(StandardizeImage(), **options)) is None


def test_published_backbones_are_split_when_frozen():
    spec = InputSpec.from_arrays({"image": np.ones((2, 1, 32, 32, 1), "float32")})
    part, _ = split_frozen(mobilenetv3_small(spec, trainable=False))
    assert part.output.shape == (None, 576)


def test_what_the_cut_model_learns_the_whole_model_has_learned():
    whole, inputs = hybrid()
    cut = cut_frozen(whole)
    assert "image_tells" not in [layer.name for layer in whole.layers]
    features = encode(PICTURES, cut.frozen["image"])
    short = inputs | {"image": features.samples(slice(None))}
    labels = {"death": (np.arange(60) % 2)[:, None]}
    before = whole.predict(inputs, verbose=0)["death"]
    np.testing.assert_allclose(cut.model.predict(short, verbose=0)["death"], before, atol=1e-6)
    cut.model.fit(short, labels, epochs=2, verbose=0)
    after = whole.predict(inputs, verbose=0)["death"]
    np.testing.assert_allclose(cut.model.predict(short, verbose=0)["death"], after, atol=1e-6)
    assert np.abs(after - before).max() > 1e-3


def test_frozen_features_in_bfloat16_are_kept_as_float32_and_apart_from_those_in_float32():
    with built_under("mixed_bfloat16"):
        whole, inputs = hybrid(dtype="mixed_bfloat16")
    cut, plain = cut_frozen(whole), cut_frozen(hybrid()[0])
    part, other = cut.frozen["image"], plain.frozen["image"]
    assert part.get_weights()[0].tobytes() == other.get_weights()[0].tobytes()
    assert frozen._hash(part) != frozen._hash(other)
    features = encode(PICTURES, part)
    assert features.pixels.dtype == "float32"
    short = inputs | {"image": features.samples(slice(None))}
    expected = np.asarray(whole(inputs)["death"])
    np.testing.assert_allclose(cut.model(short)["death"], expected, atol=1e-3)


def test_augmented_images_are_not_cut():
    assert cut_frozen(hybrid(augment=0.5)[0]) is None


def test_every_image_is_encoded_once_wherever_it_is_kept():
    part, _ = split_frozen(encoder(StandardizeImage()))
    slots = np.where(np.isnan(PICTURES[:, :, 0, 0, 0]), -1, np.arange(120).reshape(60, 2))
    pixels = np.nan_to_num(PICTURES.reshape(-1, *SHAPE)).astype("uint8")
    bags = ImageBags(pixels, slots)
    found = [encode(x, part).samples(slice(None)) for x in (bags, bags.samples(slice(None)))]
    np.testing.assert_allclose(*found, rtol=1e-5)
    one = part(pixels[6:7].astype("float32"))
    np.testing.assert_allclose(found[0][3, 0], one[0], rtol=1e-5)
    assert np.isnan(found[0][slots < 0]).all() and np.isfinite(found[0][slots >= 0]).all()


def mapped(folder):
    """Bags of pixels in a file, as a cohort's store keeps them."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "pixels.npy", np.nan_to_num(PICTURES.reshape(-1, *SHAPE)).astype("uint8"))
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    return ImageBags(pixels, np.arange(120).reshape(60, 2))


def test_features_of_stored_images_are_kept_for_other_processes(tmp_path, monkeypatch):
    bags = mapped(tmp_path / "store")
    part, _ = split_frozen(encoder(StandardizeImage()))
    first = encode(bags, part).samples(slice(None))
    again, _ = split_frozen(encoder(StandardizeImage(), name="the_same_by_another_name"))
    monkeypatch.setattr(keras.Model, "predict_on_batch", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(encode(bags, again).samples(slice(None)), first)
    (file,) = (tmp_path / "store" / frozen.FOLDER).iterdir()
    assert np.load(file).shape == (120, 8)


def test_other_weights_options_or_images_have_features_of_their_own(tmp_path):
    bags = mapped(tmp_path / "store")
    wholes = [encoder(StandardizeImage()), encoder(StandardizeImage(clip=0.5))]
    wholes.append(encoder(StandardizeImage()))
    wholes[2].get_layer("backbone").layers[1].bias.assign_add(np.ones(8))
    for whole in wholes:
        encode(bags, split_frozen(whole)[0])
    encode(ImageBags(bags.pixels[:60], bags.slots[:30]), split_frozen(wholes[0])[0])
    assert len(list((tmp_path / "store" / frozen.FOLDER).iterdir())) == 4


def by_itself(spec, *, units, dropout, l2, name="by_itself"):
    return encoder(StandardizeImage(), name=name)


def by_training_rows(spec, *, units, dropout, l2, name="by_training_rows"):
    return encoder(standardize(spec), name=name)


@pytest.fixture
def search(monkeypatch):
    """Scores of two configurations on two folds, and how many images were encoded."""

    def run(builder, cut):
        encoded = []
        predict = frozen._predict

        def counted(pixels, model):
            encoded.append(len(pixels))
            return predict(pixels, model)

        arrays = make_arrays(60)
        arrays.inputs["image"] = PICTURES
        monkeypatch.setitem(IMAGE_ENCODERS, builder.__name__, builder)
        monkeypatch.setitem(IMAGE_ENCODERS.spaces, builder.__name__, {})
        monkeypatch.setattr(frozen, "_predict", counted)
        monkeypatch.setattr(networks, "cut_frozen", cut)
        network = Network(arrays, ["image", "tabular"], space=Space({"image": [builder.__name__]}))
        logits = []
        for config in (network.default, network.default | {"dropout": 0.1}):
            for rows in (np.arange(30), np.arange(30, 60)):
                network.fit(config, rows, epochs=2)
                logits.append(network.logits(config, np.arange(60))["death"])
        monkeypatch.setattr(frozen, "_predict", predict)
        return np.array(logits), encoded

    return run


def test_a_search_encodes_every_image_once_and_scores_as_if_it_had_not(search):
    (found, encoded), (expected, none) = search(by_itself, cut_frozen), search(by_itself, no_cut)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    images = int(np.isfinite(PICTURES[:, :, 0, 0, 0]).sum())
    assert encoded == [images] and not none


def test_statistics_of_the_training_rows_make_features_of_their_own(search):
    _, encoded = search(by_training_rows, cut_frozen)
    assert len(encoded) == 2  # folds; the second configuration finds both


def no_cut(model):
    return None


def test_a_second_fit_builds_no_frozen_backbone_and_equals_one_in_a_network_of_its_own(tmp_path):
    arrays = make_arrays(60)
    arrays.inputs["image"] = np.repeat(np.repeat(PICTURES, 2, axis=2), 2, axis=3)
    spec = InputSpec.from_arrays({"image": arrays.inputs["image"]})
    weights = tmp_path / "any.weights.h5"
    mobilenetv3_small(spec).get_layer("backbone").save_weights(weights)
    fixed = {"mobilenetv3_small": {"weights": str(weights), "trainable": False}}

    def logits(*folds):
        network = Network(arrays, ["image", "tabular"], space=Space({"image": fixed}))
        for rows in folds:
            network.fit(network.default, rows, epochs=2, seed=len(rows))
            weights.rename(weights.with_suffix(".read")) if weights.exists() else None
        return network.logits(network.default, np.arange(60))["death"]

    first, second = np.arange(30), np.arange(20, 60)
    again = logits(first, second)
    weights.with_suffix(".read").rename(weights)
    np.testing.assert_array_equal(again, logits(second))
