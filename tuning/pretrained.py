"""What a pretrained backbone sees in the images, for models that are not networks."""

from collections.abc import Iterator

import keras

from hybrid_zoo.frozen import split_frozen
from hybrid_zoo.inputs import InputSpec, kind_of
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.registries import ENCODERS
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.frozen import encode
from hybrid_zoo.tuning.pixels import pool_bags
from hybrid_zoo.tuning.space import Space


def pretrained_features(arrays: CohortArrays, space: Space) -> Features | None:
    """Return the frozen features of every backbone that a network may start from.

    Args:
        arrays: The cohort.
        space: What a search of the networks may vary. A candidate that is trained further counts
            as well: it starts from these features.

    Returns:
        One row per sample: mean and maximum over the bag of images, NaN without an image; None
        if no candidate has weights.

    Raises:
        ConfigError: For weights that cannot be read.

    Source:
        Own design, because what a network owes to other people's photographs is not the merit of
        fusing: the baselines get it as well.
    """
    found = None
    for modality in arrays.inputs:
        for name, model in _backbones(arrays, space, modality):
            bags = encode(arrays.inputs[modality], model)
            present = bags.slots >= 0
            values = pool_bags(bags.pixels[bags.slots[present]], present)
            width = values.shape[1] // 2
            names = [
                f"{modality}/{name}/{p}/{i}" for p in ("mean", "maximum") for i in range(width)
            ]
            own = Features(values=values, names=tuple(names), kinds=("learned",) * len(names))
            found = found.join(own) if found else own
    return found


def _backbones(
    arrays: CohortArrays, space: Space, modality: str
) -> Iterator[tuple[str, keras.Model]]:
    """Candidates with weights, each standardising an image by itself."""
    part = kind_of(modality)
    for name, fixed in space.fixed(part).items():
        if fixed.get("weights") is None:
            continue
        one = InputSpec.from_arrays({modality: arrays.inputs[modality][:1]})
        split = split_frozen(ENCODERS[part][name](one, **fixed | {"trainable": False}))
        if split is not None:
            yield name, split[0]
