"""What all checks look at: some patients, their explanations, and the parts that were ranked."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.faith.patients import Patients
from hybrid_zoo.explain.faith.reading import OF_WHOLE_PARTS, UNSIGNED, Reader
from hybrid_zoo.explain.parts import Part, falls, parts_of

_WHOLE = {"sequence": "steps", "image": "whole", "volume": "whole"}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A method's explanations of some patients.

    Args:
        reader: The method.
        result: Name of the array that is checked, such as "image" or "sequence".
        patients: All patients.
        rows: Positions of those that are looked at.
        seed: Of everything that a check draws.
    """

    reader: Reader
    result: str
    patients: Patients
    rows: np.ndarray
    seed: int

    @cached_property
    def cases(self) -> list[Case]:
        """The patients."""
        return [self.patients.case(row) for row in self.rows]

    @cached_property
    def maps(self) -> list[np.ndarray]:
        """Per patient the array, without channels; NaN where nothing was observed."""
        return [self.explain(k, case, "as it is") for k, case in enumerate(self.cases)]

    @property
    def method(self) -> str:
        """The method's name."""
        return self.reader.method

    def explain(self, patient: int, case: Case, state: Hashable) -> np.ndarray:
        """Explain a patient by the model as it is now.

        Args:
            patient: Which of `cases`.
            case: The patient, perhaps changed.
            state: What was done to the patient or to the model.

        Returns:
            As one of `maps`.
        """
        return self.reader.read(self.result, case, (int(self.rows[patient]), state))

    @property
    def signed(self) -> bool:
        """Whether high values are said to raise the logit, and low ones to lower it."""
        return self.method not in UNSIGNED

    def parts(self, patient: int) -> list[Part]:
        """Return the parts that are hidden one after the other: made anew, since masks are large.

        Args:
            patient: Which of `cases`.
        """
        name, _, kind = self.result.partition("/")
        if not kind and self.maps[patient].ndim == 1:  # attention: one weight for each
            kind = _WHOLE.get(name.partition("_")[0], "")
        result = f"{name}/{kind}" if kind else name
        return [part for part in parts_of(self.cases[patient], name) if part.result == result]

    @cached_property
    def ranked(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per patient what the method says of each part, and what the logit loses without it."""
        found = []
        for patient, (case, values) in enumerate(zip(self.cases, self.maps, strict=True)):
            parts = self.parts(patient)
            said = np.array([self._of_part(part, values) for part in parts])
            found.append((said, falls(case, parts)))
        return found

    def effect(self, change: np.ndarray) -> np.ndarray:
        """Return what a method should have foretold: changes, or for unsigned ones their size.

        Args:
            change: Of logits.
        """
        return change if self.signed else abs(change)

    def _of_part(self, part: Part, values: np.ndarray) -> float:
        there = values[part.places]
        there = there[np.isfinite(there)]
        if not there.size:
            return 0.0
        return float(there.mean() if self.method in OF_WHOLE_PARTS else there.sum())
