"""One round of a study: some rows to learn from, some rows to be scored on."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.folds import make_folds


@dataclass(frozen=True, kw_only=True)
class Round:
    """What every model of a round gets, the same for all.

    Args:
        number: Counted from 0.
        arrays: The cohort.
        train: Rows to learn from.
        scored: Rows that are predicted by the final fits.
        settings: The user's options.
        trials: Configurations per model; 1 means the prespecified one.
        workspace: Folder for the search's state.
        on_fit: Called after each fit with the model's name.
        deadline: `time.monotonic()` after which no further search or seed starts; None never.
    """

    number: int
    arrays: CohortArrays
    train: np.ndarray
    scored: np.ndarray
    settings: Settings
    trials: int
    workspace: Path
    on_fit: Callable[[str], None]
    deadline: float | None = None

    @property
    def late(self) -> bool:
        """Whether the time budget is used up."""
        return self.deadline is not None and time.monotonic() > self.deadline

    @property
    def minutes(self) -> float | None:
        """What is left of the time budget; None for no limit."""
        return None if self.deadline is None else max(0, self.deadline - time.monotonic()) / 60

    @cached_property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Folds of the training rows, as positions among all samples."""
        labels = {t: y[self.train] for t, y in self.arrays.labels.items()}
        patients = self.arrays.patient_ids[self.train]
        parts = make_folds(labels, patients, self.settings.folds, self.settings.seed)
        return [(self.train[fit], self.train[score]) for fit, score in parts]

    def protocol(self, name: str) -> Protocol:
        """Return what the fits of one model are made on.

        Args:
            name: The model, for the progress bar.
        """
        return Protocol(
            folds=self.folds,
            labels=self.arrays.labels,
            patient_ids=self.arrays.patient_ids,
            on_fit=lambda seconds: self.on_fit(name),
        )
