"""Raw pixels as standard scores that a convolution can read."""

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import RANKS, InputSpec, Modality, as_modality
from hybrid_zoo.layers.presence import Scrub
from hybrid_zoo.layers.standardize import StandardizeImage, standardize


def image_scores(
    who: str, spec: InputSpec | Modality, smallest: int, *, each_by_itself: bool = False
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the input of an image encoder and the standard scores of its pixels.

    Args:
        who: Name of the encoder, for messages.
        spec: The image modality, or a spec with exactly one.
        smallest: Least height and width in pixels.
        each_by_itself: Standardise an image by its own pixels, not by those of the training rows.

    Returns:
        The input and its scores, both `(batch, height, width, channels)`; a pixel that is not
        observed has the mean, which is 0.

    Raises:
        ConfigError: For a spec without exactly one image, a shape of another rank or a small image.
    """
    modality = as_modality(spec, "image")
    if len(modality.shape) != RANKS["image"] - 1:
        raise ConfigError(
            f"{who}: {modality.name!r} has the shape {modality.shape} per sample, expected "
            "(images, height, width, channels). Add the missing axes, channels last."
        )
    shape = modality.shape[1:]
    sides = [side or 0 for side in shape[:2]]  # an unknown size is refused like a small one
    if min(sides) < smallest:
        raise ConfigError(
            f"{who} needs images of at least {smallest}x{smallest} pixels, got {shape[:2]} in "
            f"{modality.name!r}. Set a larger images.size."
        )
    image = keras.Input(shape, name=modality.name)
    to_scores = StandardizeImage() if each_by_itself else standardize(modality)
    return image, Scrub()(to_scores(image))
