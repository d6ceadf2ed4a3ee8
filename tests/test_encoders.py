import functools
import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import blank, make_inputs, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS
from hybrid_zoo.saving import load, save

LARGE = {"resnet50", "densenet121", "efficientnet_lite0", "efficientnetv2b0", "convnext_tiny"}
"""Of the published backbones the smallest is always tested; these take minutes together."""
CASES = [
    pytest.param(
        kind, builder, id=f"{kind}-{name}", marks=[pytest.mark.slow] if name in LARGE else []
    )
    for kind, registry in ENCODERS.items()
    for name, builder in registry.items()
]
FUSERS = [pytest.param(builder, id=f"fusion-{name}") for name, builder in FUSIONS.items()]
POOLS = [pytest.param(builder, id=f"bag-{name}") for name, builder in BAGS.items()]
COUNTS = {"image": 8, "volume": 1, "sequence": 7, "tabular": 2, "tokens": 2}
OTHER = {"int": 3, "float": 0.05, "tuple": (4, 6)}
"""A value that is no default, by the type of the default."""

every_encoder = pytest.mark.parametrize(("kind", "builder"), CASES)
joint_fusions = pytest.mark.parametrize("builder", [f for f in FUSERS if f.id != "fusion-late"])
of_length = pytest.mark.parametrize(
    ("kind", "builder"), [c for c in CASES if c.values[0] in ("sequence", "tokens")]
)
of_floats = pytest.mark.parametrize(
    ("kind", "builder"), [c for c in CASES if c.values[0] != "tokens"]
)
every_component = pytest.mark.parametrize("builder", [c.values[-1] for c in CASES + FUSERS + POOLS])


@functools.cache
def inputs_of(kind):
    """A small cohort of one kind; pictures large enough for every architecture."""
    rng = np.random.default_rng(0)
    if kind == "image":
        return {kind: rng.uniform(0, 255, (6, 1, 32, 32, 1)).astype("float32")}
    if kind == "volume":
        return {kind: rng.uniform(0, 255, (6, 1, 8, 16, 16, 1)).astype("float32")}
    return {kind: make_inputs()[kind]}


def spec_of(kind):
    categorical = (1,) if kind == "tabular" else ()
    return InputSpec.from_arrays(inputs_of(kind), categorical=categorical)


def batch_of(kind):
    """What an encoder of one kind reads: for images the pictures of a bag, one by one."""
    values = inputs_of(kind)[kind]
    return values[:, 0].copy() if kind in ("image", "volume") else values.copy()


@functools.cache
def built(kind, builder):
    """Each encoder once per session: the backbones take seconds."""
    return builder(spec_of(kind), units=4)


def unusual(builder, *skip):
    """All keyword options of a builder, none at its default; those that are None need a file."""

    def other(value):
        return not value if isinstance(value, bool) else OTHER[type(value).__name__]

    options = {
        p.name: p.default
        for p in inspect.signature(builder).parameters.values()
        if p.default not in (p.empty, None) and p.name not in skip
    }
    return {k: v + "_x" if k == "name" else other(v) for k, v in options.items()}


def fuser_model(builder, **options):
    """A model of a fusion over two modalities."""
    features = {n: keras.Input((5,), name=n) for n in ("a", "b")}
    presence = {n: keras.Input((1,), name=n + "_presence") for n in features}
    return keras.Model(
        [*features.values(), *presence.values()], builder(**options)(features, presence)
    )


def test_every_registered_component_is_tested():
    assert {kind: len(registry) for kind, registry in ENCODERS.items()} == COUNTS
    assert len(CASES) == sum(COUNTS.values()) and len(FUSERS) == 5 and len(POOLS) == 4


@every_encoder
def test_an_encoder_ends_in_finite_features_of_the_asked_width(kind, builder):
    x = batch_of(kind)
    features = built(kind, builder)(x)
    assert features.shape == (len(x), 4) and features.dtype == "float32"
    assert np.isfinite(features).all() and np.ptp(features) > 0


@every_encoder
def test_a_saved_encoder_predicts_the_same_with_every_option_unusual(kind, builder, tmp_path):
    model = builder(spec_of(kind), **unusual(builder, "time"))
    again = load(save(model, tmp_path / "encoder.keras"))
    assert again.name == model.name and again.count_params() == model.count_params()
    np.testing.assert_array_equal(again(batch_of(kind)), model(batch_of(kind)))


