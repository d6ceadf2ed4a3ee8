"""A Keras 3 model zoo for patients who are more than one kind of data.

Research software. hybrid_zoo is not a medical device (EU MDR 2017/745, US FD&C Act 201(h)), is not
validated for clinical use, and must not be used to diagnose, triage, treat or monitor patients. Its
scores describe the data they were computed on.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what `__getattr__` imports, for tools that read and do not run
    from hybrid_zoo import bags, explain, fusions, images, notes, sequences, tabular, volumes
    from hybrid_zoo.hybrid import build_hybrid
    from hybrid_zoo.inputs import InputSpec
    from hybrid_zoo.options import HybridOptions
    from hybrid_zoo.pipelines.cohort import Cohort
    from hybrid_zoo.saving import load, save
    from hybrid_zoo.serving.export import export
    from hybrid_zoo.serving.predictor import predictor
    from hybrid_zoo.studies.classifier import HybridClassifier
    from hybrid_zoo.studies.result import StudyResult, study

__version__ = "0.1.0"

__all__ = [
    "Cohort",
    "HybridClassifier",
    "HybridOptions",
    "InputSpec",
    "StudyResult",
    "bags",
    "build_hybrid",
    "explain",
    "export",
    "fusions",
    "images",
    "load",
    "notes",
    "predictor",
    "save",
    "sequences",
    "study",
    "tabular",
    "volumes",
]

_HOME = {
    "Cohort": "hybrid_zoo.pipelines.cohort",
    "HybridClassifier": "hybrid_zoo.studies.classifier",
    "HybridOptions": "hybrid_zoo.options",
    "InputSpec": "hybrid_zoo.inputs",
    "StudyResult": "hybrid_zoo.studies.result",
    "build_hybrid": "hybrid_zoo.hybrid",
    "export": "hybrid_zoo.serving.export",
    "load": "hybrid_zoo.saving",
    "predictor": "hybrid_zoo.serving.predictor",
    "save": "hybrid_zoo.saving",
    "study": "hybrid_zoo.studies.result",
}


def __getattr__(name: str):
    """Import a public name when it is first used, so that nothing waits for TensorFlow."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in __all__:
        return _Folder(f"hybrid_zoo.{name}")
    raise AttributeError(f"module 'hybrid_zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


class _Folder(ModuleType):
    """A folder that is imported when something in it is looked up."""

    def __getattr__(self, name: str):
        return getattr(importlib.import_module(self.__name__), name)

    def __dir__(self) -> list[str]:
        return dir(importlib.import_module(self.__name__))
