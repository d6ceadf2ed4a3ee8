"""The published backbones of `keras.applications`, as one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.image_inputs import image_scores
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.pretrained import PUBLISHED, copy_weights, from_file, weights_file
from hybrid_zoo.layers.tabular_inputs import Columns
from hybrid_zoo.registries import IMAGE_ENCODERS

SMALLEST = 32
"""Least height and width of all five in `keras.applications`."""

MEAN, DEVIATION = 0.449, 0.226
"""Of ImageNet's pixels in [0, 1], averaged over the three colours."""

MOMENTUM = 0.9
"""Of batch statistics: with Keras's 0.99 or 0.999 they lag behind a training of some hundred steps,
and the network predicts noise."""

RAW = {"include_preprocessing": False}


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One row of the table.

    Args:
        name: Of the encoder.
        source: Paper and place.
        build: The function of `keras.applications`.
        options: Further arguments of that function.
        scale: From standard scores to the range that the published weights were trained on.
        offset: Added to the scaled scores.
        bgr: Whether they were trained on blue, green, red.
    """

    name: str
    source: str
    build: Callable[..., keras.Model]
    options: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    offset: float = 0.0
    bgr: bool = False

    def backbone(self, shape: tuple[int, ...], weights: str | None = None) -> keras.Model:
        """Return the network from `(batch, *shape)` to `(batch, width)`.

        Args:
            shape: `(height, width, channels)`.
            weights: None or "imagenet", which asks for three channels.
        """
        image = keras.Input(shape)
        model = self.build(
            include_top=False, pooling="avg", input_tensor=image, weights=weights, **self.options
        )
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM
        return keras.Model(image, model.output, name="backbone")

    def preprocess(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Return standard scores in the range and the order of channels of the weights.

        Args:
            scores: `(batch, height, width, channels)`.
        """
        if (self.scale, self.offset) != (1.0, 0.0):
            scores = keras.layers.Rescaling(self.scale, self.offset)(scores)
        return Columns([2, 1, 0])(scores) if self.bgr and scores.shape[-1] == 3 else scores


DOCSTRING = """Read images with {name} of `keras.applications`, average over the map, dense.

The backbone is one nested model, `model.get_layer("backbone")`, with as many input channels as the
images. It reads standard scores in the range that its published weights were trained on: the
training rows' pixels get the mean and the deviation of ImageNet's, whether they are stored in 8 or
in 16 bits. So it does whatever the weights, and `get_layer("backbone").save_weights(path)` makes a
file that `weights=path` reads. A first kernel of three channels is summed for grey images.

Args:
    spec: The image modality, or a spec with exactly one; at least {smallest}x{smallest} pixels.
    weights: None for random ones; "imagenet" for the published ones, which Keras downloads and
        keeps; or the path of a file of this backbone without its top (`.weights.h5`, `.keras`, or
        `.h5` as published).
    trainable: Train the backbone as well. If not, it also keeps its batch statistics and drops no
        path, and each image is standardised by itself, so that it has the same features in every
        epoch and fold.
    units: Width of the dense layer, which is the number of features; at least 1.
    dropout: Share of features dropped in training, 0 to 1.
    l2: Weight penalty of the dense layer.
    name: The model's name.

Returns:
    A model from `(batch, height, width, channels)` raw pixels to `(batch, units)`.

Raises:
    ConfigError: For an image smaller than {smallest}x{smallest}, an impossible knob, weights that
        are no file or do not fit, or published ones that cannot be downloaded.
    CorruptArtifactError: For a weights file that cannot be read.

Source:
    {source}.
"""


def _register(row: Architecture) -> Callable[..., keras.Model]:
    """Register the builder of one row of the table, and return it."""

    def builder(
        spec: InputSpec | Modality,
        *,
        weights: str | Path | None = None,
        trainable: bool = True,
        units: int = 64,
        dropout: float = 0.3,
        l2: float = 1e-4,
        name: str = row.name,
    ) -> keras.Model:
        check_knobs(row.name, units=units, dropout=dropout, l2=l2)
        image, scores = image_scores(row.name, spec, SMALLEST, each_by_itself=not trainable)
        backbone = _backbone(row, image.shape[1:], weights)
        if not trainable:
            _freeze(backbone)
        features = backbone(row.preprocess(scores))
        features = dense_block(features, units=units, dropout=dropout, l2=l2)
        return keras.Model(image, features, name=name)

    builder.__name__ = builder.__qualname__ = row.name
    builder.__doc__ = DOCSTRING.format(name=row.name, source=row.source, smallest=SMALLEST)
    return IMAGE_ENCODERS.register(builder)


def _backbone(row: Architecture, shape: tuple, weights: str | Path | None) -> keras.Model:
    """Return a backbone with the weights that the user asked for."""
    if weights is None:
        return row.backbone(shape)
    if weights == PUBLISHED:
        return _published(row, shape)
    path = weights_file(row.name, weights)
    return from_file(row.name, lambda n: row.backbone((*shape[:2], n)), shape[-1], path)


def _published(row: Architecture, shape: tuple) -> keras.Model:
    """Return a backbone with ImageNet's weights, which Keras keeps once downloaded."""
    if shape[-1] not in (1, 3):
        raise ConfigError(
            f"{row.name}: weights={PUBLISHED!r} read images of 1 or 3 channels, got {shape[-1]}. "
            "Use weights=None or a file of your own."
        )
    try:
        donor = row.backbone((224, 224, 3), PUBLISHED)
    except Exception as error:  # Keras raises no narrower one when a download fails
        raise ConfigError(
            f"{row.name}: weights={PUBLISHED!r} cannot be downloaded ({error}). Download that file "
            "where there is a network, and pass its path here: weights='path/to/file.h5'."
        ) from error
    return copy_weights(donor, row.backbone(shape))


def _freeze(backbone: keras.Model) -> None:
    """Keep weights and batch statistics, and drop no path."""
    backbone.trainable = False
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


resnet50 = _register(
    Architecture(
        name="resnet50",
        source="He et al. 2016, arXiv:1512.03385, table 1 (50 layers)",
        build=keras.applications.ResNet50,
        scale=255 * DEVIATION,
        bgr=True,
    )
)
densenet121 = _register(
    Architecture(
        name="densenet121",
        source="Huang et al. 2017, arXiv:1608.06993, table 1 (121 layers), the network of CheXNet\n"
        "    (Rajpurkar et al. 2017, arXiv:1711.05225, section 2.1)",
        build=keras.applications.DenseNet121,
    )
)
efficientnetv2b0 = _register(
    Architecture(
        name="efficientnetv2b0",
        source="Tan & Le 2021, arXiv:2104.00298, section 3; B0 as in its published code",
        build=keras.applications.EfficientNetV2B0,
        options=RAW,
    )
)
convnext_tiny = _register(
    Architecture(
        name="convnext_tiny",
        source="Liu et al. 2022, arXiv:2201.03545, section 3 (ConvNeXt-T)",
        build=keras.applications.ConvNeXtTiny,
        options=RAW,
    )
)
mobilenetv3_small = _register(
    Architecture(
        name="mobilenetv3_small",
        source="Howard et al. 2019, arXiv:1905.02244, table 2",
        build=keras.applications.MobileNetV3Small,
        options=RAW,
        scale=2 * DEVIATION,
        offset=2 * MEAN - 1,
    )
)
