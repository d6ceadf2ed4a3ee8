"""Training in bfloat16 and XLA: only where asked for, and the raw inputs never rounded."""

import keras
import numpy as np
import pytest
from tiny import blank, join, make_arrays, make_inputs, make_model, make_spec

from hybrid_zoo import export, predictor
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.policy import built_under
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registries import ENCODERS, FUSIONS
from hybrid_zoo.saving import load, save
from hybrid_zoo.studies.artefacts import write_environment
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.settings import read_settings
from hybrid_zoo.studies.words_study import precision_in_words
from hybrid_zoo.tuning.networks import Network

INPUTS = make_inputs()
TABLE = {"tabular": INPUTS["tabular"]}
LABELS = {"death": (np.arange(24) % 2).astype("float32")[:, None]}
HALF = "mixed_bfloat16"
SMALL = {"paper_cnn", "lstm", "mlp", "hashed_bag"}
BACKBONES = {
    "resnet50",
    "densenet121",
    "efficientnet_lite0",
    "efficientnetv2b0",
    "convnext_tiny",
    "mobilenetv3_small",
}
CASES = [
    pytest.param(kind, name, marks=[] if name in SMALL else [pytest.mark.slow])
    for kind, registry in ENCODERS.items()
    for name in registry
]


def options(dtype=HALF, **changes):
    return HybridOptions(metrics=False, dtype=dtype, **changes)


def twins(spec=None, **changes):
    """The same model in float32 and in bfloat16, of the same weights."""
    found = [make_model(spec, options=options(dtype), **changes) for dtype in ("float32", HALF)]
    found[1].set_weights(found[0].get_weights())
    return found


def inputs_of(kind, name):
    rng, side = np.random.default_rng(0), 32 if name in BACKBONES else 16
    if kind in ("image", "volume"):
        shape = (8, 1, *[side] * (3 if kind == "volume" else 2), 1)
        return {kind: rng.uniform(0, 255, shape).astype("float32")}
    return {kind: INPUTS[kind][:8]}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_encoder_learns_in_bfloat16_and_predicts_nearly_as_in_float32(kind, name):
    x = inputs_of(kind, name)
    whole, half = twins(InputSpec.from_arrays(x), **{kind: name})
    tolerance = 0.1 if name in BACKBONES else 0.02  # dozens of layers, of random weights
    expected = np.asarray(whole(x)["death"])
    np.testing.assert_allclose(half(x)["death"], expected, atol=tolerance)
    assert "bfloat16" in {layer.compute_dtype for layer in half._flatten_layers()}
    before = [w.numpy() for w in half.trainable_weights]
    half.run_eagerly = True  # tracing takes longer than one batch
    half.train_on_batch(x, {"death": LABELS["death"][:8]})
    assert {w.dtype for w in half.weights} == {"float32"}
    assert any(np.any(w != old) for w, old in zip(half.trainable_weights, before, strict=True))
    found = np.asarray(half(join([x, blank(x, [kind])]))["death"])
    assert found.dtype == "float32" and ((0 < found) & (found < 1)).all()  # NaN is neither


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_predicts_in_bfloat16_nearly_as_in_float32(fusion):
    whole, half = twins(fusion=fusion)
    batch = join([INPUTS, blank(INPUTS, ["image", "tabular"]), blank(INPUTS, list(INPUTS))])
    found = np.asarray(half(batch)["death"])
    np.testing.assert_allclose(found, whole(batch)["death"], atol=0.02)
    assert half.output["death_logit"].dtype == found.dtype == "float32"


@pytest.mark.parametrize("builder", ENCODERS["tabular"].values(), ids=list(ENCODERS["tabular"]))
def test_laboratory_values_that_bfloat16_would_merge_stay_apart(builder):
    table = np.array([[65537.0, 3], [65600, 3], [65568, 3]], "float32")
    assert np.ptp(keras.ops.cast(keras.ops.cast(table, "bfloat16"), "float32"), axis=0)[0] == 0
    with built_under(HALF):
        encoder = builder(InputSpec.from_arrays({"tabular": table}), units=8)
    found = np.asarray(encoder(table)).astype("float32")
    assert len({row.tobytes() for row in found}) == 3
    model = make_model(InputSpec.from_arrays({"tabular": table}), options=options())
    summary = np.asarray(model.get_layer("tabular_summary")(table))
    np.testing.assert_allclose(summary[:2, 0] - summary[2, 0], [-1.2, 1.24], atol=0.05)


