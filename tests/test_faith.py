"""Checks of explanations: sound methods pass, and those broken on purpose are caught."""

import dataclasses

import keras
import numpy as np
import pytest
from broken_methods import constant, raw_pixels, transposed
from spots import spotted, trained_on_spots

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain import METHODS, CheckOptions, check_explainer
from hybrid_zoo.explain.faith.randomisation import shuffled

QUICK = CheckOptions(result="image", patients=8, draws=10)


@pytest.fixture(scope="module")
def learned():
    """A model that finds the spots, and patients that it has not seen."""
    x, ill, spots = spotted(500, seed=0)
    train, unseen = slice(0, 400), slice(400, None)
    model = trained_on_spots({k: v[train] for k, v in x.items()}, ill[train], epochs=8)
    return model, {k: v[unseen] for k, v in x.items()}, spots[unseen]


@pytest.fixture
def method(request):
    """A method of one's own, forgotten again behind the test."""
    METHODS.register(request.param)
    yield request.param.__name__
    METHODS.pop(request.param.__name__)


@pytest.mark.parametrize("method", ["grad_cam", "occlusion", "smooth_grad"])
def test_a_sound_method_passes_every_check(learned, method):
    model, x, spots = learned
    verdict = check_explainer(model, x, method, lesions=spots, options=QUICK)
    assert verdict.passed, verdict.words
    assert set(verdict.checks) == {
        "deletion",
        "insertion",
        "randomisation",
        "stability",
        "pointing",
    }
    assert verdict.words == f"{method} of image: passed 5 checks on 8 patients of ill."


@pytest.mark.parametrize(
    ("method", "caught"),
    [(transposed, "deletion"), (constant, "insertion"), (raw_pixels, "randomisation")],
    indirect=["method"],
)
def test_a_method_that_is_broken_on_purpose_is_caught(learned, method, caught):
    model, x, _ = learned
    verdict = check_explainer(model, x, method, options=QUICK)
    assert not verdict.passed and not verdict.checks[caught].passed
    assert verdict.words.startswith(f"{method} of image: not to be trusted, by checks on 8")


def _fail_on_shuffled(model, x, before):
    with shuffled(model, np.random.default_rng(0)):
        assert abs(model.predict(x, verbose=0)["ill"] - before).max() > 0.01
        raise ZeroDivisionError


def test_the_weights_are_the_same_afterwards_even_if_a_method_fails(learned):
    model, x, _ = learned
    before = model.predict(x, verbose=0)["ill"]
    weights = model.get_weights()
    check_explainer(model, x, "occlusion", options=dataclasses.replace(QUICK, patients=2, draws=2))
    with pytest.raises(ZeroDivisionError):
        _fail_on_shuffled(model, x, before)
    for w, kept in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(w, kept)


def test_of_a_linear_model_the_exact_contributions_are_the_measured_order():
    table = keras.Input((6,), name="tabular")
    logit = keras.layers.Dense(1, kernel_initializer="random_normal")(
        keras.layers.Lambda(lambda x: keras.ops.where(x == x, x, 0.0))(table)
    )
    model = keras.Model({"tabular": table}, {"sick": logit})
    x = {"tabular": np.random.default_rng(0).normal(size=(8, 6)).astype("float32")}
    verdict = check_explainer(model, x, "occlusion")
    assert verdict.checks["deletion"].value == pytest.approx(1)
    assert verdict.checks["insertion"].value == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "grad_cma"}, "Unknown explanation method 'grad_cma'. Did you mean 'grad_cam'"),
        ({"method": "attention"}, "check_explainer: attention needs an encoder or bag that"),
        ({"method": "modality_shapley"}, "modality_shapley says nothing of places, so that hiding"),
        ({"target": "sick"}, "unknown target 'sick'"),
        ({"lesions": np.ones((100, 32, 32))}, r"lesions have shape \(100, 32, 32\); 'image' has"),
        ({"lesions": np.zeros((100, 1, 32, 32))}, "none of 100 patients has 'image' and a lesion"),
        ({"options": CheckOptions(result="tabular")}, "grad_cam returned no 'tabular'"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(learned, arguments, message):
    model, x, _ = learned
    with pytest.raises(ConfigError, match=message):
        check_explainer(model, x, **arguments)
