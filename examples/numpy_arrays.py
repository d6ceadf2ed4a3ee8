"""Fit, use and save one model on NumPy arrays, where half of the samples lack each kind of data.

Everything here is simulated. Run: python examples/numpy_arrays.py
"""

import tempfile
from pathlib import Path

import numpy as np

from hybrid_zoo import HybridOptions, InputSpec, build_hybrid, load, save

SAMPLES, TRAIN = 240, 180
rng = np.random.default_rng(0)

# Raw units, float32, NaN where nothing was observed. The model standardises and masks by itself.
sick = rng.uniform(size=SAMPLES) < 0.5
arrays = {
    # (samples, images, height, width, channels): up to two pictures of each patient
    "image": rng.normal(110, 40, (SAMPLES, 2, 24, 24, 1)).clip(0, 255),
    # (samples, steps, variables): heart rate and lactate, hourly
    "sequence": rng.normal((80, 1.5), (12, 0.4), (SAMPLES, 12, 2)),
    # (samples, columns): age, and a ward coded 0, 1, 2
    "tabular": np.stack([rng.normal(60, 15, SAMPLES), rng.integers(0, 3, SAMPLES)], axis=1),
}
arrays = {name: values.astype("float32") for name, values in arrays.items()}
arrays["image"][sick, :, 6:14, 6:14] += 60
arrays["sequence"][sick, 6:, 0] += 15

# Each modality is missing in its own half of the samples.
for values in arrays.values():
    values[rng.uniform(size=SAMPLES) < 0.5] = np.nan
# Unknown labels are NaN too; the loss ignores them.
label = sick.astype("float32")[:, None]
label[rng.uniform(size=SAMPLES) < 0.1] = np.nan

train, test = np.arange(TRAIN), np.arange(TRAIN, SAMPLES)
spec = InputSpec.from_arrays(arrays, categorical=[1], rows=train)
model = build_hybrid(
    spec, targets=["sick"], units=16, dropout=0.1, options=HybridOptions(learning_rate=3e-3)
)
model.fit(
    {name: values[train] for name, values in arrays.items()},
    {"sick": label[train]},
    epochs=8,
    batch_size=32,
    verbose=0,
)

inputs = {name: values[test] for name, values in arrays.items()}
probability = model.predict(inputs, verbose=0)["sick"][:, 0]
observed = sum(np.isfinite(v).reshape(len(v), -1).any(axis=1) for v in inputs.values())
for count in range(4):
    print(f"{count} kinds of data observed: {np.sum(observed == count)} test samples")
print(f"mean probability, sick:     {probability[sick[test]].mean():.2f}")
print(f"mean probability, not sick: {probability[~sick[test]].mean():.2f}")
print(f"all finite: {np.isfinite(probability).all()}")

# One file holds everything, normalisation included: what is saved is what runs.
with tempfile.TemporaryDirectory() as folder:
    path = save(model, Path(folder) / "model.keras")
    again = load(path).predict(inputs, verbose=0)["sick"][:, 0]
print(f"largest change after save and load: {np.abs(again - probability).max():.0e}")
