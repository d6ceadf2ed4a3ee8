"""What `HybridOptions` changes: tokens, hidden modalities, self-supervision, warm starts."""

import keras
import numpy as np
import pytest
from tiny import CONFIG, blank, join, make_inputs, make_model, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.images import paper_cnn
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.augment import AugmentImages
from hybrid_zoo.layers.impute import Impute
from hybrid_zoo.layers.modalities import MissingToken, ModalityDropout
from hybrid_zoo.layers.self_supervision import PooledPicture, TellSummary
from hybrid_zoo.model import LOGIT, OF
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.saving import load, save

INPUTS = make_inputs()
LABELS = {"death": (np.arange(24) % 2).astype("float32")[:, None]}


def options(**changes):
    return HybridOptions(metrics=False, **changes)


def test_hidden_modalities_are_hidden_in_training_only_at_the_asked_rate_and_never_all():
    layer, there = ModalityDropout(0.4, seed=1), [np.ones((4000, 1), "float32")] * 3
    np.testing.assert_array_equal(layer(there), there)
    kept = np.concatenate(layer(there, training=True), axis=1)
    # All three would be hidden with probability 0.4^3, and then none is.
    assert kept.mean() == pytest.approx(0.6 + 0.4 * 0.4**2, abs=0.02)
    assert kept.sum(axis=1).min() == 1
    there[1] = np.zeros((4000, 1), "float32")
    assert not np.any(layer(there, training=True)[1])


def test_a_token_stands_where_a_modality_is_absent():
    layer = MissingToken(learned=True)
    x, there = np.ones((3, 5), "float32"), np.array([[1], [0], [0]], "float32")
    found = np.asarray(layer(x, there))
    np.testing.assert_array_equal(found[0], x[0])
    np.testing.assert_array_equal(found[1:], np.stack([layer.token] * 2))
    assert not np.any(MissingToken()(x, there)[1:])


def test_the_summary_loss_is_the_error_of_the_present_samples_and_only_in_training():
    rng, layer = np.random.default_rng(0), TellSummary(0.5)
    x, summary = rng.normal(size=(8, 3)), rng.normal(3, 2, (8, 4))
    there = np.array([1, 1, 0, 1, 1, 1, 0, 1.0])[:, None]
    x, summary, there = (v.astype("float32") for v in (x, summary, there))
    np.testing.assert_array_equal(layer(x, summary, there), x)
    assert not layer.losses
    layer(x, summary, there, training=True)
    kernel, bias = (w.numpy() for w in layer.tell.weights)
    seen = there[:, 0] == 1
    target = (summary - summary[seen].mean(0)) / np.sqrt(summary[seen].var(0) + 1e-4)
    error = ((x @ kernel + bias - target) ** 2)[seen].mean()
    assert float(layer.losses[0]) == pytest.approx(0.5 * error, rel=1e-5)


