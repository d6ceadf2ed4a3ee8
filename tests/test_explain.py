"""Explanations of one patient: they add up, and agree with computations of their own."""

import itertools
import math

import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain import METHODS, explain
from hybrid_zoo.explain.case import make_case

NAMES = ["image", "sequence", "tabular", "tokens"]


def patient(row=3, seed=0):
    return {name: x[row] for name, x in make_inputs(seed=seed).items()}


@pytest.fixture(scope="module")
def model():
    return make_model(targets={"death": 1, "stage": 3})


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


def test_grad_cam_is_that_of_the_paper_on_a_small_network():
    image = keras.Input((None, 6, 8, 1), name="image")
    convolve = keras.layers.Conv2D(3, 3, padding="same", activation="relu")
    dense, squeeze = keras.layers.Dense(1), keras.layers.Reshape((6, 8, 1))
    maps = convolve(squeeze(image))
    model = plain({"sick": dense(keras.layers.Flatten()(maps))}, image)
    x = np.random.default_rng(0).uniform(0, 255, (1, 6, 8, 1)).astype("float32")
    found = explain(model, {"image": x}, methods="grad_cam")["grad_cam"].values["image"]
    features = convolve(x).numpy()[0]
    slopes = dense.kernel.numpy().reshape(6, 8, 3)  # the logit is linear in the maps
    expected = np.maximum((features * slopes.mean((0, 1))).sum(-1), 0)
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


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {"target": "deaht"}, "unknown target 'deaht'. Did you mean 'death'"),
        ({}, {"target": "stage", "label": 3}, "label=3 is no class of 'stage'; expected 0 to 2"),
        ({}, {"methods": "grad_cma"}, "Unknown explanation method 'grad_cma'. Did you mean"),
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
