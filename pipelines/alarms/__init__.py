"""Alarms: what in a cohort may tell a model what it could not know."""

from dataclasses import replace

import numpy as np

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look
from hybrid_zoo.pipelines.alarms.columns import columns
from hybrid_zoo.pipelines.alarms.images import images
from hybrid_zoo.pipelines.alarms.missingness import missingness
from hybrid_zoo.pipelines.alarms.names import names
from hybrid_zoo.pipelines.alarms.notes import notes
from hybrid_zoo.pipelines.alarms.times import times
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.cohort import Cohort

ALARMS = (names, columns, missingness, times, images, notes)


def find_leaks(cohort: Cohort, arrays: CohortArrays | None = None) -> list[Alarm]:
    """Look for leaks; nothing in the cohort is changed or left out.

    Args:
        cohort: A checked cohort.
        arrays: What `cohort.to_arrays()` gave, where it has been called; without them pictures are
            decoded for the look alone, and not stored.

    Returns:
        What may be a leak, in the order of `ALARMS`; no message holds a measured value, a label or
        note text.

    Raises:
        DataError: If an image file has changed since it was scanned.
    """
    look = Look(cohort, arrays or _without_pixels(cohort))
    return [alarm for find in ALARMS for alarm in find(look)]


def _without_pixels(cohort: Cohort) -> CohortArrays:
    """Return arrays that know which pictures there are, and not what they show."""
    arrays, nothing = cohort.to_arrays(pixels=False), np.empty((0, 1, 1, 1), dtype=np.uint8)
    bags = {name: ImageBags(nothing, of_it.slots) for name, of_it in cohort.image_files().items()}
    return replace(arrays, inputs=arrays.inputs | bags)
