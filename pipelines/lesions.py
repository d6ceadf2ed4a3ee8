"""Where lesions are known to be: masks that lie beside the images."""

from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.fitting import fit
from hybrid_zoo.pipelines.formats import decode
from hybrid_zoo.pipelines.images import LESION, order_images
from hybrid_zoo.pipelines.inspection import inside
from hybrid_zoo.pipelines.schema import Images


def lesion_masks(cohort: Cohort, modality: str = "image") -> np.ndarray:
    """Read the masks of a cohort's images, such as a simulated one's or a reader's annotations.

    Args:
        cohort: Read from a folder whose images table has a column `lesion`.
        modality: Name of the images.

    Returns:
        `(samples, images, height, width)` bool, in the order of the cohort's arrays; no lesion
        where an image or its mask is absent.

    Raises:
        CohortError: If there is no such column, or a mask cannot be read.
    """
    named = LESION in cohort.images and not pd.api.types.is_numeric_dtype(cohort.images[LESION])
    if not named or cohort.folder is None:
        raise CohortError(
            f"Cohort {cohort.config.name!r}: its images table has no column {LESION!r} with the "
            "paths of masks; a folder that `simulate` wrote has one."
        )
    options = cohort.config.images[modality].model_copy(update={"window": None, "channels": 1})
    images = cohort.images[cohort.images["modality"] == modality]
    rows, places = order_images(images, cohort.samples.index)
    shape = (len(cohort.samples), int(places[:, 1].max(initial=0)) + 1, *options.size)
    masks = np.zeros(shape, bool)
    for place, name in zip(places, rows[LESION], strict=True):
        if isinstance(name, str):
            masks[tuple(place)] = _read(cohort.folder, name, options)
    return masks


def _read(folder: Path, name: str, options: Images) -> np.ndarray:
    path = inside(folder.resolve(), name)
    if path is None:
        raise CohortError(f"images column {LESION!r}: {name} lies outside of the cohort folder.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CohortError(f"images column {LESION!r}: {path.name} cannot be read.") from error
    there = np.any(decode(data) > 0, axis=-1, keepdims=True)
    return fit(np.where(there, 255, 0).astype(np.uint8), options)[..., 0] > 127
