"""Choose the patients whose explanations are checked."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case, make_case, observed
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.serving.rows import Arrays


@dataclass(frozen=True, kw_only=True)
class Patients:
    """Some patients and a model that reads them.

    Args:
        model: As `build_hybrid` returns.
        arrays: Every input of the model, `(patients, ...)`.
        target: Name; the first where not given.
        label: Position of the class.
        spec: As of `explain`.
    """

    model: keras.Model
    arrays: Arrays
    target: str | None
    label: int
    spec: InputSpec | None

    def case(self, row: int) -> Case:
        """Return one patient.

        Args:
            row: Position.
        """
        sample = {name: x[row] for name, x in self.arrays.items()}
        return make_case(self.model, sample, self.target, self.label, self.spec)

    @cached_property
    def by_logit(self) -> np.ndarray:
        """The positions of all patients, the highest logit first."""
        return np.argsort(-self.case(0).score(self.arrays), kind="stable")

    def showing(self, rows: np.ndarray, name: str, lesions: np.ndarray | None) -> np.ndarray:
        """Return those of whom a modality was observed, and a lesion is known.

        Args:
            rows: Positions.
            name: The modality.
            lesions: `(patients, images, height, width)`, or None.

        Raises:
            ConfigError: If there is none, or for lesions of another shape.
        """
        x = self.arrays[name]
        seen = observed(x).reshape(len(x), -1)
        shown = np.asarray(seen.any(axis=1))
        if lesions is not None:
            if lesions.shape != x.shape[:-1]:
                raise ConfigError(
                    f"check_explainer: lesions have shape {lesions.shape}; {name!r} has "
                    f"{x.shape}: expected {x.shape[:-1]}."
                )
            shown &= (lesions > 0).reshape(len(x), -1).any(axis=1)
        if not shown.any():
            of = "and a lesion " if lesions is not None else ""
            raise ConfigError(
                f"check_explainer: none of {len(x)} patients has {name!r} {of}to look at."
            )
        return rows[shown[rows]]
