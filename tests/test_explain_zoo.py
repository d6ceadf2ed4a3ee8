"""Contributions add up to the logit's change, whatever the model is made of."""

from functools import partial

import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model

from hybrid_zoo.explain import explain
from hybrid_zoo.images import mobilenetv3_small
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS

HOURS = np.sort(np.random.default_rng(2).uniform(0, 48, (24, 6)).astype("float32"))
QUICK = {"image": "paper_cnn", "sequence": "lstm", "tabular": "plr_mlp", "tokens": "hashed_bag"}
BIG = 32
"""Pixels that the published backbones need."""


def arrays(kind):
    """One kind of input; series hold an event, and every other patient has irregular hours."""
    rng = np.random.default_rng(0)
    if kind == "volume":
        return {"volume": rng.uniform(0, 255, (24, 1, 8, 8, 8, 1)).astype("float32")}
    if kind == "image":
        return {"image": rng.uniform(0, 255, (24, 2, BIG, BIG, 1)).astype("float32")}
    found = make_inputs()[kind]
    if kind == "sequence":
        found[:, :, 2] = np.where(rng.random((24, 6)) < 0.4, 1, np.nan)
    return {kind: found}


def spec_of(inputs):
    kinds = {"sequence": ["numeric", "numeric", "event"]} if "sequence" in inputs else {}
    return InputSpec.from_arrays(inputs, categorical=(1,), kinds=kinds)


def lively(model, inputs):
    """A MobileNet whose batch statistics are those of its inputs: untrained, its signals fade."""
    batch = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    before = [layer.trainable for layer in batch]
    for layer in batch:
        layer.trainable, layer.momentum = True, 0.0
    model(inputs, training=True)
    for layer, trainable in zip(batch, before, strict=True):
        layer.trainable = trainable
    return model


def told(model, inputs, row, most=2048):
    """What integrated gradients say of one patient."""
    sample = {name: x[row] for name, x in inputs.items()}
    options = {"integrated_gradients": {"most": most}}
    return sample, explain(model, sample, methods=options)["integrated_gradients"]


def check(model, inputs, rows=(3, 4, 5, 7)):
    """The values of the patient who differs most from the baseline add up to that difference."""
    row = max(rows, key=lambda k: abs(told(model, inputs, k, most=1)[1].checks["change"]))
    sample, found = told(model, inputs, row)
    total, change = sum(np.nansum(x) for x in found.values.values()), found.checks["change"]
    assert abs(total - change) <= 0.01 * abs(change), found.checks
    assert set(found.values) == {name for name in inputs if name != "time"}
    for name, x in found.values.items():
        seen = np.isfinite(sample[name]) if name != "tokens" else sample[name] != 0
        np.testing.assert_array_equal(np.isfinite(x), seen)


def test_a_hybrid_of_one_encoder_of_each_kind_adds_up(quick_fits):
    inputs = make_inputs() | arrays("sequence")
    options = HybridOptions(bag="gated_attention", metrics=False)
    check(make_model(spec_of(inputs), options=options, **QUICK), inputs, rows=(3, 4))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in ENCODERS for name in ENCODERS[k]])
def test_every_encoder_adds_up(kind, name):
    inputs = arrays(kind)
    model = make_model(spec_of(inputs), units=16, **{kind: name})
    check(lively(model, inputs) if name == "mobilenetv3_small" else model, inputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODERS["sequence"])
def test_every_encoder_of_irregular_series_adds_up(name):
    inputs = arrays("sequence") | {"time": HOURS}
    check(make_model(spec_of(inputs), sequence=name), inputs)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_adds_up(fusion):
    inputs = {"tabular": make_inputs()["tabular"], **arrays("sequence")}
    check(make_model(spec_of(inputs), fusion=fusion), inputs)


@pytest.mark.slow
@pytest.mark.parametrize("bag", BAGS)
def test_every_bag_adds_up(bag):
    inputs = {"image": make_inputs()["image"]}
    check(make_model(spec_of(inputs), options=HybridOptions(bag=bag, metrics=False)), inputs)


@pytest.mark.slow
@pytest.mark.parametrize("imputation", ["mean", "forward_fill"])
def test_what_was_filled_in_adds_up(imputation):
    inputs = {"tabular": make_inputs()["tabular"], **arrays("sequence")}
    options = HybridOptions(imputation=imputation, metrics=False)
    check(make_model(spec_of(inputs), options=options), inputs)


@pytest.mark.slow
def test_a_frozen_backbone_that_standardises_each_image_adds_up():
    inputs = arrays("image")
    frozen = partial(mobilenetv3_small, trainable=False)
    check(lively(make_model(spec_of(inputs), units=16, image=frozen), inputs), inputs)
