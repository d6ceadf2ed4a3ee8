"""Every step from a file to what a layer reads gives the same eagerly and inside tf.data."""

import io
from pathlib import Path

import keras
import nibabel
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from pydicom.data import get_testdata_file
from tiny import make_inputs, make_spec

from hybrid_zoo.layers.augment import AugmentImages
from hybrid_zoo.layers.bag import FillAbsentImages
from hybrid_zoo.layers.impute import Impute
from hybrid_zoo.layers.presence import Presence, Scrub
from hybrid_zoo.layers.sequence_inputs import CarryForward, Occurrences, SequenceSummary
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.layers.tabular_inputs import Columns, OneHotCodes, WithMissingFlags
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.fitting import fit
from hybrid_zoo.pipelines.formats import decode
from hybrid_zoo.pipelines.schema import Images
from hybrid_zoo.pipelines.series import RaggedSeries

RNG = np.random.default_rng(0)
SPEC, INPUTS = make_spec(), make_inputs()
SAMPLES = 24


def png(mode):
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (20, 14, 4), dtype=np.uint8), "RGBA").convert(mode).save(
        file, "JPEG" if mode == "CMYK" else "PNG"
    )
    return file.getvalue()


def nifti():
    return nibabel.Nifti1Image(RNG.normal(size=(9, 8, 7)).astype("float32"), np.eye(4)).to_bytes()


FILES = {
    "grey PNG": (png("L"), Images(size=(12, 12))),
    "PNG with alpha": (png("RGBA"), Images(size=(12, 10), channels=3, resize="pad")),
    "16-bit PNG": (png("I;16"), Images(size=(20, 14), window=(30000, 20000))),
    "JPEG": (png("CMYK"), Images(size=(8, 8), channels=3)),
    "DICOM": ("CT_small.dcm", Images(size=(32, 32), window=(40, 400))),
    "NIfTI": (nifti(), Images(size=(5, 6, 7))),
}


@pytest.mark.filterwarnings("ignore")  # decoders warn of what they mend
@pytest.mark.parametrize("name", FILES)
def test_decoding_and_fitting(name, tmp_path):
    data, options = FILES[name]
    if isinstance(data, str):
        data = Path(get_testdata_file(data)).read_bytes()
    eager = fit(decode(data), options)

    def read(content):
        return tf.numpy_function(lambda x: fit(decode(x), options), [content], eager.dtype)

    (found,) = tf.data.Dataset.from_tensors(data).map(read)
    np.testing.assert_array_equal(found, eager)


def modalities():
    pixels = RNG.integers(0, 60000, (30, 6, 5, 1), dtype=np.uint16)
    slots = RNG.integers(-1, 30, (SAMPLES, 3))
    starts = np.concatenate([[0], np.cumsum(RNG.integers(0, 9, SAMPLES))])
    values = RNG.normal(size=(starts[-1], 4)).astype("float32")
    values[RNG.random(values.shape) < 0.3] = np.nan
    return {
        "image": ImageBags(pixels, slots),
        "sequence": RaggedSeries(values, starts, 8),
        "time": RaggedSeries(np.arange(starts[-1], dtype="float32"), starts, 8),
        "tabular": INPUTS["tabular"],
        "tokens": INPUTS["tokens"],
    }


@pytest.mark.parametrize("shuffled", [{}, {"seed": 1}, {"seed": 1, "bucket": True}])
def test_batches(shuffled):
    """Each batch equals what NumPy indexing gives for the same rows, and the same map run eagerly."""
    inputs = modalities()
    order = {"y": np.arange(float(SAMPLES))}  # the label is the row
    batches = Batches(inputs, order)
    rows = RNG.permutation(SAMPLES)[:20]
    seen = []
    for found, labels in batches.dataset(rows, batch_size=7, **shuffled):
        own = labels["y"].numpy()[:, 0].astype(int)
        seen += own.tolist()
        eager, _ = batches._gather(tf.constant(own, "int64"))
        for name, values in inputs.items():
            np.testing.assert_array_equal(found[name], eager[name])
            np.testing.assert_array_equal(found[name], values[own][:, : found[name].shape[1]])
            assert found[name].dtype == eager[name].dtype
    assert sorted(seen) == sorted(rows.tolist())
    assert shuffled or seen == rows.tolist()


LAYERS = {
    "image": [FillAbsentImages, Presence, Scrub],
    "sequence": [
        lambda: standardize(SPEC["sequence"]),
        lambda: Occurrences([1]),
        lambda: CarryForward([1]),
        lambda: CarryForward([1], elapsed=True),
        SequenceSummary,
        lambda: Impute([1.0, 2.0, 3.0]),
        lambda: Impute([1.0, 2.0, 3.0], [True, False, True]),
        Presence,
    ],
    "tabular": [
        lambda: standardize(SPEC["tabular"]),
        WithMissingFlags,
        lambda: Columns([1]),
        lambda: Impute([60.0, 2.0]),
        Presence,
    ],
}


@pytest.mark.parametrize(
    ("name", "make"), [(name, make) for name, makers in LAYERS.items() for make in makers]
)
def test_layers_that_read_raw_inputs(name, make):
    layer, x = make(), INPUTS[name]
    assert_same(layer, layer(x), x)


def test_codes_of_a_category():
    layer, codes = OneHotCodes([True, False, True]), INPUTS["tabular"][:, 1:]
    assert_same(layer, layer(codes), codes)


def test_augmentation_with_the_same_seed():
    images = np.nan_to_num(INPUTS["image"][:, 0])
    keras.utils.set_random_seed(3)
    eager = AugmentImages(1.0)(images, training=True)
    keras.utils.set_random_seed(3)
    layer = AugmentImages(1.0)
    assert_same(lambda x: layer(x, training=True), eager, images, rtol=1e-5, atol=1e-2)
    assert np.abs(eager - images).max() > 1


def assert_same(layer, eager, x, **tolerance):
    """Compare with the layer's result inside the map of a dataset of one batch."""
    (found,) = tf.data.Dataset.from_tensors(x).map(layer)
    for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(eager), strict=True):
        np.testing.assert_allclose(a, b, **({"rtol": 1e-6, "atol": 1e-6} | tolerance))
        assert a.dtype == b.dtype
