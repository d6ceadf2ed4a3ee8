"""What the search varies: dropout, L2 and units."""

from typing import Any

DEFAULT: dict[str, Any] = {"units": 64, "dropout": 0.3, "l2": 1e-4}
"""The prespecified configuration, used where nothing is searched."""


def knobs(hp: Any) -> dict[str, Any]:
    """Declare the space and return one point of it.

    Args:
        hp: `keras_tuner.HyperParameters`.

    Returns:
        Values of `units`, `dropout` and `l2`, as `build_hybrid` takes them.

    Source:
        The review: the search covers dropout rate, L2 strength and the number of units.
    """
    return {
        "units": hp.Choice("units", [32, 64, 96], default=DEFAULT["units"]),
        "dropout": hp.Float("dropout", 0.1, 0.6, step=0.1, default=DEFAULT["dropout"]),
        "l2": hp.Float("l2", 1e-6, 1e-2, sampling="log", default=DEFAULT["l2"]),
    }
