"""One patient of a folder, as a finished run reads it."""

import difflib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.grids import grid_start
from hybrid_zoo.pipelines.images import order_images
from hybrid_zoo.pipelines.schema import Variable
from hybrid_zoo.studies.inputs_file import input_spec
from hybrid_zoo.studies.known_patients import NEW, TEST
from hybrid_zoo.studies.trained import Trained

TRAINED = "trained"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One patient, and where the patient comes from.

    Args:
        trained: The run.
        cohort: From `read_new_patients`.
        arrays: Likewise.
        row: Position of the patient's sample.
    """

    trained: Trained
    cohort: Cohort
    arrays: CohortArrays
    row: int

    @property
    def sample_id(self) -> str:
        """The sample's id."""
        return str(self.arrays.sample_ids[self.row])

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """What the model reads, without the batch axis; series without padding."""
        rows = self.trained.inputs_of(self.arrays, np.array([self.row]))
        return {name: values[0] for name, values in rows.items()}

    @cached_property
    def spec(self) -> InputSpec:
        """Names and training statistics of the columns."""
        return input_spec(self.trained.inputs)

    @property
    def noun(self) -> str:
        """What the run's rows are: patients, or samples of whom several may be of one patient."""
        return "patients" if self.trained.splits["patient_id"].is_unique else "samples"

    @property
    def own_samples(self) -> set[str]:
        """The samples of this patient that the run knows, and this one."""
        splits = self.trained.splits
        patient = str(self.arrays.patient_ids[self.row])
        return {self.sample_id, *splits.loc[splits["patient_id"] == patient, "sample_id"]}

    @cached_property
    def known_as(self) -> str:
        """Whether the run has the patient in its test part, was trained on it, or neither."""
        splits = self.trained.splits
        learnt = splits[splits["split"] == "train"] if self.trained.is_held_out else splits
        if learnt["sample_id"].isin(self.own_samples).any():
            return TRAINED
        return TEST if (splits["sample_id"] == self.sample_id).any() else NEW

    def events(self, name: str) -> pd.DataFrame:
        """Return what was recorded for a series: `hours, variable, value`, in order of time.

        Args:
            name: Of the series.
        """
        rows = self.cohort.events
        own = rows[(rows["sample_id"] == self.sample_id) & (rows["modality"] == name)]
        return own.sort_values("hours", kind="stable")

    def notes(self, name: str) -> pd.DataFrame:
        """Return the texts of a note input, in the order in which they are read.

        Args:
            name: Of the input.
        """
        rows = self.cohort.notes
        own = rows[(rows["sample_id"] == self.sample_id) & (rows["modality"] == name)]
        return own.sort_values(["hours", "text"], na_position="first", kind="stable")

    def image_hours(self, name: str) -> np.ndarray:
        """Return the hour of each image of a bag; NaN where none is recorded.

        Args:
            name: Of the image or volume input.
        """
        rows = self.cohort.images
        own = rows[(rows["sample_id"] == self.sample_id) & (rows["modality"] == name)]
        return order_images(own, [self.sample_id])[0]["hours"].to_numpy(dtype=float)

    def end_hours(self, name: str) -> float | None:
        """Return the hour of prediction, behind which nothing of an input is read, if stated.

        Args:
            name: Of the input.
        """
        config = self.cohort.config
        for section in (config.events, config.images, config.notes):
            if name in section:
                return section[name].end_hours
        return None

    def variable(self, name: str, column: str) -> Variable:
        """Return what the cohort declares of a variable.

        Args:
            name: Of the series.
            column: Of the variable.
        """
        return (self.cohort.config.events[name].variables or {}).get(column, Variable())

    def unit(self, name: str, column: str) -> str:
        """Return the unit of a variable; empty where none is declared, or it is 1.

        Args:
            name: Of the series.
            column: Of the variable.
        """
        unit = self.variable(name, column).unit or ""
        return "" if unit == "1" else unit

    def step_hours(self, name: str) -> np.ndarray:
        """Return when each step of a series begins and ends.

        Args:
            name: Of the series.

        Returns:
            `(steps, 2)`; of irregular steps halfway to their neighbours.
        """
        steps = len(self.inputs[name])
        width = self.arrays.step_hours.get(name)
        if width is not None:
            rows = self.cohort.events
            hours = rows.loc[rows["modality"] == name, "hours"].to_numpy(dtype=float)
            start = grid_start(hours, self.cohort.config.events[name])
            edges = start + width * np.arange(steps + 1)
        else:
            time = np.asarray(self.inputs[name.replace("sequence", "time", 1)], dtype=float)
            between = (time[1:] + time[:-1]) / 2
            edges = np.concatenate([time[:1], between, time[-1:]])
        return np.stack([edges[:-1], edges[1:]], axis=1)


def find_subject(trained: Trained, cohort: Cohort, arrays: CohortArrays, sample_id: str) -> Subject:
    """Find a sample of a folder.

    Args:
        trained: The run.
        cohort: From `read_new_patients`.
        arrays: Likewise.
        sample_id: Its id.

    Raises:
        ConfigError: If the folder has no such sample; the message names the nearest ids.
    """
    rows = np.flatnonzero(arrays.sample_ids == sample_id)
    if not len(rows):
        known = list(map(str, arrays.sample_ids))
        close = difflib.get_close_matches(sample_id, known, n=3, cutoff=0.5) or known[:3]
        raise ConfigError(
            f"No sample {sample_id!r} among the {len(known)} of this folder; the nearest: "
            f"{', '.join(map(repr, close))}. --sample takes a sample_id of the samples table."
        )
    return Subject(trained=trained, cohort=cohort, arrays=arrays, row=int(rows[0]))
