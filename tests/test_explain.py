"""Explanations of one patient: they add up, and agree with computations of their own."""

import itertools
import math

import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain import METHODS, explain, what_if
from hybrid_zoo.explain.case import make_case
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.saving import load, save

NAMES = ["image", "sequence", "tabular", "tokens"]


def patient(row=3, seed=0):
    return {name: x[row] for name, x in make_inputs(seed=seed).items()}


@pytest.fixture(scope="module")
def model():
    return make_model(targets={"death": 1, "stage": 3})


@pytest.fixture(autouse=True)
def _quick(quick_fits):
    """Graphs as they were traced: each runs only a few times."""


def plain(outputs, *inputs):
    """A model made by hand from a dict to a dict."""
    return keras.Model({x.name: x for x in inputs}, outputs)


def contributions(model, sample, **options):
    found = explain(model, sample, methods={"integrated_gradients": options})
    return found["integrated_gradients"]


def test_of_a_linear_model_integrated_gradients_are_weight_times_distance():
    table = keras.Input((3,), name="tabular")
    dense = keras.layers.Dense(1, bias_initializer="ones")
    model = plain({"sick": keras.layers.Activation("sigmoid")(dense(table))}, table)
    x, x0 = np.array([2.0, -1.0, 5.0], "float32"), np.array([0.5, 0.0, 4.0], "float32")
    found = contributions(model, {"tabular": x}, baseline={"tabular": x0})
    expected = dense.kernel.numpy()[:, 0] * (x - x0)
    np.testing.assert_allclose(found.values["tabular"], expected, rtol=1e-5)
    assert found.checks["change"] == pytest.approx(expected.sum(), rel=1e-5)


def test_the_sum_and_the_baseline_are_those_of_the_calibrated_logit(model):
    model.get_layer("death_calibration").fit_to(1.7, -0.4)
    found = explain(model, patient(), methods="integrated_gradients")
    risk = model.predict({k: x[None] for k, x in patient().items()}, verbose=0)["death"][0, 0]
    model.get_layer("death_calibration").fit_to(1.0, 0.0)
    assert found.logit == pytest.approx(math.log(risk / (1 - risk)), abs=1e-5)
    result = found["integrated_gradients"]
    total = sum(np.nansum(x) for x in result.values.values())
    assert total == pytest.approx(result.checks["change"], rel=0.01)


def test_shapley_values_are_the_mean_over_all_orders(model):
    sample = patient()
    found = explain(model, sample, methods="modality_shapley", target="stage", label=2)
    case = make_case(model, sample, "stage", 2, None)

    def worth(some):
        return case.score(make_case(model, {k: sample[k] for k in some}, "stage", 2, None).sample)[
            0
        ]

    orders = list(itertools.permutations(NAMES))
    for name in NAMES:
        added = [worth(o[: o.index(name) + 1]) - worth(o[: o.index(name)]) for o in orders]
        value = found["modality_shapley"].values[name]
        assert value == pytest.approx(np.mean(added), abs=1e-6)
    assert found["modality_shapley"].checks["gap"] < 1e-6


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam"])
def test_class_maps_are_those_of_their_papers_on_a_small_network(method):
    image = keras.Input((None, 6, 8, 1), name="image")
    convolve = keras.layers.Conv2D(3, 3, padding="same", activation="relu")
    dense, squeeze = keras.layers.Dense(1), keras.layers.Reshape((6, 8, 1))
    maps = convolve(squeeze(image))
    model = plain({"sick": dense(keras.layers.Flatten()(maps))}, image)
    x = np.random.default_rng(0).uniform(0, 255, (1, 6, 8, 1)).astype("float32")
    found = explain(model, {"image": x}, methods=method)[method].values["image"]
    features = convolve(x).numpy()[0]
    slopes = dense.kernel.numpy().reshape(6, 8, 3)  # the logit is linear in the maps
    slopes = slopes.mean((0, 1)) if method == "grad_cam" else slopes
    expected = np.maximum((features * slopes).sum(-1), 0)
    np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-3)


