"""Alarms: what in a cohort may tell a model what it could not know."""

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look
from hybrid_zoo.pipelines.alarms.columns import columns
from hybrid_zoo.pipelines.alarms.images import images
from hybrid_zoo.pipelines.alarms.missingness import missingness
from hybrid_zoo.pipelines.alarms.names import names
from hybrid_zoo.pipelines.alarms.notes import notes
from hybrid_zoo.pipelines.alarms.times import times
from hybrid_zoo.pipelines.cohort import Cohort

ALARMS = (names, columns, missingness, times, images, notes)


def find_leaks(cohort: Cohort) -> list[Alarm]:
    """Look for leaks; nothing in the cohort is changed or left out.

    Args:
        cohort: A checked cohort.

    Returns:
        What may be a leak, in the order of `ALARMS`; no message holds a measured value, a label or
        note text.

    Raises:
        DataError: If an image file has changed since it was scanned.
    """
    look = Look(cohort, cohort.to_arrays())
    return [alarm for find in ALARMS for alarm in find(look)]
