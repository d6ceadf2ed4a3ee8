"""Model code uses `keras.ops` alone: the same zoo trains on JAX, in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = """
import sys
import numpy as np
from tiny import blank, make_inputs, make_model
from hybrid_zoo.options import HybridOptions

assert "tensorflow" not in sys.modules
inputs = make_inputs()
labels = {"death": (np.arange(24) % 2).astype("float32")[:, None]}
options = HybridOptions(
    self_supervised=0.5, modality_dropout=0.3, bag="gated_attention", metrics=False
)
for sequence, fusion in (("grud", "gated"), ("transformer", "attention")):
    model = make_model(options=options, sequence=sequence, fusion=fusion, tabular="plr_mlp")
    history = model.fit(inputs, labels, batch_size=12, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    for absent in ([], ["image", "sequence"], list(inputs)):
        found = model.predict(blank(inputs, absent), verbose=0)["death"]
        assert np.isfinite(found).all() and found.shape == (24, 1)

from hybrid_zoo import predictor, export
alone = predictor(model)({"tabular": inputs["tabular"][2]})["death"]
rest = {name: values[2:3] for name, values in blank(inputs, ["image", "sequence", "tokens"]).items()}
np.testing.assert_allclose(alone, model.predict(rest, verbose=0)["death"][0], atol=1e-6)
try:
    export(model, "model.onnx", format="onnx")
except ValueError as error:
    assert "KERAS_BACKEND=tensorflow" in str(error)

from hybrid_zoo.explain import explain
found = explain(model, {"tabular": inputs["tabular"][2]}, methods="modality_shapley")
assert found["modality_shapley"].checks["gap"] < 1e-6
try:
    explain(model, {"tabular": inputs["tabular"][2]}, methods="integrated_gradients")
except ValueError as error:
    assert "TensorFlow backend, not on 'jax'" in str(error) and "'occlusion'" in str(error)
assert "tensorflow" not in sys.modules
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.slow
def test_the_zoo_trains_and_predicts_on_the_jax_backend():
    here = str(Path(__file__).parent)
    env = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": here, "JAX_PLATFORMS": "cpu"}
    env["XLA_FLAGS"] = "--xla_backend_optimization_level=0"  # compiling takes longer than training
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
