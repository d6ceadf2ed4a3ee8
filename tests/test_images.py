import functools
import random
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tiny_images import assert_alike, picture, refused, seconds_to_build, size, values

from hybrid_zoo import images
from hybrid_zoo.errors import ConfigError, CorruptArtifactError
from hybrid_zoo.frozen import frozen_model
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.images.efficientnet_lite0 import features as features_of_lite0
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.pretrained import hollow_backbones
from hybrid_zoo.registries import IMAGE_ENCODERS
from hybrid_zoo.saving import load, save

APPS = keras.applications
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def lite0(*, include_top, weights, pooling, input_shape):
    """The network alone, as `keras.applications` would give it."""
    image = keras.Input(input_shape)
    return keras.Model(image, features_of_lite0(image))


# Keras's builder and preprocessing; features; weights with 1 and with 3 channels, never trained ones
# among them; mean and deviation of pixels in [0, 1] with which the published range is met exactly.
BACKBONES = {
    "resnet50": (
        (APPS.ResNet50, APPS.resnet50.preprocess_input, 2048),
        (23_581_440, 23_587_712, 53_120),
        (np.array([123.68, 116.779, 103.939]) / 255, (0.226,) * 3),
    ),
    "densenet121": (
        (APPS.DenseNet121, APPS.densenet.preprocess_input, 1024),
        (7_031_232, 7_037_504, 83_648),
        IMAGENET,
    ),
    "efficientnetv2b0": (
        (APPS.EfficientNetV2B0, APPS.efficientnet_v2.preprocess_input, 1280),
        (5_918_736, 5_919_312, 60_608),
        IMAGENET,
    ),
    "convnext_tiny": (
        (APPS.ConvNeXtTiny, APPS.convnext.preprocess_input, 768),
        (27_817_056, 27_820_128, 0),
        IMAGENET,
    ),
    "efficientnet_lite0": (
        (lite0, lambda pixels: (pixels - 127) / 128, 1280),
        (3_412_448, 3_413_024, 42_016),
        ((0.449,) * 3, (0.226,) * 3),
    ),
    "mobilenetv3_small": (
        (APPS.MobileNetV3Small, APPS.mobilenet_v3.preprocess_input, 576),
        (938_832, 939_120, 12_112),
        ((0.449,) * 3, (0.226,) * 3),
    ),
}
MOBILE = images.mobilenetv3_small  # the fastest to build
RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (4, 32, 32, 3)).astype("float32")
GREY = COLOUR[..., :1]