@every_encoder
def test_every_option_of_an_encoder_changes_its_graph_or_its_training(kind, builder):
    def graph(model):
        return re.sub(r"_\d+\b", "", str(model.get_config()))  # numbers that keep names apart

    usual = graph(built(kind, builder))
    assert graph(builder(spec_of(kind), units=4)) == usual  # else any two would differ
    for option, value in unusual(builder).items():
        assert graph(builder(spec_of(kind), **{"units": 4} | {option: value})) != usual, option


@every_encoder
def test_the_encoding_of_a_sample_depends_on_no_other(kind, builder):
    model, x = built(kind, builder), batch_of(kind)
    whole, order = model(x).numpy(), np.random.default_rng(1).permutation(len(x))
    # Features of a deep backbone may be large, and float32 is exact to a share of them.
    close = {"atol": 1e-6 * max(1, np.abs(whole).max()), "rtol": 1e-6}
    np.testing.assert_allclose(model(x[order]), whole[order], **close)
    np.testing.assert_allclose(model(x[4:5]), whole[4:5], **close)


@every_encoder
def test_gradients_reach_every_trainable_weight_of_an_encoder(kind, builder):
    model, x = built(kind, builder), batch_of(kind)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x) ** 2)
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    still = [
        weight.path
        for weight, g in zip(model.trainable_weights, gradients, strict=True)
        if g is None or not np.abs(tf.convert_to_tensor(g)).max() > 0
    ]
    assert not still and gradients


@every_encoder
def test_an_encoder_reads_raw_units_in_full_precision_under_a_mixed_policy(kind, builder):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = builder(spec_of(kind), units=4)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    x = batch_of(kind)
    if kind in ("image", "volume"):
        x[0] = 65535  # infinite in half precision, which would mean absent
    assert np.isfinite(model(x)).all() and np.isfinite(model(x, training=True)).all()
    assert {layer.compute_dtype for layer in model.layers} >= {"float32", "float16"}


@every_encoder
def test_a_model_with_any_encoder_predicts_for_any_subset_of_its_modalities(kind, builder):
    arrays = {"tabular_other": make_inputs()["tabular"][:6]}
    arrays |= {k: v[:6] for k, v in inputs_of(kind).items()}
    spec = InputSpec.from_arrays(arrays)
    encoder = built(kind, builder)
    model = build_hybrid(spec, targets=["death"], encoders={kind: encoder}, units=4)
    for absent in ([], [kind], ["tabular_other"], [kind, "tabular_other"]):
        found = np.asarray(model(blank(arrays, absent))["death"])
        assert found.shape == (6, 1) and ((0 < found) & (found < 1)).all()  # NaN is neither


@of_length
def test_a_longer_absent_tail_changes_no_feature(kind, builder):
    model, x = built(kind, builder), batch_of(kind)
    tail = [(0, 0), (0, 9), (0, 0)][: x.ndim]
    longer = np.pad(x, tail, constant_values=0 if kind == "tokens" else np.nan)
    np.testing.assert_allclose(model(longer), model(x), atol=1e-6)


@every_encoder
def test_an_encoder_of_nothing_at_all_is_finite(kind, builder):
    x = batch_of(kind)
    x = np.zeros_like(x) if kind == "tokens" else np.full_like(x, np.nan)
    assert np.isfinite(built(kind, builder)(x)).all()


@of_floats
def test_infinity_counts_as_not_observed(kind, builder):
    model, x = built(kind, builder), batch_of(kind)
    x[0, ..., 0] = np.inf
    y = x.copy()
    y[0, ..., 0] = np.nan
    np.testing.assert_array_equal(model(x), model(y))


@every_encoder
def test_an_encoder_refuses_a_width_of_nothing(kind, builder):
    with pytest.raises(ConfigError, match=r"units=0 is impossible; expected at least 1"):
        builder(spec_of(kind), units=0)


@every_encoder
def test_an_encoder_refuses_a_spec_without_its_kind(kind, builder):
    other = "tabular" if kind != "tabular" else "tokens"
    spec = InputSpec.from_arrays({other: make_inputs()[other]})
    with pytest.raises(ConfigError, match=f"kind '{kind}' reads exactly one"):
        builder(spec)