SERIES = [
    n if n == "lstm" else pytest.param(n, marks=pytest.mark.slow) for n in ENCODERS["sequence"]
]


@pytest.mark.parametrize("name", SERIES)
def test_values_and_hours_of_a_series_that_bfloat16_would_merge_stay_apart(name):
    series = np.full((3, 3, 2), 65568, "float32")
    series[0, 1, 0], series[1, 1, 0], series[:, 2, 1] = 65537, 65600, np.nan
    hours = np.array([[0, 1000, 1001]] * 3, "float32")
    with built_under(HALF):
        spec = InputSpec.from_arrays({"sequence": series})
        encoder = ENCODERS["sequence"][name](spec, units=8, time=True)
    found = np.asarray(encoder([series, hours])).astype("float32")
    assert len({row.tobytes() for row in found}) == 3
    later = hours + np.array([0, 0, 1], "float32")  # 1001 and 1002 are one number in bfloat16
    assert np.any(np.asarray(encoder([series, later])).astype("float32") != found)


def test_pixels_of_16_bits_that_bfloat16_would_merge_stay_apart():
    image = np.full((3, 1, 16, 16, 1), 65300, "float32")
    image[0, 0, :8], image[1, 0, :8] = 65281, 65319
    model = make_model(InputSpec.from_arrays({"image": image}), options=options())
    x = model.get_layer("image_bag")(image)[0]
    found = np.asarray(model.get_layer("image_paper_cnn")(x)).astype("float32")
    assert len({row.tobytes() for row in found}) == 3


def test_the_global_policy_stays_whatever_happens():
    assert make_model(options=options()).get_layer("fused").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ConfigError, match="Unknown fusion"):
        make_model(options=options(), fusion="concatt")
    assert keras.config.dtype_policy().name == "float32"
    with built_under(HALF):  # a user's own
        assert make_model().get_layer("fused").compute_dtype == "bfloat16"
        plain = make_model(options=options("float32"))
        assert keras.config.dtype_policy().name == HALF
    assert plain.get_layer("fused").compute_dtype == "float32"


def test_a_model_in_bfloat16_comes_back_from_its_file_and_answers_one_patient(tmp_path):
    inputs = {name: INPUTS[name] for name in ("tabular", "tokens")}
    model = make_model(make_spec(inputs), options=options())
    again = load(save(model, tmp_path / "model.keras"))
    expected = np.asarray(model(inputs)["death"])
    np.testing.assert_array_equal(again(inputs)["death"], expected)
    assert again.get_layer("fused").dtype_policy.name == HALF
    one = {name: values[2] for name, values in inputs.items()}
    np.testing.assert_allclose(predictor(again)(one)["death"], expected[2], atol=1e-2)


@pytest.mark.parametrize(("format", "suffix"), [("onnx", ".onnx"), ("litert", ".tflite")])
def test_a_runtime_without_bfloat16_is_refused_at_once(format, suffix, tmp_path):
    model = make_model(InputSpec.from_arrays(TABLE), options=options())
    with pytest.raises(ConfigError, match=f"computes in bfloat16, unknown to format='{format}'"):
        export(model, tmp_path / f"model{suffix}", format=format)


@pytest.mark.slow
def test_a_model_in_bfloat16_is_exported_and_its_twin_in_float32_too(tmp_path):
    whole, half = twins(InputSpec.from_arrays(TABLE))
    assert export(half, tmp_path / "half", rows=TABLE).is_dir()
    assert export(whole, tmp_path / "whole.onnx", format="onnx", rows=TABLE).is_file()