def test_a_pooled_picture_tells_the_direction_of_stripes_and_forgets_absent_images():
    across = np.zeros((32, 32), "float32")
    across[::4] = across[1::4] = 1
    bag = np.stack([across, across.T])[:, None, :, :, None]
    found = PooledPicture()(bag).numpy()
    brightness, right, down, right_half, down_half = found.reshape(2, 16, 5).transpose(2, 0, 1)
    np.testing.assert_allclose(brightness, 0.5)
    for across_them, along_them in ((down, right), (down_half, right_half)):
        assert across_them[0].min() > along_them[0].max() == 0
        assert along_them[1].min() > across_them[1].max() == 0
    absent = np.full_like(bag, np.nan)
    longer = PooledPicture()(np.concatenate([absent, bag, absent], axis=1))
    np.testing.assert_allclose(longer, found, atol=1e-6)
    assert not np.any(PooledPicture()(absent))


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({"self_supervised": 0.5}, marks=pytest.mark.slow),
        pytest.param({"modality_dropout": 0.4}, marks=pytest.mark.slow),
        pytest.param({"missing_token": True}, marks=pytest.mark.slow),
        {"self_supervised": 0.5, "modality_dropout": 0.4, "missing_token": True, "bag": "max"},
    ],
    ids=lambda chosen: "-".join(chosen),
)
def test_an_option_trains_and_every_subset_still_gets_a_probability(chosen):
    model = make_model(options=options(**chosen))
    history = model.fit(INPUTS, LABELS, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    absent = ([], ["image"], ["sequence", "tabular"], list(INPUTS))
    batch = join([blank(INPUTS, names) for names in absent])
    found = model.predict(batch, batch_size=96, verbose=0)["death"]
    assert found.shape == (96, 1) and ((0 < found) & (found < 1)).all()  # NaN is neither


def test_self_supervision_leaves_the_validation_loss_and_the_prediction_alone():
    made = []
    for weight in (0.5, 0.0):
        keras.utils.set_random_seed(0)
        made.append(make_model(options=options(self_supervised=weight)))
    model, plain = made
    assert model.count_params() > plain.count_params()
    np.testing.assert_array_equal(model(INPUTS)["death"], plain(INPUTS)["death"])
    for each in made:
        each.run_eagerly = True  # tracing takes longer than one batch
    losses = [m.evaluate(INPUTS, LABELS, verbose=0) for m in made]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_an_encoder_starts_from_a_model_of_its_modality_alone():
    spec = make_spec()
    single = make_model(spec.only(["sequence"]))
    single.fit({"sequence": INPUTS["sequence"]}, LABELS, epochs=2, verbose=0)
    model = make_model(spec, options=options(warm_start={"sequence": single}))
    for started, trained in zip(
        model.get_layer("sequence_lstm").trainable_weights,
        single.get_layer("sequence_lstm").trainable_weights,
        strict=True,
    ):
        np.testing.assert_array_equal(started, trained)


def test_a_warm_start_from_another_encoder_is_refused():
    spec = make_spec()
    single = make_model(spec.only(["sequence"]), sequence="gru")
    with pytest.raises(ConfigError, match=r"warm_start\['sequence'\] shares no encoder"):
        make_model(spec, options=options(warm_start={"sequence": single}))


def test_late_fusion_is_the_mean_of_the_present_modalities_logits():
    model = make_model(fusion="late")
    absent = blank(INPUTS, ["image"])
    graph = keras.Model(model.input, model.output)
    found = {k: np.asarray(v) for k, v in graph(absent).items()}
    seen = np.isfinite(absent["tabular"]).any(axis=1)
    own = {n: found[f"death{LOGIT}{OF}{n}"] for n in ("sequence", "tabular", "tokens")}
    own["tabular"] = own["tabular"] * seen[:, None]
    expected = sum(own.values()) / (2 + seen[:, None])
    np.testing.assert_allclose(found["death" + LOGIT], expected, atol=1e-6)
    np.testing.assert_allclose(
        model.predict(absent, verbose=0)["death"], 1 / (1 + np.exp(-expected)), atol=1e-6
    )


@pytest.mark.parametrize("fusion", ["late", "gated", "attention", "medfuse_lstm"])
def test_a_fusion_of_one_modality_is_refused(fusion):
    spec = InputSpec.from_arrays({"tabular": INPUTS["tabular"]})
    with pytest.raises(ConfigError, match=f"{fusion}.*at least two"):
        make_model(spec, fusion=fusion)


def test_a_warm_start_of_another_modality_is_refused():
    spec = make_spec()
    single = make_model(spec.only(["sequence"]))
    for wrong in ("tabular", "sequences"):
        with pytest.raises(ConfigError, match=rf"warm_start\['{wrong}'\] shares no encoder"):
            make_model(spec, options=options(warm_start={wrong: single}))


def test_two_encoders_of_one_name_are_refused():
    arrays = {"image": INPUTS["image"], "image_ct": INPUTS["image"]}
    spec = InputSpec.from_arrays(arrays)
    encoders = {name: paper_cnn(spec[name], **CONFIG) for name in arrays}
    with pytest.raises(ConfigError, match="two different encoders are named 'paper_cnn'"):
        make_model(spec, encoders=encoders)
    shared = encoders["image"]
    model = make_model(spec, encoders=dict.fromkeys(arrays, shared))
    assert np.isfinite(model(arrays)["death"]).all()


def blob() -> np.ndarray:
    """A picture with a bright spot on its left, `(1, 32, 32, 1)`."""
    y, x = np.mgrid[:32, :32]
    return (200 * np.exp(-((x - 8) ** 2 + (y - 16) ** 2) / 20)).astype("float32")[None, ..., None]


def test_augmented_images_move_a_little_in_training_and_are_never_mirrored():
    layer, images = AugmentImages(1.0), np.repeat(blob(), 300, axis=0)
    np.testing.assert_array_equal(layer(images), images)
    moved = np.asarray(layer(images, training=True))[..., 0]
    assert moved.shape == (300, 32, 32) and np.isfinite(moved).all()
    column = (moved.sum(axis=1) * np.arange(32)).sum(axis=1) / moved.sum(axis=(1, 2))
    assert column.max() < 16 and 0.5 < column.std() < 4 and abs(column.mean() - 8) < 1
    weak = np.asarray(AugmentImages(0.1)(images, training=True))[..., 0]
    assert np.abs(weak - images[..., 0]).mean() < np.abs(moved - images[..., 0]).mean() / 4


def test_augmentation_is_part_of_training_alone_and_of_what_is_saved(tmp_path):
    inputs = {"image": INPUTS["image"]}
    spec = make_spec(inputs)
    plain, model = make_model(spec), make_model(spec, options=options(augment=1.0))
    for weight, source in zip(model.weights, plain.weights, strict=True):
        weight.assign(source)
    expected = plain.predict(inputs, verbose=0)["death"]
    np.testing.assert_allclose(model.predict(inputs, verbose=0)["death"], expected, atol=1e-6)
    model.fit(inputs, LABELS, epochs=1, verbose=0)
    save(model, tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again.predict(inputs, verbose=0)["death"], model.predict(inputs, verbose=0)["death"]
    )
    assert again.get_layer("image_augment").strength == 1.0


def filled_by_hand(series, fill, carried):
    """The filling of one series, cell by cell."""
    found = series.copy()
    recorded = np.flatnonzero(np.isfinite(series).any(axis=1))
    for step in range(recorded.max(initial=-1) + 1):
        for k in range(series.shape[1]):
            if np.isfinite(series[step, k]):
                continue
            before = [x for x in series[:step, k] if np.isfinite(x)]
            found[step, k] = before[-1] if before and carried[k] else fill[k]
    return found


@pytest.mark.parametrize("carried", [(), (True, True, False)])
def test_a_series_is_filled_up_to_its_last_value_and_an_empty_one_stays_empty(carried):
    series = make_inputs(12)["sequence"]
    series[3] = np.nan
    series[4, 2:] = np.nan
    series[5, 0, 0] = np.inf
    fill = [1.0, 2.0, 3.0]
    found = np.asarray(Impute(fill, carried)(series))
    for got, one in zip(found, series, strict=True):
        np.testing.assert_array_equal(got, filled_by_hand(one, fill, carried or [False] * 3))


def test_a_table_is_filled_with_the_mean_and_the_mode_of_the_training_rows():
    inputs = make_inputs()
    inputs["tabular"][5, 0] = inputs["tabular"][6, 1] = np.nan
    spec = InputSpec.from_arrays(inputs, categorical=(1,), rows=np.arange(4, 20))
    model = make_model(spec, options=options(imputation="mean"))
    found = np.asarray(model.get_layer("tabular_imputed")(inputs["tabular"]))
    training = inputs["tabular"][4:20]
    assert found[5, 0] == pytest.approx(np.nanmean(training[:, 0]))
    codes = training[np.isfinite(training[:, 1]), 1].astype(int)
    assert found[6, 1] == np.bincount(codes).argmax()
    assert np.isnan(found[1]).all()  # an absent table stays absent
    rest = np.isfinite(inputs["tabular"])
    np.testing.assert_array_equal(found[rest], inputs["tabular"][rest])


def test_a_skewed_column_gets_the_mean_of_its_logarithm_and_an_event_is_never_carried():
    rng = np.random.default_rng(0)
    series = np.stack([rng.lognormal(0, 2, (50, 8)), rng.random((50, 8)) < 0.2], axis=2)
    series = np.where(series == 0, np.nan, series).astype("float32")
    series[:, ::2, 0] = np.nan
    kinds = {"sequence": ("numeric", "event")}
    spec = InputSpec.from_arrays({"sequence": series}, kinds=kinds)
    model = make_model(spec, options=options(imputation="forward_fill"))
    found = np.asarray(model.get_layer("sequence_imputed")(series))
    mean = np.expm1(np.nanmean(np.log1p(series[..., 0].astype(float))))
    np.testing.assert_allclose(found[:, 0, 0], mean, rtol=1e-5)
    np.testing.assert_array_equal(found[:, 2, 0], series[:, 1, 0])
    within = np.isfinite(found[..., 1])
    np.testing.assert_array_equal(found[..., 1][within], np.nan_to_num(series[..., 1])[within])


@pytest.mark.parametrize("imputation", ["mean", "forward_fill"])
def test_an_imputing_model_cannot_tell_a_gap_from_its_filling_and_saves_it(imputation, tmp_path):
    model = make_model(options=options(imputation=imputation))
    gaps = make_inputs()
    whole = gaps | {
        name: np.asarray(model.get_layer(f"{name}_imputed")(gaps[name]))
        for name in ("sequence", "tabular")
    }
    assert np.isnan(gaps["sequence"]).sum() > np.isnan(whole["sequence"]).sum()
    found = np.asarray(model(gaps)["death"])
    np.testing.assert_allclose(found, model(whole)["death"], atol=1e-6)
    plain = np.asarray(make_model()(gaps)["death"])
    assert np.isfinite(found).all() and np.isfinite(plain).all()
    save(model, tmp_path / "model.keras")
    np.testing.assert_array_equal(load(tmp_path / "model.keras")(gaps)["death"], found)
    longer = gaps | {
        "sequence": np.pad(gaps["sequence"], [(0, 0), (0, 3), (0, 0)], constant_values=np.nan)
    }
    np.testing.assert_allclose(model(longer)["death"], found, atol=1e-6)
    assert np.isfinite(model(blank(gaps, ["sequence", "tabular"]))["death"]).all()


def test_an_unknown_imputation_is_refused():
    with pytest.raises(ConfigError, match=r"imputation is 'median'; expected None or one of"):
        make_model(options=options(imputation="median"))
