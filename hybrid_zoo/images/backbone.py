"""What all published backbones share: preparation, weights, and the builder that is registered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.image_inputs import image_scores
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.pretrained import (
    KINDS,
    PUBLISHED,
    from_file,
    hollow_backbone,
    is_hollow,
    weights_file,
)
from hybrid_zoo.layers.seeds import seeded
from hybrid_zoo.layers.tabular_inputs import Columns
from hybrid_zoo.registries import IMAGE_ENCODERS

SMALLEST = 32
"""Least height and width of all in `keras.applications`."""

MEAN, DEVIATION = 0.449, 0.226
"""Of ImageNet's pixels in [0, 1], averaged over the three colours."""

MOMENTUM = 0.9
"""Of batch statistics: with Keras's 0.99 or 0.999 they lag behind a training of some hundred steps,
and the network predicts noise."""

Build = Callable[[int], keras.Model]
"""Number of input channels to the backbone, with random weights."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A published backbone.

    Args:
        name: Of the encoder.
        source: Paper and place.
        features: From an image to `(batch, width)`.
        width: Number of features.
        published: The backbone for so many channels, 1 or 3, with ImageNet's weights.
        origin: Whence these come, after "which".
        readers: Suffix of weights files that Keras does not write to what reads them, as
            `from_file` does those that it writes.
        scale: From standard scores to the range that the published weights were trained on.
        offset: Added to the scaled scores.
        bgr: Whether they were trained on blue, green, red.
    """

    name: str
    source: str
    features: Callable[[keras.KerasTensor], keras.KerasTensor]
    width: int
    published: Callable[[Build, int], keras.Model]
    origin: str
    readers: Mapping[str, Callable[[Build, int, Path], keras.Model]] = field(default_factory=dict)
    scale: float = 1.0
    offset: float = 0.0
    bgr: bool = False

    def backbone(self, shape: tuple[int, ...]) -> keras.Model:
        """Return the network from `(batch, *shape)` to `(batch, width)`, with random weights.

        Args:
            shape: `(height, width, channels)`.
        """
        image = keras.Input(shape)
        model = keras.Model(image, self.features(image), name="backbone")
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM
        return model

    def with_weights(
        self, shape: tuple[int, ...], weights: str | Path | None, *, frozen: bool
    ) -> keras.Model:
        """Return the network with the weights that the user asked for.

        Args:
            shape: `(height, width, channels)`.
            weights: None, "imagenet" or the path of a file. If they are given, no seed is drawn.
            frozen: Keep weights and batch statistics, and drop no path.
        """
        if weights is None:
            backbone = self.backbone(shape)
        elif frozen and is_hollow():
            backbone = hollow_backbone(shape, self.width)
        else:
            with seeded(0):  # of random weights, which are replaced
                backbone = self._given(shape, weights)
        return _freeze(backbone) if frozen else backbone

    def _given(self, shape: tuple[int, ...], weights: str | Path) -> keras.Model:
        channels = shape[-1]

        def build(channels: int) -> keras.Model:
            return self.backbone((*shape[:2], channels))

        if weights == PUBLISHED:
            self._check_colours(channels)
            return self.published(build, channels)
        path = weights_file(self.name, weights, *self.readers)
        read = self.readers.get(path.suffix) or partial(from_file, self.name)
        return read(build, channels, path)

    def preprocess(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Return standard scores in the range and the order of channels of the weights.

        Args:
            scores: `(batch, height, width, channels)`.
        """
        if (self.scale, self.offset) != (1.0, 0.0):
            scores = keras.layers.Rescaling(self.scale, self.offset)(scores)
        return Columns([2, 1, 0])(scores) if self.bgr and scores.shape[-1] == 3 else scores

    def _check_colours(self, channels: int) -> None:
        if channels not in (1, 3):
            raise ConfigError(
                f"{self.name}: weights={PUBLISHED!r} read images of 1 or 3 channels, got "
                f"{channels}. Use weights=None or a file of your own."
            )


DOCSTRING = """Read images with {name}, average over the map, dense.

The backbone is one nested model, `model.get_layer("backbone")`, with as many input channels as the
images. It reads standard scores in the range that its published weights were trained on: the
training rows' pixels get the mean and the deviation of ImageNet's, whether they are stored in 8 or
in 16 bits. So it does whatever the weights, and `get_layer("backbone").save_weights(path)` makes a
file that `weights=path` reads. A first kernel of three channels is summed for grey images.

Args:
    spec: The image modality, or a spec with exactly one; at least {smallest}x{smallest} pixels.
    weights: None for random ones; "imagenet" for the published ones, which {origin};
        or the path of a file of this backbone without its top ({kinds}).
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
        are no file or do not fit, or published ones that are not to be had.
    CorruptArtifactError: For a weights file that cannot be read.
    UnsafeArtifactError: For one that holds more than weights.

Source:
    {source}.
"""


def register_backbone(row: Architecture) -> Callable[..., keras.Model]:
    """Register the builder of a published backbone, and return it.

    Args:
        row: The backbone.
    """

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
        backbone = row.with_weights(image.shape[1:], weights, frozen=not trainable)
        features = backbone(row.preprocess(scores))
        features = dense_block(features, units=units, dropout=dropout, l2=l2)
        return keras.Model(image, features, name=name)

    builder.__name__ = builder.__qualname__ = row.name
    builder.__doc__ = DOCSTRING.format(
        name=row.name,
        source=row.source,
        smallest=SMALLEST,
        origin=row.origin,
        kinds=", ".join(f"`{kind}`" for kind in (*KINDS, *row.readers)),
    )
    return IMAGE_ENCODERS.register(builder)


def _freeze(backbone: keras.Model) -> keras.Model:
    """Return it, keeping weights and batch statistics and dropping no path."""
    backbone.trainable = False
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return backbone
