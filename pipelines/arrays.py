"""What a cohort becomes: NumPy arrays in raw units, where NaN means not observed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hybrid_zoo.pipelines.bags import ImageBags


@dataclass(frozen=True, kw_only=True)
class CohortArrays:
    """A cohort's samples as aligned arrays; axis 0 is the sample everywhere.

    Args:
        sample_ids: `(samples,)` strings.
        patient_ids: `(samples,)` strings; several samples may share one patient.
        inputs: Modality name to array, as a model eats it: `image (samples, images, height, width,
            channels)`, `sequence (samples, steps, variables)`, `time (samples, steps)` in hours,
            `tabular (samples, columns)`, all float32 with NaN for not observed, and
            `tokens (samples, length)` int32 with 0 for padding. Images, volumes and series of a
            cohort are `ImageBags` and `RaggedSeries`, which are read and padded batch by batch.
        labels: Target name to `(samples,)` float32: 0 or 1, or the class index; NaN is unknown.
        classes: Target name to class names; empty for a binary target.
        columns: Modality name to the names along its last axis (variables, tabular columns).
        kinds: Modality name to the kind of each of those: "numeric", "categorical" or "event".
        categories: Tabular column name to its levels; the code in `inputs` is the position here.
        step_hours: Sequence modality name to the hours between two steps; absent if irregular.
    """

    sample_ids: np.ndarray
    patient_ids: np.ndarray
    inputs: dict[str, Any]  # np.ndarray, or ImageBags and RaggedSeries that index like one
    labels: dict[str, np.ndarray]
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    step_hours: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sample_ids)

    def take(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs of some samples.

        Args:
            rows: `(rows,)` positions or a boolean mask of all samples.
        """
        return {name: values[rows] for name, values in self.inputs.items()}

    def observed(self, modality: str) -> np.ndarray:
        """Tell which images, steps, columns or words of a modality there are.

        Args:
            modality: A name in `inputs`.

        Returns:
            `(samples, items)` bool.
        """
        values = self.inputs[modality]
        if isinstance(values, ImageBags):
            return values.slots >= 0
        seen = values != 0 if values.dtype.kind == "i" else np.isfinite(values)
        return seen.reshape(*seen.shape[:2], -1).any(axis=2)
