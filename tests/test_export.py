"""An export answers in its own runtime as the model does, or none is written and it is said why."""

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tiny import SUBSETS, blank, make_inputs, make_model, make_spec

from hybrid_zoo import export
from hybrid_zoo.errors import ConfigError, ExportError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS

HOURS = np.sort(np.random.default_rng(2).uniform(0, 48, (24, 6)).astype("float32"))
SUFFIX = {"tf_saved_model": "", "onnx": ".onnx", "litert": ".tflite"}


def small(*names, **changes):
    """A model of some modalities."""
    return make_model(make_spec().only(names or ["tabular"]), **changes)


def answers(path, format):
    """What a file says in its own runtime, read as its own documentation has it."""
    if format == "onnx":
        session = onnxruntime.InferenceSession(path)
        names = [output.name for output in session.get_outputs()]
        return lambda x: dict(zip(names, session.run(None, x), strict=True))
    if format == "litert":
        runner = Interpreter(str(path)).get_signature_runner("serving_default")
        return lambda x: runner(**x)
    loaded = tf.saved_model.load(path)
    return lambda x: {name: y.numpy() for name, y in loaded.serve(x).items()}


def differences(run, model, names, subsets=SUBSETS):
    """The largest difference over the subsets of modalities that are absent."""
    inputs = {name: make_inputs()[name] for name in names}
    for absent in {tuple(set(names) & set(subset)) for subset in subsets}:
        x = blank(inputs, absent)
        expected = model.predict(x, verbose=0)
        yield max(np.max(np.abs(run(x)[target] - expected[target])) for target in expected)


@pytest.mark.parametrize(
    ("format", "kinds", "most"),
    [
        ("tf_saved_model", ["sequence", "tabular", "tokens"], 1e-6),
        ("litert", ["image", "tabular"], 1e-5),
    ],
)
def test_it_answers_as_the_model_does_whatever_is_absent(tmp_path, format, kinds, most):
    model = small(*kinds, targets={"death": 1, "stage": 3})
    path = export(model, tmp_path / f"model{SUFFIX[format]}", format=format)
    assert max(differences(answers(path, format), model, kinds)) <= most


def test_onnx_runtime_agrees_on_a_hybrid_of_all_modalities_with_nan(tmp_path):
    model = make_model(targets={"death": 1, "stage": 3}, sequence="lstm")
    rows = {name: x[:3] for name, x in make_inputs(seed=5).items()}
    path = export(model, tmp_path / "model.onnx", format="onnx", rows=rows)
    some = SUBSETS[::5]  # none, and one or more of each kind
    assert max(differences(answers(path, "onnx"), model, model.input, some)) <= 1e-5
    assert [x.name for x in tmp_path.iterdir()] == ["model.onnx"]


def test_a_layer_that_a_runtime_lacks_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(ExportError, match=r"LiteRT: sequence_gru/gru\w* \(TensorListReserve\)"):
        export(small("sequence", sequence="gru"), tmp_path / "m.tflite", format="litert")
    table = keras.Input((2,))
    steep = keras.layers.Lambda(lambda x: keras.ops.erfinv(x / 9), (2,), name="steep")
    mine = keras.Model(table, keras.layers.Dense(2)(steep(table)), name="mine")
    with pytest.raises(ExportError, match=r"no form in ONNX: mine/steep \(Erfinv\)"):
        export(small(tabular=mine), tmp_path / "m.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_answers_otherwise_is_refused_and_the_old_one_stays(tmp_path):
    table = keras.Input((2,))
    calls = []  # a layer that is another one each time that it is traced
    odd = keras.layers.Lambda(lambda x: 0 * x + float(calls.append(0) or len(calls)), (2,))(table)
    model = small(tabular=keras.Model(table, keras.layers.Dense(2)(odd), name="mine"))
    path = tmp_path / "m.tflite"
    path.write_text("the old one")
    with pytest.raises(ExportError, match=r"differs from the model by .* on patients who lack"):
        export(model, path, format="litert")
    assert [x.name for x in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "the old one"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("m", {"format": "saved_model"}, "Did you mean 'tf_saved_model'"),
        ("m.keras", {"format": "onnx"}, "must end in '.onnx'"),
        ("none/m.onnx", {"format": "onnx"}, "there is no folder"),
        ("there", {}, "exists. Choose another path"),
        ("m", {"rows": {"tabluar": 0}}, "export got an input 'tabluar'. Did you mean 'tabular'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_converted(
    tmp_path, name, options, message
):
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match=message):
        export(small(), tmp_path / name, **options)


def test_a_package_that_is_missing_is_named_with_the_extra_that_holds_it(tmp_path, monkeypatch):
    monkeypatch.setattr("hybrid_zoo.serving.export.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs tf2onnx, onnxruntime.*hybrid-zoo\[export\]"):
        export(small(), tmp_path / "m.onnx", format="onnx")


COMPONENTS = [(kind, name) for kind in ENCODERS for name in ENCODERS[kind]]
COMPONENTS += [("fusion", name) for name in FUSIONS] + [("bag", name) for name in BAGS]
COMPONENTS += [("imputation", name) for name in ("mean", "forward_fill")]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "name"), COMPONENTS)
def test_every_component_of_the_zoo_has_a_form_in_onnx(tmp_path, part, name):
    x = make_inputs(6)
    x["volume"] = np.repeat(x["image"][:, :, None], 8, 2)
    x["image"] = x["image"].repeat(4, 2).repeat(4, 3)
    used = {
        "fusion": ["image", "tabular", "tokens"],
        "bag": ["image"],
        "imputation": ["sequence", "tabular"],
    }
    inputs = {key: x[key] for key in used.get(part, [part])}
    changes = {part: name}
    if part in ("bag", "imputation"):
        changes = {"options": HybridOptions(metrics=False, missing_token=True, **changes)}
    model = make_model(InputSpec.from_arrays(inputs, categorical=(1,)), **changes)
    assert export(model, tmp_path / "m.onnx", format="onnx", rows=inputs).stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ENCODERS["sequence"]))
def test_every_sequence_encoder_on_irregular_time_has_a_form_in_onnx(tmp_path, name):
    inputs = {"sequence": make_inputs()["sequence"], "time": HOURS}
    model = make_model(InputSpec.from_arrays(inputs), sequence=name)
    assert export(model, tmp_path / "m.onnx", format="onnx", rows=inputs).is_file()