def test_what_is_absent_is_said_to_be_and_what_was_not_observed_stays_nan(model):
    sample = patient(row=6)
    del sample["tokens"]
    sample["sequence"][:] = np.nan
    found = explain(model, sample)
    for name, result in found.results.items():
        assert result.absent == ("sequence", "tokens"), name
        assert not {"sequence", "tokens"} & set(result.values), name
    result = found["integrated_gradients"].values["image"]
    np.testing.assert_array_equal(np.isnan(result), np.isnan(sample["image"]))
    assert np.isnan(found["grad_cam"].values["image"][1]).all()


def test_of_a_patient_of_whom_nothing_is_known_nothing_is_said(model):
    found = explain(model, {})
    assert not any(result.values for result in found.results.values())
    assert all(result.absent == tuple(NAMES) for result in found.results.values())
    assert found["integrated_gradients"].checks["change"] == 0
    assert found.plot().get_suptitle().startswith("death")


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"target": "deaht"}, "unknown target 'deaht'. Did you mean 'death'"),
        ({}, {"target": "stage", "label": 3}, "label=3 is no class of 'stage'; expected 0 to 2"),
        ({}, {"methods": "grad_cma"}, "Unknown explanation method 'grad_cma'. Did you mean"),
        (
            {},
            {"methods": {"integrated_gradients": {"baseline": {"tabluar": 0}}}},
            "no baseline of 'tabluar' to set. Did you mean 'tabular'",
        ),
        (
            {},
            {"methods": {"integrated_gradients": {"baseline": {"tabular": [1, 2, 3]}}}},
            r"the baseline of 'tabular' has shape \(3,\); expected one that broadcasts",
        ),
        (
            {},
            {"methods": {"smooth_grad": {"samples": 0}}},
            "smooth_grad: samples=0 is impossible; expected at least 1",
        ),
        ({"imgae": 0}, {}, "explain got an input 'imgae'. Did you mean 'image'"),
        ({"image": np.ones((2, 8, 8))}, {}, r"explain: 'image' has shape \(2, 8, 8\); expected"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_words(model, changes, options, message):
    with pytest.raises(ConfigError, match=message):
        explain(model, patient() | changes, **options)


def test_more_than_one_patient_is_refused(model):
    with pytest.raises(ConfigError, match="explain got 24 patients; expected one"):
        explain(model, make_inputs())


def test_a_method_that_needs_what_the_model_lacks_names_those_that_fit():
    model = make_model(make_spec().only(["tabular"]))
    with pytest.raises(ConfigError, match=r"grad_cam needs an encoder .* These fit: \['integrated"):
        explain(model, {"tabular": [60.0, 1.0]}, methods="grad_cam")
    found = explain(model, {"tabular": [60.0, 1.0]})
    assert set(found.left_out) | set(found.results) == set(METHODS)
    with pytest.raises(ConfigError, match=r"has no 'grad_cam'.*left out"):
        _ = found["grad_cam"]


def test_a_model_whose_output_never_changes_is_said_to_be_constant():
    model = make_model(make_spec().only(["tabular"]))
    model.get_layer("death_logit").kernel.assign(np.zeros((4, 1)))
    found = explain(model, {"tabular": [60.0, 1.0]})
    assert found.is_constant and found["integrated_gradients"].checks["gap"] == 0


def test_to_hide_a_part_takes_from_the_logit_what_predict_says(model):
    sample = patient()
    found = explain(model, sample, methods={"occlusion": {"window": 2}})["occlusion"].values
    without = {name: x.copy() for name, x in sample.items()}
    without["sequence"][2:4, 1] = np.nan
    before, after = (explain(model, s, methods=[]).logit for s in (sample, without))
    np.testing.assert_allclose(found["sequence"][2:4, 1], before - after, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(found["sequence"]), np.isnan(sample["sequence"]))
    assert found["image"].shape == (2, 8, 8) and np.isnan(found["image/whole"][1])
    assert found["tabular"].shape == (2,) and found["sequence/variables"].shape == (3,)


def test_what_the_model_does_not_read_changes_nothing():
    table = keras.Input((3,), name="tabular")
    read = keras.layers.Dense(1)(keras.ops.nan_to_num(table[:, :2]))
    model = plain({"sick": read}, table)
    found = explain(model, {"tabular": [1.0, 2.0, 3.0]}, methods=["occlusion", "smooth_grad"])
    for result in found.results.values():
        assert result.values["tabular"][2] == 0 and result.values["tabular"][:2].all()


def test_a_word_is_hidden_wherever_it_stands(model):
    sample = patient() | {"tokens": np.array([7, 9, 7, 0, 8], "int32")}
    found = explain(model, sample, methods="occlusion")["occlusion"].values["tokens"]
    assert found[0] == found[2] != found[1] and np.isnan(found[3])


def test_smooth_grad_of_a_linear_model_is_its_weights_whatever_the_noise():
    image = keras.Input((None, 4, 4, 1), name="image")
    dense = keras.layers.Dense(1)
    model = plain({"sick": dense(keras.layers.Reshape((16,))(image))}, image)
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    found = explain(model, {"image": x}, methods={"smooth_grad": {"samples": 3}})
    expected = dense.kernel.numpy().reshape(4, 4, 1)
    np.testing.assert_allclose(found["smooth_grad"].values["image"][0], expected, rtol=1e-5)


def test_smooth_grad_is_the_same_for_the_same_seed_and_codes_have_no_slope(model):
    first, again, other = (
        explain(model, patient(), methods={"smooth_grad": {"samples": 2, "seed": seed}})
        for seed in (1, 1, 2)
    )
    one, two, three = (x["smooth_grad"].values for x in (first, again, other))
    np.testing.assert_array_equal(one["sequence"], two["sequence"])
    assert np.nansum(one["sequence"]) != np.nansum(three["sequence"])
    assert np.isnan(one["tabular"][1]) and np.isfinite(one["tabular"][0])


def test_attention_is_in_the_patients_own_steps_words_and_images():
    options = HybridOptions(bag="gated_attention", metrics=False)
    kinds = {"sequence": "attention_lstm", "tokens": "bigru_attention"}
    model = make_model(make_spec().only(NAMES[:2] + NAMES[3:]), options=options, **kinds)
    sample = {k: x for k, x in patient().items() if k != "tabular"}
    sample["sequence"][4:] = np.nan
    sample["tokens"][1:3] = 0
    found = explain(model, sample, methods="attention")["attention"].values
    for name, real in {"sequence": range(4), "tokens": (0, 3, 4), "image": (0,)}.items():
        assert set(np.flatnonzero(~np.isnan(found[name]))) == set(real)
        assert np.nansum(found[name]) == pytest.approx(1, abs=1e-5)
    encoder = model.get_layer("tokens_bigru_attention")
    weights = keras.Model(encoder.inputs, encoder.get_layer("attention").output[1])
    np.testing.assert_allclose(
        found["tokens"][[0, 3, 4]], weights([sample["tokens"][None]])[0, :3], atol=1e-5
    )


def test_attention_of_blocks_is_what_all_steps_read_of_one_through_all_of_them():
    model = make_model(sequence="transformer", spec=make_spec().only(["sequence", "tabular"]))
    sample = {name: patient()[name] for name in ("sequence", "tabular")}
    sample["sequence"][4:] = np.nan
    found = explain(model, sample, methods="attention")["attention"].values
    assert set(found) == {"sequence"} and np.isnan(found["sequence"][4:]).all()
    encoder = model.get_layer("sequence_transformer")
    blocks = [x for x in encoder.layers if isinstance(x, keras.layers.MultiHeadAttention)]
    inner = keras.Model(encoder.inputs, [block.output[1] for block in blocks])
    read = np.eye(4)
    for weights in inner([sample["sequence"][None]]):
        read = (np.eye(4) / 2 + np.mean(weights, axis=(0, 1))[:4, :4] / 2) @ read
    np.testing.assert_allclose(found["sequence"][:4], read.mean(axis=0), atol=1e-6)
    assert found["sequence"][:4].sum() == pytest.approx(1, abs=1e-5) and len(blocks) == 2


@pytest.mark.parametrize("absent", [[], ["image"]])
def test_attention_of_the_fusion_is_what_its_token_reads_of_each_modality(absent):
    model = make_model(fusion="attention")
    sample = {k: x for k, x in patient().items() if k not in absent}
    found = explain(model, sample, methods="modality_attention")["modality_attention"].values
    assert set(found) == set(sample)
    weights = keras.Model(model.inputs, model.get_layer("attention_1").output[1])
    whole = {
        name: np.full_like(x, np.nan if x.dtype.kind == "f" else 0) for name, x in patient().items()
    }
    read = np.mean(weights({k: x[None] for k, x in (whole | sample).items()}), axis=(0, 1))[0, 1:]
    expected = dict(zip(NAMES, read / read.sum(), strict=True))
    for name, value in found.items():
        assert value == pytest.approx(expected[name], abs=1e-6)


def test_what_if_says_what_predict_says_of_the_changed_patient(model):
    spec = InputSpec.from_arrays(
        make_inputs(), columns={"tabular": ["age", "sex"], "sequence": ["HR", "MAP", "RR"]}
    )
    found = what_if(model, patient(), {"sequence/MAP": 70.0, "tabular/age": None}, spec=spec)
    changed = {name: x[None].copy() for name, x in patient().items()}
    series, mean = changed["sequence"][0, :, 1], np.nanmean(make_inputs()["tabular"][:, 0])
    series[~np.isnan(series)] = 70
    changed["tabular"][0, 0] = mean
    expected = model.predict(changed, verbose=0)
    for target, change in found.items():
        after = change.probability_before + change.probability
        np.testing.assert_allclose(after, expected[target][0], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["tabular/2"], r"unknown value 'tabular/2'. Did you mean 'tabular/1'.*Pass spec="),
        (["tabular/1"], "'tabular/1' has no training mean; give a value"),
        (["sequence/0"], "'sequence/0' was never measured in this patient"),
    ],
)
def test_what_cannot_be_set_is_refused_in_words(model, changes, message):
    sample = patient()
    sample["sequence"][:, 0] = np.nan
    with pytest.raises(ConfigError, match=message):
        what_if(model, sample, changes)


