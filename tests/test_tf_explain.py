"""tf-explain sees a fused model through one picture; ours is held against it where it is right."""

import io
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny import make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain import explain, explain_callbacks, single_input_view
from hybrid_zoo.options import HybridOptions

core = pytest.importorskip("tf_explain.core", reason="tf-explain is not installed")
THEIRS = {"backend": "tf-explain"}
INPUTS = {name: make_inputs()[name] for name in ("image", "tabular")}
SPEC = make_spec(INPUTS)
SEED = 3  # with others an untrained model's Grad-CAM may be 0 everywhere, and shows nothing


@pytest.fixture(autouse=True)
def _quick(quick_fits):
    """Graphs as they were traced: each runs only a few times."""


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(SEED)
    return make_model(SPEC, units=16, targets={"death": 1, "stage": 3})


def patient(row=4):
    return {name: x[row] for name, x in INPUTS.items()}


def said(model, sample, target):
    return model.predict({k: x[None] for k, x in sample.items()}, verbose=0)[target][0]


def linear(height, width):
    """A model made by hand whose logit is a weighted sum of pixels, behind a convolution."""
    image = keras.Input((None, height, width, 1), name="image")
    pixels = keras.layers.Conv2D(1, 1)(keras.layers.Reshape((height, width, 1))(image))
    outputs = {"sick": keras.layers.Dense(1)(keras.layers.Flatten()(pixels))}
    return keras.Model({"image": image}, outputs)


def picture(*shape):
    return np.random.default_rng(0).uniform(10, 200, (*shape, 1)).astype("float32")


@pytest.mark.parametrize(("target", "image"), [("death", 1), ("stage", 0)])
def test_of_any_picture_the_view_says_what_the_model_says(model, target, image):
    view = single_input_view(model, patient(), target=target, image=image)
    for x in (patient()["image"][image], picture(8, 8)):
        sample = patient()
        sample["image"][image] = x
        expected = said(model, sample, target)
        found = view(x[None]).numpy()[0]
        assert len(found) == max(len(expected), 2) and found.sum() == pytest.approx(1)
        np.testing.assert_allclose(found[-1], expected[-1], atol=1e-6)


def test_a_view_of_a_backbone_nested_in_an_encoder_has_its_last_map():
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)])
    layers = [keras.Input((8, 8, 1)), inner, keras.layers.GlobalMaxPooling2D()]
    model = make_model(SPEC, image=keras.Sequential(layers, name="mine"))
    trainable = len(model.trainable_weights)
    view, x = single_input_view(model, patient(), image=1), patient()["image"][1][None]
    maps = keras.Model(view.input, view.get_layer("last_map").output)(x)
    np.testing.assert_allclose(maps, inner(x), rtol=1e-5)
    assert maps.shape == (1, 6, 6, 4)
    assert float(view(x)[0, 1]) == pytest.approx(said(model, patient(), "death")[0], abs=1e-6)
    assert len(model.trainable_weights) == trainable  # the view froze none of them


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modality": "imgae"}, "'imgae' is no modality of pictures. Did you mean 'image'"),
        ({"modality": "tabular"}, r"Expected any of \['image'\]"),
        ({"image": 2}, r"no picture 2 of 'image'; present are \[0, 1\]"),
    ],
)
def test_a_view_of_what_is_no_picture_is_refused(model, arguments, message):
    with pytest.raises(ConfigError, match=message):
        single_input_view(model, patient(), **arguments)


@pytest.mark.parametrize("target", ["death", "stage"])
def test_tf_explain_and_ours_agree_where_both_are_asked_for_the_same(model, target):
    same = {"grad_cam": {}, "smooth_grad": {"noise": 0.0, "samples": 2}, "occlusion": {}}
    asked = {name: options | THEIRS for name, options in same.items()}
    ours, theirs = (explain(model, patient(3), target=target, methods=m) for m in (same, asked))
    for name, result in theirs.results.items():
        found, expected = result.values["image"], ours[name].values["image"]
        assert np.isnan(found[1]).all() and result.words.startswith("By tf-explain")
        scale = np.nanmax(np.abs(expected))
        np.testing.assert_allclose(found / scale, expected / scale, atol=1e-4)


