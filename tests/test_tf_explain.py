"""tf-explain sees a fused model through one picture; ours is held against it where it is right."""

import numpy as np
import pytest
from tiny import make_inputs, make_model

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain import explain, single_input_view

pytest.importorskip("tf_explain", reason="tf-explain is not installed")
THEIRS = {"backend": "tf-explain"}


def patient(row=4):
    return {name: x[row] for name, x in make_inputs().items()}


@pytest.fixture(scope="module")
def model():
    return make_model(targets={"death": 1, "stage": 3})


@pytest.mark.parametrize(("target", "image"), [("death", 0), ("death", 1), ("stage", 1)])
def test_of_the_patients_own_picture_the_view_says_what_the_model_says(model, target, image):
    sample = patient()
    view = single_input_view(model, sample, target=target, image=image)
    said = model.predict({k: x[None] for k, x in sample.items()}, verbose=0)[target][0]
    expected = said if target == "stage" else [1 - said[0], said[0]]
    np.testing.assert_allclose(view(sample["image"][image][None])[0], expected, atol=1e-6)
    dark = sample | {"image": sample["image"].copy()}
    dark["image"][image] = 0
    after = model.predict({k: x[None] for k, x in dark.items()}, verbose=0)[target][0]
    np.testing.assert_allclose(view(dark["image"][image][None])[0, -1], after[-1], atol=1e-6)


@pytest.mark.parametrize("target", ["death", "stage"])
def test_tf_explain_and_ours_agree_where_both_are_asked_for_the_same(model, target):
    same = {"grad_cam": {}, "smooth_grad": {"noise": 0.0, "samples": 2}, "occlusion": {}}
    asked = {name: options | THEIRS for name, options in same.items()}
    asked["grad_cam"]["use_guided_grads"] = False
    ours, theirs = (explain(model, patient(), target=target, methods=m) for m in (same, asked))
    for name, result in theirs.results.items():
        found, expected = result.values["image"], ours[name].values["image"]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found / scale, expected / scale, atol=1e-4)


def test_integrated_gradients_by_tf_explain_are_refused(model):
    with pytest.raises(ConfigError, match="does not add up"):
        explain(model, patient(), methods={"integrated_gradients": THEIRS})
