"""The registry of explanation methods; a method is one file that adds itself, and one import."""

from collections.abc import Callable
from typing import TypeVar

import keras

from hybrid_zoo.explain.case import Case
from hybrid_zoo.registry import Registry

METHODS = Registry("explanation method", "hybrid_zoo.explain")

Lack = Callable[[Case], str | None]
"""What a model lacks that a method needs, in words; None if it has it."""
Method = TypeVar("Method", bound=Callable)


def needs(lack: Lack) -> Callable[[Method], Method]:
    """Say of a method what a model must have; a decorator below `register`.

    Args:
        lack: Returns what the model of a case lacks, in words, or None.
    """

    def mark(method: Method) -> Method:
        method.lack = lack  # type: ignore[attr-defined]
        return method

    return mark


def lacks_gradients(case: Case) -> str | None:
    """Say what methods that need gradients lack on another backend.

    Args:
        case: The patient.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return None
    return f"gradients, which are computed on the TensorFlow backend, not on {backend!r}"


def lacks(name: str, case: Case) -> str | None:
    """Return what a method needs and the model of a case lacks, or None.

    Args:
        name: Of the method.
        case: What is to be explained.
    """
    lack: Lack | None = getattr(METHODS[name], "lack", None)
    return lack(case) if lack else None
