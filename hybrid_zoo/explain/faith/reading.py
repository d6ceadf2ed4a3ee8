"""Read a method's values as one number for each place."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.methods import METHODS
from hybrid_zoo.registry import nearest

UNSIGNED = ("attention", "smooth_grad")
"""Methods whose values say how much a place matters, not whether it raises or lowers the logit."""
OF_WHOLE_PARTS = ("occlusion",)
"""Methods that write the value of a part at each of its places; of others these add up."""
OF_PIXELS = ("integrated_gradients", "smooth_grad")
"""Methods whose values speak of single pixels, which vary from one to the next."""


class Reader:
    """A method whose explanations are kept, so that all arrays of one are checked at once.

    Args:
        method: Its name.
        arguments: Of the method.
    """

    def __init__(self, method: str, arguments: Mapping[str, Any]) -> None:
        self.method = method
        self._arguments = dict(arguments)
        self._kept: dict[Hashable, dict[str, np.ndarray]] = {}

    def values(self, case: Case, key: Hashable) -> dict[str, np.ndarray]:
        """Explain a patient.

        Args:
            case: The patient.
            key: Of the patient, and of what was done to the patient or to the model.

        Returns:
            As `Result.values`.
        """
        if key not in self._kept:
            self._kept[key] = METHODS[self.method](case, **self._arguments).values
        return self._kept[key]

    def first_result(self, case: Case, key: Hashable) -> str:
        """Return the name of the first array with places that the method returns.

        Args:
            case: The patient.
            key: As of `values`.

        Raises:
            ConfigError: If there is none.
        """
        values = self.values(case, key)
        found = [name for name, x in values.items() if np.ndim(x)]
        if not found:
            raise ConfigError(
                f"check_explainer: {self.method} says nothing of places, so that hiding them "
                f"cannot check it; it returned {list(values)}. What it measured of itself is in "
                "`checks`."
            )
        return found[0]

    def read(self, result: str, case: Case, key: Hashable) -> np.ndarray:
        """Return one array of an explanation, without channels; NaN where nothing was observed.

        Args:
            result: Name of the array.
            case: The patient.
            key: As of `values`.

        Raises:
            ConfigError: If the method returns no such array.
        """
        values = self.values(case, key)
        if result not in values:
            raise ConfigError(
                f"check_explainer: {self.method} returned no {result!r}.{nearest(result, values)} "
                f"It returned {list(values)}."
            )
        found = np.asarray(values[result], float)
        if not case.has_channels(result, found):
            return found
        seen = np.isfinite(found)
        total = np.nansum(abs(found) if self.method in UNSIGNED else found, axis=-1)
        return np.where(seen.any(axis=-1), total, np.nan)
