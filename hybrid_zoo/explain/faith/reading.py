"""Read a method's values as one number for each place."""

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


def read(method: str, result: str, case: Case) -> np.ndarray:
    """Explain a patient by one method.

    Args:
        method: Its name.
        result: Name of the array.
        case: The patient.

    Returns:
        The array, without channels; NaN where nothing was observed.

    Raises:
        ConfigError: If the method returns no such array.
    """
    values = METHODS[method](case).values
    if result not in values:
        raise ConfigError(
            f"check_explainer: {method} returned no {result!r}.{nearest(result, values)} It "
            f"returned {list(values)}."
        )
    found = np.asarray(values[result], float)
    if not has_channels(found, result, case):
        return found
    seen = np.isfinite(found)
    total = np.nansum(abs(found) if method in UNSIGNED else found, axis=-1)
    return np.where(seen.any(axis=-1), total, np.nan)


def has_channels(values: np.ndarray, result: str, case: Case) -> bool:
    """Tell whether an array speaks of single channels of pixels.

    Args:
        values: What a method returned.
        result: Name of the array.
        case: The patient.
    """
    shape = case.sample[result.partition("/")[0]].shape[1:]
    return len(shape) > 2 and np.shape(values) == shape


def first_result(method: str, case: Case) -> str:
    """Return the name of the first array with places that a method returns.

    Args:
        method: Its name.
        case: The patient.

    Raises:
        ConfigError: If there is none.
    """
    values = METHODS[method](case).values
    found = [name for name, x in values.items() if np.ndim(x)]
    if not found:
        raise ConfigError(
            f"check_explainer: {method} says nothing of places, so that hiding them cannot check "
            f"it; it returned {list(values)}. What it measured of itself is in `checks`."
        )
    return found[0]
