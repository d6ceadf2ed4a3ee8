import math

import keras
import numpy as np
import pytest
from tiny_images import picture, refused, size

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.images import small_resnet
from hybrid_zoo.layers.residual import residual

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("options", [{"widths": ()}, {"widths": (4, 0)}, {"blocks": 0}])
def test_a_small_resnet_refuses_impossible_stages(options):
    refused(small_resnet, ConfigError, "widths=.* and blocks=.* are impossible", **options)


@pytest.mark.parametrize(
    ("side", "first"), [(16, 8), (17, 9), (48, 24), (112, 56), (113, 29), (224, 56)]
)
def test_a_small_resnet_begins_its_blocks_with_a_map_of_at_most_56_pixels(side, first):
    model = small_resnet(picture(side=side), widths=(4, 8), units=3)
    maps = [x.output.shape[1] for x in model.layers if isinstance(x, keras.layers.Add)]
    assert maps == [first, -(-first // 2)]
    assert np.isfinite(model(np.zeros((1, side, side, 1)))).all()


def test_a_small_resnet_holds_as_many_weights_as_its_blocks_say():
    model = small_resnet(picture(3), widths=(4, 6), blocks=2, units=5)
    stem, dense = 9 * 3 * 4, 6 * 5 + 5
    same = 2 * (2 * 4 + 9 * 4 * 4)  # two group norms and two kernels
    halved = (2 * 4 + 9 * 4 * 6) + (2 * 6 + 9 * 6 * 6) + 4 * 6  # and a projection
    last = 2 * (2 * 6 + 9 * 6 * 6)
    assert size(model.trainable_weights) == stem + 2 * same + halved + last + dense


def normalized(x, groups):
    """Group normalisation and ReLU, Wu & He 2018, equations 1 and 2, with unit scale."""
    parts = x.reshape(*x.shape[:3], groups, -1)
    mean = parts.mean(axis=(1, 2, 4), keepdims=True)
    variance = ((parts - mean) ** 2).mean(axis=(1, 2, 4), keepdims=True)
    return np.maximum(((parts - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape), 0)


def convolved(x, kernel, stride=1):
    """A convolution over an even map, padded to keep it; a stride of 2 pads below and right only."""
    side, before = len(kernel), (len(kernel) - 1) // 2 if stride == 1 else 0
    pad = (before, side - 1 - before)
    padded = np.pad(x, [(0, 0), pad, pad, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    return np.einsum("nhwcij,ijck->nhwk", windows[:, ::stride, ::stride], kernel)


@pytest.mark.parametrize(("width", "strides"), [(16, 1), (24, 1), (16, 2)])
def test_a_residual_block_equals_its_equations(width, strides):
    x = RNG.normal(3, 2, (2, 6, 6, 16)).astype("float32")
    image = keras.Input(x.shape[1:])
    model = keras.Model(image, residual(image, width, strides))
    kernels = {k.shape[:1] + k.shape[2:]: np.array(k) for k in model.weights if len(k.shape) == 4}
    pair = [np.array(k) for k in model.weights if tuple(k.shape[:2]) == (3, 3)]
    inner = normalized(x, groups=4)
    shortcut = (
        x if (1, 16, width) not in kernels else convolved(inner, kernels[1, 16, width], strides)
    )
    inner = convolved(inner, pair[0], strides)
    expected = shortcut + convolved(normalized(inner, math.gcd(8, width // 4)), pair[1])
    assert (width, strides) == (16, 1) or (1, 16, width) in kernels
    np.testing.assert_allclose(model(x), expected, atol=2e-5)