def test_the_long_state_of_an_lstm_in_bfloat16_does_not_drift():
    x = np.random.default_rng(0).normal(size=(4, 80, 5)).astype("float32")
    whole = keras.layers.LSTM(16, return_sequences=True)
    half = keras.layers.LSTM(16, return_sequences=True, dtype=HALF)
    expected, _ = np.asarray(whole(x)), half(x[:, :1])
    half.set_weights(whole.get_weights())
    error = np.abs(np.asarray(half(x)).astype("float32") - expected).max(axis=(0, 2))
    assert 0 < error[-20:].max() < 2 * error[:20].max() < 0.02


def test_what_a_network_hands_on_trains_in_bfloat16_and_is_told_from_float32(quick_fits):
    arrays = make_arrays(40)
    of = {d: Network(arrays, ["tabular"], options=options(d)) for d in ("float32", HALF)}
    rows = np.arange(40)
    network = of[HALF]
    model = network.fit(network.default, rows, epochs=1).model
    assert model.get_layer("fused").compute_dtype == "bfloat16"
    assert all(z.dtype == "float32" for z in network.logits(network.default, rows).values())
    assert network.identity() != of["float32"].identity()
    assert keras.config.dtype_policy().name == "float32"


def test_a_study_hands_its_dtype_to_every_network_and_says_so(cohort_folder, tmp_path):
    settings, cohort = read_settings(None, {"dtype": HALF}), Cohort.read(cohort_folder)
    contest = Contest(cohort, cohort.to_arrays(), dtype=settings.dtype)
    assert len(contest.networks) > 1
    for network in contest.networks.values():
        assert ("dtype", HALF) in network.identity()["network"][-1]
    assert "bfloat16" in precision_in_words({"dtype": settings.dtype})[0]
    assert precision_in_words({}) == precision_in_words({"dtype": "float32"}) == []
    write_environment(tmp_path, "", 0, settings.dtype)
    assert '"lstm": "keras"' in (tmp_path / "environment.json").read_text()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("bfloat16", "Did you mean 'mixed_bfloat16'"),
        ("mixed_bfloat", "Did you mean 'mixed_bfloat16'"),
        ("float23", "Did you mean 'float32'"),
        ("mixed_float16", "Small gradients become 0 in float16, for which no loss is scaled"),
        ("float16", "Small gradients become 0 in float16, for which no loss is scaled"),
        (16, "Expected None"),
    ],
)
def test_another_dtype_is_refused_by_the_option_and_by_the_study(wrong, said):
    known = r"one of \['float32', 'mixed_bfloat16'\]"
    with pytest.raises(ConfigError, match=f"HybridOptions: dtype is {wrong!r}.*{said}.*{known}"):
        options(wrong)
    with pytest.raises(ConfigError, match=f"Option dtype is {wrong!r}.*{said}.*{known}"):
        read_settings(None, {"dtype": wrong})


def every_way(model, path):
    """The model, loaded, cloned, and loaded without its optimiser."""
    save(model, path)
    return [
        model,
        load(path),
        keras.models.clone_model(model),
        keras.saving.load_model(path, compile=False),
    ]


def test_nothing_runs_through_xla_unless_it_was_asked_to(tmp_path):
    model, path = make_model(InputSpec.from_arrays(TABLE)), tmp_path / "model.keras"
    assert not model.jit_compile and not keras.models.clone_model(model).jit_compile
    model.compile("sgd", {"death": "binary_crossentropy"})
    assert not any(each.jit_compile for each in every_way(model, path))
    model.compile("sgd", {"death": "binary_crossentropy"}, jit_compile=True)
    *compiled, bare = every_way(model, path)
    assert all(each.jit_compile for each in compiled) and not bare.jit_compile


def test_what_auto_came_to_on_another_machine_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr("hybrid_zoo.model.JIT_COMPILE", True)  # as on JAX
    model = make_model(InputSpec.from_arrays(TABLE))
    assert model.jit_compile
    save(model, tmp_path / "model.keras")
    monkeypatch.undo()
    again = load(tmp_path / "model.keras")
    assert not again.jit_compile and again.optimizer.built
    assert again.get_compile_config()["jit_compile"] == "auto"