def test_occlusion_agrees_at_the_centres_of_patches_of_several_pixels():
    model, x = linear(9, 9), picture(1, 9, 9)
    found, expected = (
        explain(model, {"image": x}, methods={"occlusion": {"parts": 3} | o})["occlusion"]
        for o in (THEIRS, {})
    )
    centres = np.s_[0, 1::3, 1::3]
    np.testing.assert_allclose(
        found.values["image"][centres], expected.values["image"][centres], atol=1e-3
    )


def test_smooth_grad_is_the_same_for_the_same_seed_and_leaves_numpys_draws_alone():
    image = keras.Input((None, 4, 4, 1), name="image")
    bent = keras.layers.Dense(8, "tanh")(keras.layers.Reshape((16,))(image))
    model, x = (
        keras.Model({"image": image}, {"sick": keras.layers.Dense(1)(bent)}),
        picture(1, 4, 4),
    )
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    one, two, three = (
        explain(
            model, {"image": x / 100}, methods={"smooth_grad": {"samples": 2, "seed": k} | THEIRS}
        )
        for k in (1, 1, 2)
    )
    assert np.random.rand() == expected
    first, again, other = (x["smooth_grad"].values["image"] for x in (one, two, three))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, atol=0)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"integrated_gradients": THEIRS}, "leaves out the factor.*Leave out 'backend' for ours"),
        ({"modality_shapley": THEIRS}, "tf-explain has no 'modality_shapley'. It has"),
        ({"grad_cam": {"backend": "tf_explain"}}, "unknown backend 'tf_explain' of grad_cam"),
    ],
)
def test_what_tf_explain_lacks_or_does_wrongly_is_refused(methods, message):
    with pytest.raises(ConfigError, match=message):
        explain(linear(4, 4), {"image": picture(1, 4, 4)}, methods=methods)


def test_pictures_that_are_not_square_are_refused_for_tf_explain_transposes_their_occlusion():
    model, x = linear(4, 8), picture(1, 4, 8)
    with pytest.raises(ConfigError, match="'image', 4 x 8 pixels, is not offered: it transposes"):
        explain(model, {"image": x}, methods={"occlusion": THEIRS})
    view = single_input_view(model, {"image": x}, logits=True)
    keras.config.disable_interactive_logging()
    found = core.OcclusionSensitivity().get_sensitivity_map(view, x[0], 1, 2)
    keras.config.enable_interactive_logging()
    assert found.shape == (8, 4)  # of a fixed release: (4, 8)


def test_integrated_gradients_of_tf_explain_lack_the_difference_to_the_baseline():
    model, x = linear(4, 4), picture(1, 4, 4)
    view = single_input_view(model, {"image": x}, logits=True)
    path = core.IntegratedGradients.generate_interpolations(x, 5)
    found = core.IntegratedGradients.get_integrated_gradients(path, view, 1, 5).numpy()
    change = float(view(x)[0, 1] - view(np.zeros_like(x))[0, 1])
    assert float((found * x).sum()) == pytest.approx(change, rel=1e-4)
    assert float(found.sum()) != pytest.approx(change, rel=0.1)  # of a fixed release: equal


def test_smooth_grad_of_tf_explain_is_that_of_a_loss():
    model, x = linear(4, 4), picture(1, 4, 4) / 100
    risk, scores = (single_input_view(model, {"image": x}, logits=k) for k in (False, True))
    found = core.SmoothGrad.get_averaged_gradients(x, risk, 1, 1).numpy()
    logit = core.VanillaGradients.compute_gradients(x, scores, 1).numpy()
    expected = -(1 - float(risk(x)[0, 1])) * logit  # of a fixed release: the logit's, or the risk's
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_the_grey_patch_of_tf_explain_is_as_bright_whatever_the_units():
    from tf_explain.utils.image import apply_grey_patch

    assert apply_grey_patch(picture(4, 4) / 255, 0, 0, 2).max() == 127.5


