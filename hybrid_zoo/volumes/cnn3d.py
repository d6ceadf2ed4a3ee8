"""A small residual network over volumes, from scratch."""

from collections.abc import Sequence

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.presence import Scrub
from hybrid_zoo.layers.residual import convolve, normalize, residual
from hybrid_zoo.layers.standardize import standardize
from hybrid_zoo.registries import VOLUME_ENCODERS

SMALLEST = 8
SMALL = 4
"""Voxels along an axis that are not halved any more."""


@VOLUME_ENCODERS.register
def cnn3d(
    spec: InputSpec | Modality,
    *,
    widths: Sequence[int] = (16, 32, 64),
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "cnn3d",
) -> keras.Model:
    """Stack residual blocks of 3-D convolutions down to at most 4x4x4 voxels, average, dense.

    Each step halves the axes that are more than half as long as the longest, so that few thick
    slices are kept until the map is about as long as it is wide.

    Args:
        spec: The volume modality, or a spec with exactly one; at least 8 voxels along every axis.
        widths: Filters of each block; the last is repeated until the map is at most 4x4x4.
        units: Width of the dense layer, which is the number of features; at least 1.
        dropout: Share of features dropped in training, 0 to 1.
        l2: Weight penalty of the dense layer.
        name: The model's name.

    Returns:
        A model from `(batch, depth, height, width, channels)` raw voxels to `(batch, units)`.

    Raises:
        ConfigError: For volumes smaller than 8x8x8 or an impossible knob.

    Source:
        Hara et al. 2018, arXiv:1711.09577, section 3.2 (3-D ResNet), with fewer filters and blocks
        as in `small_resnet`; unequal strides as in Isensee et al. 2021,
        doi:10.1038/s41592-020-01008-z.
    """
    check_knobs("cnn3d", units=units, dropout=dropout, l2=l2)
    if min(widths, default=0) < 1:
        raise ConfigError(
            f"cnn3d: widths={tuple(widths)} is impossible; expected one or more, each 1 or more."
        )
    modality = as_modality(spec, "volume")
    volume = keras.Input(_checked_shape(modality), name=modality.name)
    x = Scrub()(standardize(modality)(volume))
    stem, *steps = _strides(volume.shape[1:4], len(widths))
    x = convolve(x, widths[0], 3, stem)
    for block, strides in enumerate(steps):
        x = residual(x, widths[min(block, len(widths) - 1)], strides)
    x = keras.layers.GlobalAveragePooling3D()(normalize(x))
    return keras.Model(volume, dense_block(x, units=units, dropout=dropout, l2=l2), name=name)


def _checked_shape(modality: Modality) -> tuple[int | None, ...]:
    """Shape of one volume with its channels; an unknown size is refused like a small one."""
    shape = modality.shape[1:]
    if len(shape) != 4 or min(side or 0 for side in shape[:3]) < SMALLEST:
        raise ConfigError(
            f"cnn3d needs volumes of at least {SMALLEST}x{SMALLEST}x{SMALLEST} voxels, got the "
            f"shape {shape} in {modality.name!r}, expected (depth, height, width, channels). "
            "Resample them to more voxels."
        )
    return shape


def _strides(sides: tuple[int, ...], blocks: int) -> list[tuple[int, ...]]:
    """Strides of the stem and of at least so many blocks, until no side is longer than 4."""
    found: list[tuple[int, ...]] = []
    while len(found) <= blocks or max(sides) > SMALL:
        longest = max(sides)
        found.append(tuple(2 if side > SMALL and 2 * side > longest else 1 for side in sides))
        sides = tuple(-(-side // step) for side, step in zip(sides, found[-1], strict=True))
    return found
