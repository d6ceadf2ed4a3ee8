import keras
import numpy as np
import pytest
from tiny import make_inputs, make_model

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.volumes import cnn3d

NAN = np.nan


def volumes(samples=4, count=1, sides=(8, 10, 9), channels=1, seed=0):
    """Volumes on the scale of Hounsfield units."""
    shape = (samples, count, *sides, channels)
    return np.random.default_rng(seed).normal(-300, 400, shape).astype("float32")


def spec_of(x):
    return InputSpec.from_arrays({"volume_ct": x})


def maps_of(sides, blocks=3):
    """Sides of the map after the stem and after every block."""
    model = cnn3d(spec_of(volumes(2, 1, sides)), widths=(2,) * blocks, units=2)
    kernels = [x for x in model.layers if isinstance(x, keras.layers.Conv3D)]
    return [x.output.shape[1:4] for x in kernels if x.kernel_size == (3, 3, 3)][::2]


@pytest.mark.parametrize(
    ("sides", "maps"),
    [
        ((8, 8, 8), [(4, 4, 4)] * 4),
        ((16, 16, 16), [(8, 8, 8)] + [(4, 4, 4)] * 3),
        ((8, 64, 64), [(8, 32, 32), (8, 16, 16), (8, 8, 8), (4, 4, 4)]),
        ((12, 40, 20), [(12, 20, 20), (6, 10, 10), (3, 5, 5), (3, 3, 3)]),
        ((8, 8, 130), [(8, 8, s) for s in (65, 33, 17, 9)] + [(4, 4, 5), (4, 4, 3)]),
    ],
)
def test_short_axes_wait_until_the_map_is_as_long_as_it_is_wide(sides, maps):
    assert maps_of(sides) == maps


def test_the_blocks_hold_as_many_weights_as_their_shapes_say():
    model = cnn3d(spec_of(volumes(2, 1, (8, 8, 8), 2)), widths=(4, 6), units=5)
    stem, first = 27 * 2 * 4, 2 * 27 * 4 * 4 + 2 * 2 * 4  # a block: 2 kernels, 2 group norms
    second = 27 * (4 * 6 + 6 * 6) + 4 * 6 + 2 * (4 + 6)  # and a projection where widths differ
    last = 2 * 6 + 6 * 5 + 5
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == stem + first + second + last


def test_features_are_finite_whatever_is_missing():
    x = volumes()
    x[0], x[1, ..., :3, :], x[2, 0, 0] = NAN, NAN, np.inf
    model = cnn3d(spec_of(x), widths=(4, 6), units=3)
    features = model(x[:, 0])
    assert features.shape == (4, 3) and features.dtype == "float32"
    assert np.isfinite(features).all()
    x[2, 0, 0] = NAN
    np.testing.assert_array_equal(model(x[:, 0]), features)


def test_a_volume_is_more_than_its_slices():
    x = volumes(samples=2)[:, 0]
    model = cnn3d(spec_of(volumes()), widths=(4, 6), units=8)
    shuffled = x[:, [3, 0, 7, 1, 5, 2, 6, 4]]
    assert np.abs(model(shuffled) - model(x)).max() > 1e-4


@pytest.mark.parametrize("sides", [(7, 20, 20), (20, 7, 20), (20, 20, 7)])
def test_a_volume_below_8_voxels_is_refused(sides):
    with pytest.raises(ConfigError, match=r"at least 8x8x8 voxels, got .*'volume_ct'.*Resample"):
        cnn3d(spec_of(volumes(2, 1, sides)))


@pytest.mark.parametrize("shape", [(None, 9, 9, 9), (None, 9, None, 9, 1)])
def test_a_volume_of_another_rank_or_of_unknown_size_is_refused(shape):
    with pytest.raises(ConfigError, match=r"got the shape .* expected \(depth, height, width, ch"):
        cnn3d(Modality(name="volume", shape=shape))


@pytest.mark.parametrize("widths", [(), (4, 0)])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(ConfigError, match=r"widths=.* is impossible; expected one or more"):
        cnn3d(spec_of(volumes()), widths=widths)


def test_a_hybrid_reads_volumes_of_which_any_are_absent():
    table, x = make_inputs()["tabular"][:6], volumes(6, 2)
    x[::2, 1] = x[1] = NAN
    inputs = {"volume_ct": x, "tabular": table}
    model = make_model(InputSpec.from_arrays(inputs, categorical=(1,)))
    model.fit(inputs, {"death": np.arange(6.0) % 2}, epochs=1, verbose=0)
    fused = model.predict(inputs, verbose=0)["death"]
    more = inputs | {"volume_ct": np.insert(x, [0, 1], NAN, axis=1)}
    np.testing.assert_allclose(model.predict(more, verbose=0)["death"], fused, atol=1e-6)
    nothing = inputs | {"volume_ct": np.full_like(x, NAN)}
    assert np.isfinite(fused).all()
    assert np.isfinite(model.predict(nothing, verbose=0)["death"]).all()
