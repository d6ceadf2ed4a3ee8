"""Search space, folds, cross-validated search and baselines."""

import importlib
from typing import Any

_HOME = {
    "CrossValidatedTuner": "hybrid_zoo.tuning.search",
    "SameInformation": "hybrid_zoo.tuning.same_information",
    "row_features": "hybrid_zoo.tuning.features",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that folds need no Keras."""
    if name not in _HOME:
        raise AttributeError(f"module 'hybrid_zoo.tuning' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