def awaken(model, pixels):
    """Move vectors off their first values, and batch statistics close to those of a batch: in an
    untrained network the signal dies away, and with a batch's own statistics rounding errors grow."""
    rng = np.random.default_rng(1)
    model.set_weights([w + 0.1 * rng.random(w.shape) * (w.ndim == 1) for w in model.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.01 if model.name == "MobileNetV3Small" else 0.1
    model(pixels, training=True)


LARGE = {"resnet50", "densenet121", "efficientnetv2b0", "convnext_tiny"}
"""Rows of one table with the smallest, and as the test of encoders they take minutes together."""
CASES = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in BACKBONES
]


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A network that Keras made and saved, and our encoders that read its file."""
    name = request.param
    random.seed(1)  # Keras draws its seeds from it: some draws leave none of four units alive
    (build, preprocess, _), _, (mean, deviation) = BACKBONES[name]
    keras_model = build(include_top=False, weights=None, pooling="avg", input_shape=(32, 32, 3))
    awaken(keras_model, preprocess(COLOUR.copy()))
    path = tmp_path_factory.mktemp(name) / f"{name}.weights.h5"
    keras_model.save_weights(path)
    encoder = IMAGE_ENCODERS[name]
    yield SimpleNamespace(
        name=name,
        keras_model=keras_model,
        published=preprocess,
        colour=encoder(picture(3, mean=mean, deviation=deviation), weights=path, units=4),
        grey=encoder(picture(1), weights=path, units=4, trainable=False),
        path=path,
    )
    path.unlink()  # up to 110 MB


def features(encoder, pixels):
    """What the backbone of an encoder makes of raw pixels."""
    return keras.Model(encoder.input, encoder.layers[-2].input)(
        pixels
    )  # what the dense layer reads


def test_a_backbone_holds_as_many_weights_as_published(case):
    (_, _, width), (grey, colour, fixed), _ = BACKBONES[case.name]
    for encoder, count in ((case.grey, grey), (case.colour, colour)):
        backbone = encoder.get_layer("backbone")
        assert isinstance(backbone, keras.Model) and backbone.count_params() == count
        assert backbone.output.shape == (None, width)
    assert size(case.colour.get_layer("backbone").non_trainable_weights) == fixed
    assert case.grey.get_layer("backbone").trainable_weights == []


def test_a_hollow_backbone_is_a_frozen_one_without_weights(case):
    with hollow_backbones():
        hollow = IMAGE_ENCODERS[case.name](picture(1), weights=case.path, units=4, trainable=False)
        trained = IMAGE_ENCODERS[case.name](picture(1), units=4)
    assert hollow.get_layer("backbone").weights == [] and frozen_model(hollow) is not None
    theirs = [weight.shape for weight in case.grey.trainable_weights]
    assert [weight.shape for weight in hollow.trainable_weights] == theirs
    assert trained.get_layer("backbone").weights  # never one that trains


def test_a_weights_file_is_read_whole(case):
    theirs, colour = values(case.keras_model), values(case.colour.get_layer("backbone"))
    assert all(map(np.array_equal, theirs, colour)) and len(theirs) == len(colour)
    grey = values(case.grey.get_layer("backbone"))
    unequal = [k for k, kernel in enumerate(grey) if kernel.shape != theirs[k].shape]
    assert len(unequal) == 1 and all(
        np.array_equal(a, b)
        for k, (a, b) in enumerate(zip(grey, theirs, strict=True))
        if k not in unequal
    )
    kernel = theirs[unequal[0]]
    assert_alike(grey[unequal[0]][:, :, 0], kernel[:, :, 0] + kernel[:, :, 1] + kernel[:, :, 2])


def test_raw_pixels_are_prepared_as_the_published_weights_expect(case):
    expected = case.keras_model(case.published(COLOUR.copy())).numpy()
    assert np.ptp(expected, axis=0).max() > 0.01 * np.abs(expected).max()
    assert_alike(features(case.colour, COLOUR), expected, 1e-4)


def test_a_grey_picture_has_the_features_of_its_colour_copy_in_8_and_16_bits(case):
    twin = keras.Model(case.colour.input, case.colour.layers[-2].input)
    layer = case.colour.get_layer("standardize")
    before, grey = layer.get_weights(), features(case.grey, GREY)
    assert_alike(features(case.grey, GREY * 257), grey, 1e-4)
    for image, found in zip(GREY, np.array(grey), strict=True):  # frozen: each by itself
        for bits in (1, 257):
            pixels, spread = bits * np.repeat(image[None], 3, axis=-1), bits * image.std()
            layer.set_weights([np.full(3, w, "float32") for w in (pixels.mean(), spread, 0)])
            assert_alike(found, twin(pixels)[0], 1e-4)
    layer.set_weights(before)


def test_a_frozen_backbone_keeps_weights_statistics_and_features(case):
    model = keras.Sequential([case.grey, keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    backbone, dense = case.grey.get_layer("backbone"), case.grey.layers[-2]
    before, others = values(backbone), values(dense)
    model.train_on_batch(GREY, np.ones((4, 1)))
    assert all(map(np.array_equal, values(backbone), before)) and len(before) > 100
    assert not np.array_equal(values(dense)[1], others[1])
    scores = RNG.normal(size=(4, 32, 32, 1)).astype("float32")
    np.testing.assert_array_equal(backbone(scores, training=True), backbone(scores))


@functools.cache
def mobile(channels=1, trainable=True):
    return MOBILE(picture(channels), units=4, trainable=trainable)


def test_a_saved_frozen_encoder_stays_frozen_and_predicts_the_same(tmp_path):
    model = mobile(3, trainable=False)
    again = load(save(model, tmp_path / "encoder.keras"))
    np.testing.assert_array_equal(again(COLOUR), model(COLOUR))
    assert again.get_layer("backbone").trainable_weights == []


def test_a_trained_backbone_follows_its_batches_at_a_tenth_per_step():
    backbone = keras.models.clone_model(mobile().get_layer("backbone"))
    first = keras.Model(backbone.input, backbone.get_layer("conv").output)
    scores = RNG.normal(size=(4, 32, 32, 1)).astype("float32")
    backbone(scores, training=True)
    found = backbone.get_layer("conv_bn").moving_mean
    assert_alike(found, 0.1 * first(scores).numpy().mean(axis=(0, 1, 2)))


def test_a_hybrid_of_a_backbone_learns_from_bags_with_absent_images():
    x = RNG.uniform(0, 255, (6, 2, 32, 32, 1)).astype("float32")
    x[::2, 1] = x[1] = np.nan
    model = build_hybrid(
        InputSpec.from_arrays({"image": x}), targets=["death"], image="mobilenetv3_small", units=4
    )
    model.run_eagerly, before = True, values(model)  # tracing takes longer than one step
    model.fit({"image": x}, {"death": np.arange(6.0) % 2}, epochs=1, verbose=0)
    assert not all(map(np.array_equal, values(model), before))
    assert all(np.isfinite(w).all() for w in values(model))
    assert np.isfinite(model({"image": x})["death"]).all()


@pytest.mark.parametrize("kind", ["legacy.h5", "backbone.keras", "grey.weights.h5"])
def test_every_kind_of_weights_file_is_read(kind, tmp_path):
    backbone, path = mobile(1 if "grey" in kind else 3).get_layer("backbone"), tmp_path / kind
    backbone.save_weights(path) if "weights" in kind else backbone.save(path)
    found = MOBILE(picture(), weights=str(path), units=4)
    (kernel, *rest), expected = values(found.get_layer("backbone")), values(backbone)
    assert_alike(kernel, expected[0].sum(axis=-2, keepdims=True))
    assert all(map(np.array_equal, rest, expected[1:])) and len(rest) == len(expected) - 1


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (
            "imagnet",
            r"mobilenetv3_small: weights='imagnet' is no file. Did you mean 'imagenet'\? Exp",
        ),
        (
            "gone/b.weights.h5",
            r"weights='gone/b.weights.h5' is no file. Expected None, 'imagenet' or",
        ),
        ("", "weights='' is no file"),
    ],
)
def test_weights_that_are_no_file_are_refused(weights, match):
    refused(MOBILE, ConfigError, match, weights=weights)


def test_a_file_of_another_kind_or_a_damaged_one_is_refused(tmp_path):
    for name, error, match in (
        ("b.pt", ConfigError, "'b.pt' must end in '.weights.h5', '.h5' or '.keras'"),
        ("b.weights.h5", CorruptArtifactError, "'b.weights.h5' is truncated or no weights file"),
        ("b.keras", CorruptArtifactError, "'b.keras' is truncated or no weights file"),
    ):
        (tmp_path / name).write_bytes(b"no weights")
        refused(MOBILE, error, match, weights=tmp_path / name)
    whole = tmp_path / "whole.weights.h5"
    mobile().get_layer("backbone").save_weights(whole)
    (tmp_path / "half.weights.h5").write_bytes(whole.read_bytes()[: 10**6])
    refused(
        MOBILE,
        CorruptArtifactError,
        "'half.weights.h5' is tr",
        weights=tmp_path / "half.weights.h5",
    )


@pytest.fixture(scope="module")
def colour_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "colour.weights.h5"
    mobile(3).get_layer("backbone").save_weights(path)
    return path


@pytest.mark.parametrize("channels", [2, 4])
def test_weights_for_other_channels_are_refused_with_the_layer_and_both_shapes(
    channels, colour_file
):
    match = rf"'conv/kernel' has the shape \(3, 3, {channels}, 16\), the file's .* \(3, 3, 3, 16\), in 'conv'"
    refused(MOBILE, ConfigError, match, picture(channels), weights=colour_file)
    refused(
        MOBILE,
        ConfigError,
        rf"1 or 3 channels, got {channels}",
        picture(channels),
        weights="imagenet",
    )


def test_weights_of_another_architecture_are_refused_with_the_layer_and_both_shapes(colour_file):
    match = r"^efficientnetv2b0: 'colour.weights.h5' does not fit. 'stem_conv/kernel' has the shape \(3, 3, 1, 32\), the file's nearest array \(.*\), in '.*'"
    within = 3 * seconds_to_build(images.efficientnetv2b0)
    refused(images.efficientnetv2b0, ConfigError, match, weights=colour_file, within=within)


def test_weights_of_the_same_shapes_in_another_order_are_refused(tmp_path):
    path = tmp_path / "encoder.keras"
    mobile().save(path)
    match = "'encoder.keras' does not fit. Keras says: .* backbone without its top"
    within = 3 * seconds_to_build(MOBILE)
    refused(MOBILE, ConfigError, match, weights=path, within=within)


def test_published_weights_without_a_network_are_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))  # nothing kept yet
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    match = (
        r"cannot be downloaded \(.*https://.*no_top_v2.h5.*\). Download that file .* weights='path"
    )
    refused(MOBILE, ConfigError, match, weights="imagenet")


@pytest.mark.parametrize("name", IMAGE_ENCODERS)
def test_a_picture_that_is_too_small_or_of_another_rank_is_refused(name):
    least = {"paper_cnn": 8, "small_resnet": 16}.get(name, 32)
    builder = IMAGE_ENCODERS[name]
    match = rf"^{name} needs images of at least {least}x{least} pixels, got \({least - 1}, {least - 1}\) in 'image'"
    refused(builder, ConfigError, match, picture(side=least - 1))
    flat = Modality(name="image", shape=(64, 64, 1))
    refused(builder, ConfigError, rf"{name}: 'image' has the shape \(64, 64, 1\)", flat)
    refused(builder, ConfigError, rf"{name}: units=0 is impossible", units=0)
