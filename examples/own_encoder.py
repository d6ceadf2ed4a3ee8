"""Put an encoder of your own into a hybrid model, without touching the package.

Everything here is simulated. Run: python examples/own_encoder.py
"""

import keras
import numpy as np

from hybrid_zoo import InputSpec, build_hybrid
from hybrid_zoo.inputs import as_modality
from hybrid_zoo.layers.presence import Scrub
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.registries import SEQUENCE_ENCODERS

rng = np.random.default_rng(0)
sick = rng.uniform(size=120) < 0.5
arrays = {
    "image": rng.uniform(0, 255, (120, 1, 16, 16, 1)).astype("float32"),
    "sequence": rng.normal(80, 12, (120, 8, 3)).astype("float32"),
}
arrays["sequence"][sick, :, 0] += 15
arrays["image"][::4] = np.nan  # every fourth sample has no image
arrays["sequence"][:, 5:, 1][::3] = np.nan
spec = InputSpec.from_arrays(arrays)

# 1. Any keras.Model from (batch, height, width, channels) raw pixels to (batch, features). It
#    normalises as it needs; samples without an image never reach it as a blank one.
my_cnn = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(16, activation="relu"),
    ],
    name="my_cnn",
)


# 2. A builder that is registered under its own name. It gets the modality and the shared knobs.
#    Sequences hold NaN where nothing was measured, so an encoder has to say what it makes of them.
@SEQUENCE_ENCODERS.register
def first_and_last(spec, *, units=64, dropout=0.3, l2=1e-4, name="first_and_last"):
    modality = as_modality(spec, "sequence")
    series = keras.Input(modality.shape, name=modality.name)
    scores = Scrub()(standardize(modality)(series))  # not measured becomes the mean, 0
    ends = keras.layers.Concatenate()([scores[:, 0], scores[:, -1]])
    x = keras.layers.Dense(units, "relu", kernel_regularizer=keras.regularizers.L2(l2))(ends)
    return keras.Model(series, keras.layers.Dropout(dropout)(x), name=name)


model = build_hybrid(
    spec, targets=["sick"], image=my_cnn, sequence="first_and_last", units=16, dropout=0.1
)
model.fit(arrays, {"sick": sick.astype("float32")[:, None]}, epochs=5, verbose=0)
probability = model.predict(arrays, verbose=0)["sick"]
print(f"encoders: {[layer.name for layer in model.layers if isinstance(layer, keras.Model)]}")
print(f"probabilities: {probability.shape}, all finite: {np.isfinite(probability).all()}")
