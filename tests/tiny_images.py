"""Image modalities, and what tests ask of the encoders that read them."""

import math
import time

import numpy as np
import pytest

from hybrid_zoo.inputs import Modality


def picture(channels=1, side=32, mean=0.4, deviation=0.2, top=255):
    """The modality of images whose pixels in [0, top] have these statistics, per channel or alike."""
    return Modality(
        name="image",
        shape=(None, side, side, channels),
        kinds=("numeric",) * channels,
        mean=tuple(np.broadcast_to(np.multiply(mean, top), channels).tolist()),
        variance=tuple(np.broadcast_to(np.multiply(deviation, top) ** 2, channels).tolist()),
        skewed=(False,) * channels,
    )


def assert_alike(a, b, tolerance=1e-5):
    a, b = np.asarray(a), np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())
    assert np.abs(b).max() > 0


def size(variables):
    return sum(math.prod(v.shape) for v in variables)


def values(model):
    return [np.array(w) for w in model.weights]


def seconds_to_build(builder):
    """Seconds of work: two on one machine, one on another."""
    start = time.process_time()
    builder(picture())
    return time.process_time() - start


def refused(builder, error, match, spec=None, *, within=2.0, **options):
    """A builder refuses, and within some seconds of work."""
    start = time.process_time()
    with pytest.raises(error, match=match):
        builder(spec or picture(), **options)
    assert time.process_time() - start < within