def test_the_bytes_in_which_tf_explain_draws_gradients_overflow():
    from tf_explain.utils.image import transform_to_normalized_grayscale

    rising = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    drawn = transform_to_normalized_grayscale(rising).numpy().ravel()
    assert (np.diff(drawn.astype(int)) < 0).any()  # of a fixed release: it rises


def images(folder):
    """Tag to the pictures of a run, by epoch."""
    (file,) = folder.rglob("events*")
    events = EventAccumulator(str(file), size_guidance={"tensors": 0}).Reload()
    found = {}
    for tag in events.Tags()["tensors"]:
        pngs = [e.tensor_proto.string_val[2] for e in events.Tensors(tag)]
        found[tag] = [np.asarray(Image.open(io.BytesIO(png))) for png in pngs]
    return found


def test_callbacks_draw_the_model_in_training_epoch_by_epoch(tmp_path):
    model = make_model(SPEC, units=16, options=HybridOptions(metrics=False, averaging=0))
    chosen = [
        *explain_callbacks(model, [patient(3)], folder=tmp_path / "cam"),
        *explain_callbacks(model, [patient(3)], "smooth_grad", folder=tmp_path / "smooth"),
    ]
    label = (np.arange(24) % 2)[:, None].astype("float32")
    model.fit(INPUTS, {"death": label}, epochs=2, verbose=0, callbacks=chosen)
    assert [x.shape for x in images(tmp_path / "cam")["Grad CAM"]] == [(8, 8, 3)] * 2
    first, last = images(tmp_path / "smooth")["SmoothGrad"]
    found = explain(model, patient(3), methods={"smooth_grad": {"samples": 8} | THEIRS})
    expected = np.abs(found["smooth_grad"].values["image"][0, ..., 0])
    np.testing.assert_array_equal(last, (255 * expected / expected.max()).astype("uint8"))
    assert (first != last).any() and last.max() == 255


def test_the_grad_cam_that_is_drawn_lies_over_each_picture_of_each_patient(tmp_path):
    image = keras.Input((None, 6, 6, 1), name="image")
    maps = keras.layers.Conv2D(1, 1, kernel_initializer="ones")
    mean = keras.layers.GlobalAveragePooling2D()(maps(keras.layers.Reshape((6, 6, 1))(image)))
    model = keras.Model({"image": image}, {"sick": mean})
    x = np.full((2, 1, 6, 6, 1), 100.0, "float32")
    x[0, 0, 1, 4] = x[1, 0, 5, 2] = 180
    callbacks = explain_callbacks(model, [{"image": one} for one in x], folder=tmp_path)
    for patient, (callback, spot) in enumerate(zip(callbacks, [(1, 4), (5, 2)], strict=True)):
        callback.set_model(model)
        callback.on_epoch_end(0)
        callback.on_train_end()
        ((drawn,),) = images(tmp_path / f"patient_{patient}/image_0").values()
        assert np.unravel_index(drawn.sum(-1).argmax(), (6, 6)) == spot
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 2  # the spot, and the rest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "occlusion"}, r"method='occlusion' is unknown; expected any of \['grad_cam'"),
        ({"modality": "xray"}, "explain_callbacks: 'xray' is no modality of pictures"),
    ],
)
def test_callbacks_that_cannot_be_made_are_refused(model, arguments, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        explain_callbacks(model, [patient()], folder=tmp_path, **arguments)


@pytest.mark.parametrize("name", ["tf_explain", "tensorboard"])
def test_where_a_package_is_missing_the_error_says_how_to_install_it(model, name, monkeypatch):
    for module in [m for m in sys.modules if m.partition(".")[0] == "tf_explain"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    message = {"tf_explain": r"'hybrid-zoo\[explain\]'", "tensorboard": "pip install tensorboard"}
    with pytest.raises(ConfigError, match=message[name]):
        explain_callbacks(model, [patient()])
    if name == "tf_explain":
        with pytest.raises(ConfigError, match=message[name]):
            explain(model, patient(), methods={"grad_cam": THEIRS})
