"""Small series with gaps, an event and hours, and the encoders that read them."""

from functools import cache

import keras
import numpy as np
import pytest

from hybrid_zoo import sequences
from hybrid_zoo.inputs import InputSpec

NAN = np.nan
KINDS = ("numeric", "numeric", "event", "numeric")
in_time = pytest.mark.parametrize("time", [False, True], ids=["grid", "irregular"])


def series(samples=6, steps=7, seed=0):
    """Raw series with gaps and an event, and hours; three samples are short, the last is empty."""
    rng = np.random.default_rng(seed)
    x = rng.normal(80, 20, (samples, steps, len(KINDS))).astype("float32")
    x[:, :, KINDS.index("event")] = 1
    x[rng.random(x.shape) < 0.5] = NAN
    x[:3, 4:], x[-1], x[0, 3, 0] = NAN, NAN, 90
    hours = np.cumsum(rng.uniform(0.2, 5, (samples, steps)), axis=1).astype("float32")
    hours[:3, 4:] = NAN
    return x, hours


SPEC = InputSpec.from_arrays({"sequence": series()[0]}, kinds={"sequence": KINDS})


def in_half_precision(build):
    """What `build` returns under the policy `mixed_float16`."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        return build()
    finally:
        keras.mixed_precision.set_global_policy("float32")


@cache
def encoder(name, time=False):
    """The encoder of 4 units, always with the same weights."""
    keras.utils.set_random_seed(1)
    return getattr(sequences, name)(SPEC, units=4, time=time)


def encode(model, x, hours):
    """The features; a model on a regular grid reads no hours."""
    return np.asarray(model([x, hours] if len(model.inputs) == 2 else x))


def wide(name, variables, **options):
    """An encoder of so many variables."""
    spec = InputSpec.from_arrays({"sequence": np.zeros((2, 3, variables), "float32")})
    return getattr(sequences, name)(spec, **options)


def counts(model, kind):
    """Weights of each layer of one class, in order."""
    return [layer.count_params() for layer in model.layers if isinstance(layer, kind)]


def layer_of(model, kind):
    """The first layer of one class."""
    return next(layer for layer in model.layers if isinstance(layer, kind))