def test_a_plot_has_a_panel_for_each_result_and_image(model, tmp_path):
    found = explain(model, patient(), methods=["modality_shapley", "integrated_gradients"])
    figure = found.plot()
    figure.savefig(tmp_path / "found.png")
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert titles[0] == "modality shapley" and len(titles) == 5
    assert "integrated gradients image 1" in titles and (tmp_path / "found.png").stat().st_size > 0
    with pytest.raises(ConfigError, match="has no 'occlusoin'"):
        found.plot("occlusoin")


def test_a_model_that_was_saved_and_loaded_is_explained_alike(tmp_path):
    model = make_model(make_spec().only(["tabular"]))
    before = explain(model, {"tabular": [60.0, 1.0]})  # also: what it keeps is not saved
    save(model, tmp_path / "model.keras")
    after = explain(load(tmp_path / "model.keras"), {"tabular": [60.0, 1.0]})
    for method, result in before.results.items():
        found = after[method].values["tabular"]
        np.testing.assert_allclose(found, result.values["tabular"], atol=1e-5)


def test_an_event_counts_as_what_its_absence_would_change():
    rng, series = np.random.default_rng(0), make_inputs()["sequence"]
    series[:, :, 2] = np.where(rng.random((24, 6)) < 0.5, 1, np.nan)
    kinds = {"sequence": ["numeric", "numeric", "event"]}
    model = make_model(InputSpec.from_arrays({"sequence": series}, kinds=kinds))
    sample = {"sequence": np.full((6, 3), np.nan)}
    sample["sequence"][[1, 4], 2] = 1  # nothing but two events
    found = explain(model, sample, methods=["integrated_gradients", "occlusion"])
    contributions = found["integrated_gradients"].values["sequence"]
    assert contributions[1, 2] == contributions[4, 2] and np.isnan(contributions[:, :2]).all()
    fall = found["occlusion"].values["sequence/variables"][2]
    assert np.nansum(contributions) == pytest.approx(fall, abs=1e-5)


def test_a_backbone_nested_in_a_sequential_encoder_that_two_modalities_share_is_found():
    layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.GlobalMaxPooling2D()]
    inputs = {k: make_inputs()[k] for k in ("image", "tabular")}
    inputs["image_b"] = inputs["image"][::-1]
    model = make_model(make_spec(inputs), image=keras.Sequential(layers, name="mine"))
    found = explain(model, {k: x[4] for k, x in inputs.items()}, methods="grad_cam")
    maps = found["grad_cam"].values
    assert set(maps) == {"image", "image_b"}
    assert not np.allclose(maps["image"][0], maps["image_b"][0])
