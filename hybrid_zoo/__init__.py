"""A Keras 3 model zoo for patients who are more than one kind of data.

Research software. hybrid_zoo is not a medical device (EU MDR 2017/745, US FD&C Act 201(h)), is not
validated for clinical use, and must not be used to diagnose, triage, treat or monitor patients. Its
scores describe the data they were computed on.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Cohort": "hybrid_zoo.pipelines.cohort",
    "HybridClassifier": "hybrid_zoo.studies.classifier",
    "HybridOptions": "hybrid_zoo.options",
    "InputSpec": "hybrid_zoo.inputs",
    "bags": "hybrid_zoo.bags",
    "build_hybrid": "hybrid_zoo.hybrid",
    "fusions": "hybrid_zoo.fusions",
    "images": "hybrid_zoo.images",
    "load": "hybrid_zoo.saving",
    "notes": "hybrid_zoo.notes",
    "save": "hybrid_zoo.saving",
    "sequences": "hybrid_zoo.sequences",
    "study": "hybrid_zoo.studies.result",
    "StudyResult": "hybrid_zoo.studies.result",
    "tabular": "hybrid_zoo.tabular",
    "volumes": "hybrid_zoo.volumes",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    """Import a public name when it is first used, so that nothing waits for TensorFlow."""
    if name not in _HOME:
        raise AttributeError(f"module 'hybrid_zoo' has no attribute {name!r}")
    module = importlib.import_module(_HOME[name])
    return module if _HOME[name] == f"hybrid_zoo.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
