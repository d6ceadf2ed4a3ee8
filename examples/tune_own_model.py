"""Cross-validated search over a Keras model of your own, on NumPy arrays of your own.

Patients are never on both sides of a fold. Kill it and start it again: it goes on where it was.
Run: python examples/tune_own_model.py
"""

import tempfile

import keras
import numpy as np

from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.options import SearchOptions

rng = np.random.default_rng(0)
patients = np.arange(120) // 2  # two samples each
y = (patients % 2).astype("float32")
x = {"labs": rng.normal(size=(120, 8)) + 0.5 * y[:, None], "vitals": rng.normal(size=(120, 4))}


def build(hp):
    inputs = {name: keras.Input(values.shape[1:], name=name) for name, values in x.items()}
    h = keras.layers.Concatenate()(list(inputs.values()))
    h = keras.layers.Dense(hp.Choice("units", [8, 16]), activation="relu")(h)
    h = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25))(h)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="death")(h))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


with tempfile.TemporaryDirectory() as folder:  # keep it, and a stopped search goes on from there
    tuner = CrossValidatedTuner(
        build,
        objective="val_accuracy",
        directory=folder,
        trials=4,
        options=SearchOptions(epochs=10, race=0.05),  # hopeless trials stop after a fold or two
    )
    tuner.search(x, y, groups=patients, folds=3)

print(tuner.table().drop(columns="seconds").round(3).to_string())
