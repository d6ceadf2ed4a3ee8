"""`predictor` answers for one patient as `model.predict` does for many."""

import keras
import numpy as np
import pytest
from tiny import SUBSETS, blank, join, make_inputs, make_model, make_spec

from hybrid_zoo import predictor
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.presence import Scrub

HOURS = np.sort(np.random.default_rng(2).uniform(0, 48, (24, 6)).astype("float32"))


@pytest.fixture(scope="module")
def traces():
    """How often a layer of the model was traced."""
    return []


@pytest.fixture(scope="module")
def model(traces):
    @keras.saving.register_keras_serializable("tests")
    class Counted(keras.layers.Layer):
        def call(self, x):
            traces.append(x.shape)
            return x

    table = keras.Input((2,))
    x = keras.layers.Dense(4)(Scrub()(Counted()(table)))
    return make_model(targets={"death": 1, "stage": 3}, tabular=keras.Model(table, x, name="mine"))


@pytest.fixture(scope="module")
def predict(model):
    return predictor(model)


def first(inputs, rows):
    return {name: values[:rows] for name, values in inputs.items()}


@pytest.fixture(scope="module")
def predicted(model):
    """What `model.predict` says of one patient, by what is absent."""
    patient = {name: values[2:3] for name, values in make_inputs().items()}
    batch = join([blank(patient, absent) for absent in SUBSETS])
    found = model.predict(batch, verbose=0)
    return {a: {t: x[k] for t, x in found.items()} for k, a in enumerate(SUBSETS)}


@pytest.mark.parametrize("absent", SUBSETS)
def test_any_subset_of_one_patient_s_arrays_gives_what_predict_gives(predict, predicted, absent):
    patient = {name: x[2] for name, x in make_inputs().items() if name not in absent}
    found = predict(patient)
    for target, expected in predicted[absent].items():
        np.testing.assert_allclose(found[target], expected, atol=1e-6)


def test_it_is_traced_once_whatever_the_length_number_of_images_or_of_patients(predict, traces):
    before, inputs = len(traces), make_inputs()
    for rows, images, steps in ((1, 1, 3), (1, 2, 6), (5, 2, 4), (2, 1, 1)):
        given = first(inputs, rows)
        given["image"], given["sequence"] = given["image"][:, :images], given["sequence"][:, :steps]
        assert predict(given)["stage"].shape == (rows, 3)
    assert before > 0 and len(traces) == before


def test_raw_values_of_other_types_are_read_and_infinity_is_not_observed(predict):
    inputs = make_inputs()
    pixels = np.nan_to_num(inputs["image"][2:3]).astype("uint8")
    found = predict(
        {"image": pixels, "tabular": [[1e300, 2]], "tokens": inputs["tokens"][2:3].astype(int)}
    )
    same = predict({"image": pixels * 1.0, "tabular": [[None, 2]], "tokens": inputs["tokens"][2:3]})
    np.testing.assert_array_equal(found["death"], same["death"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"imgae": 0}, "predictor got an input 'imgae'. Did you mean 'image'"),
        ([1], "got list; expected a dict with any of"),
        ({"tabular": np.ones(3)}, r"'tabular' has shape \(3,\); expected \(2\), or \(any, 2\)"),
        ({"image": np.ones((8, 8, 1))}, r"expected \(any, 8, 8, 1\), or \(any, any, 8, 8, 1\)"),
        ({"sequence": np.ones((0, 3))}, "each axis at least 1"),
        ({"tabular": ["old", "f"]}, "'tabular' cannot be read as float32, got list"),
        ({"tokens": np.ones(5)}, "tokens are integers"),
        ({"tabular": np.ones(2), "sequence": np.ones((1, 4, 3))}, "some arrays have a batch axis"),
        (
            {"tabular": np.ones((2, 2)), "sequence": np.ones((1, 4, 3))},
            "unequal numbers of patients",
        ),
    ],
)
def test_what_it_cannot_read_is_refused_in_words(predict, given, message):
    with pytest.raises(ConfigError, match=message):
        predict(given)


def test_a_series_and_its_hours_come_together_or_not_at_all():
    inputs = {"sequence": make_inputs()["sequence"], "time": HOURS}
    predict = predictor(make_model(InputSpec.from_arrays(inputs), sequence="gru"))
    assert np.isfinite(predict({})["death"]) and predict(first(inputs, 2))["death"].shape == (2, 1)
    with pytest.raises(ConfigError, match="expected as many in 'sequence' as in 'time'"):
        predict({"sequence": inputs["sequence"][0]})
    with pytest.raises(ConfigError, match="expected as many"):
        predict({"sequence": inputs["sequence"][0], "time": HOURS[0, :3]})


def test_what_the_model_learns_later_is_seen_by_a_new_predictor_alone():
    model = make_model(make_spec().only(["tabular"]))
    predict, table = predictor(model), make_inputs()["tabular"]
    before = predict({"tabular": table})["death"]
    model.get_layer("death_logit").bias.assign([2.0])
    after = model.predict({"tabular": table}, verbose=0)["death"]
    np.testing.assert_array_equal(predict({"tabular": table})["death"], before)
    new = predictor(model)({"tabular": table})["death"]
    np.testing.assert_allclose(new, after, atol=1e-6)
    assert (new > before).all()


def test_a_model_whose_inputs_have_no_names_is_refused():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="plain")
    with pytest.raises(ConfigError, match="predictor got 'plain', whose inputs or outputs"):
        predictor(model)
