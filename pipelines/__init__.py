"""From a cohort folder to arrays and tf.data."""

import importlib
from typing import Any

_HOME = {
    "Alarm": "hybrid_zoo.pipelines.alarms",
    "Cohort": "hybrid_zoo.pipelines.cohort",
    "find_leaks": "hybrid_zoo.pipelines.alarms",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that a scan needs no pandas."""
    if name not in _HOME:
        raise AttributeError(f"module 'hybrid_zoo.pipelines' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
