"""What an alarm is, and what every alarm looks at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort

_SHOWN = 3


@dataclass(frozen=True)
class Alarm:
    """Something in a cohort that may tell a model what it could not know.

    Args:
        kind: Which alarm: `column`, `name`, `same-image`, `similar-image`, `same-note`, `time` or
            `missingness`.
        where: The column, variable or modality, such as `tabular los`.
        message: What was found; holds no measured value, label or note text.
        advice: What to do.
    """

    kind: str
    where: str
    message: str
    advice: str

    def answers_to(self, name: str) -> bool:
        """Tell whether a name means this alarm.

        Args:
            name: Its kind, or `kind:where`.
        """
        return name in (self.kind, f"{self.kind}:{self.where}")


class Question(NamedTuple):
    """A class against the rest.

    Args:
        target: Name of the target.
        labels: `(samples,)` 0 or 1; NaN is unknown.
    """

    target: str
    labels: np.ndarray


@dataclass(frozen=True)
class Look:
    """A cohort as alarms see it.

    Args:
        cohort: The cohort.
        arrays: Of it, samples in the same order.
    """

    cohort: Cohort
    arrays: CohortArrays

    @cached_property
    def patients(self) -> np.ndarray:
        """Return `(samples,)` the number of each sample's patient."""
        return np.unique(self.arrays.patient_ids, return_inverse=True)[1]

    @cached_property
    def questions(self) -> list[Question]:
        """Return every binary target, and every class of the others."""
        return list(_questions(self.arrays))


def _questions(arrays: CohortArrays) -> Iterator[Question]:
    for target, labels in arrays.labels.items():
        classes = len(arrays.classes.get(target) or ())
        if classes <= 2:
            yield Question(target, labels)
            continue
        for number in range(classes):
            yield Question(target, np.where(np.isnan(labels), np.nan, labels == number))


def some(names: Iterable[str]) -> str:
    """Name the first few of many.

    Args:
        names: Sample ids, file names or columns.
    """
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