def test_the_lstm_of_irregular_time_reads_the_hours():
    model, x = ENCODERS["sequence"]["lstm"](make_spec(), time=True, units=4), batch_of("sequence")
    hours = np.cumsum(np.random.default_rng(0).uniform(0, 3, x.shape[:2]), axis=1)
    short = model([x, hours])
    assert np.abs(short - model([x, hours * 2])).max() > 1e-4
    tail = np.pad(x, [(0, 0), (0, 4), (0, 0)], constant_values=np.nan)
    late = np.pad(hours, [(0, 0), (0, 4)], constant_values=np.nan)
    np.testing.assert_allclose(model([tail, late]), short, atol=1e-6)


@joint_fusions
def test_a_fusion_ends_in_finite_features_and_is_saved_with_every_option(builder, tmp_path):
    x = [np.random.default_rng(0).normal(size=(6, w)).astype("float32") for w in (5, 5, 1, 1)]
    model = fuser_model(builder, **unusual(builder))
    assert model(x).shape == (6, 3) and np.isfinite(model(x)).all()
    np.testing.assert_array_equal(load(save(model, tmp_path / "f.keras"))(x), model(x))


@every_component
def test_a_docstring_names_every_argument_and_its_source(builder):
    words = inspect.getdoc(builder)
    assert all(f"\n{part}:\n" in words for part in ("Args", "Returns", "Raises", "Source"))
    for argument in inspect.signature(builder).parameters:
        assert f"\n    {argument}: " in words, argument


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_lstm_layers_hold_as_many_weights_as_the_closed_form_says(layers):
    model = ENCODERS["sequence"]["lstm"](make_spec(), layers=layers, units=4)
    found = [x.count_params() for x in model.layers if isinstance(x, keras.layers.LSTM)]
    widths = [9, *[4] * (layers - 1)]  # 3 variables: value, mask, freshness of each
    assert found == [4 * 4 * (width + 4 + 1) for width in widths]


def test_the_paper_cnn_is_convolution_relu_and_pooling_with_the_weights_of_their_closed_form():
    spec = InputSpec.from_arrays({"image": np.zeros((2, 1, 40, 24, 3), "float32")})
    model, textbook = ENCODERS["image"]["paper_cnn"](spec, widths=(2, 5), units=7), []
    for width in (2, 5, 5):  # 40 -> 20 -> 10 -> 5 pixels
        textbook.append(keras.layers.Conv2D(width, 3, padding="same", activation="relu"))
        textbook.append(keras.layers.MaxPooling2D(2, padding="same"))
    textbook += [keras.layers.Flatten(), keras.layers.Dense(7, activation="relu")]
    textbook = keras.Sequential([keras.Input((40, 24, 3)), *textbook])
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=weight.shape) for weight in model.trainable_weights]
    closed_form = 9 * 3 * 2 + 2 + 9 * 2 * 5 + 5 + 9 * 5 * 5 + 5 + 5 * 3 * 5 * 7 + 7
    assert sum(weight.size for weight in weights) == textbook.count_params() == closed_form
    for weight, value in zip(model.trainable_weights, weights, strict=True):
        weight.assign(value)
    textbook.set_weights(weights)
    # Pixels that are constant in the training rows have the variance 1 here: scores equal pixels.
    x = rng.normal(size=(4, 40, 24, 3)).astype("float32")
    np.testing.assert_allclose(model(x), textbook(x), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("side", "blocks"), [(8, 3), (48, 3), (64, 3), (65, 4), (130, 5)])
def test_the_paper_cnn_pools_down_to_at_most_8_pixels(side, blocks):
    spec = InputSpec.from_arrays({"image": np.zeros((2, 1, side, 8, 1), "float32")})
    model = ENCODERS["image"]["paper_cnn"](spec, widths=(2, 2, 2), units=2)
    pools = [x for x in model.layers if isinstance(x, keras.layers.MaxPooling2D)]
    assert len(pools) == blocks and max(pools[-1].output.shape[1:3]) <= 8


def test_the_paper_cnn_refuses_a_picture_below_8_pixels():
    spec = InputSpec.from_arrays({"image": np.zeros((2, 1, 7, 20, 1), "float32")})
    with pytest.raises(ConfigError, match=r"at least 8x8 pixels, got \(7, 20\)"):
        ENCODERS["image"]["paper_cnn"](spec)
