"""The arrays of a few patients, completed: what is not given was not observed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import time_name
from hybrid_zoo.registry import nearest

Arrays = dict[str, np.ndarray]


class Expected(NamedTuple):
    """One input of a model: `(batch, ...)` shape, None along axes whose length varies; dtype."""

    shape: tuple[int | None, ...]
    dtype: str


def expected_inputs(who: str, model: Any) -> dict[str, Expected]:
    """Return what a model eats, by name.

    Args:
        who: Who asks, for the message.
        model: A Keras model.

    Raises:
        ConfigError: If its inputs and outputs are not dicts, as those of `build_hybrid` are.
    """
    inputs, outputs = getattr(model, "input", None), getattr(model, "output", None)
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise ConfigError(
            f"{who} got {getattr(model, 'name', model)!r}, whose inputs or outputs have no names; "
            "expected a model from a dict of arrays to a dict, as build_hybrid returns."
        )
    return {name: Expected(tuple(x.shape), str(x.dtype)) for name, x in inputs.items()}


def absent(expected: Mapping[str, Expected], rows: int = 1) -> Arrays:
    """Return inputs in which nothing was observed, open axes of length 1.

    Args:
        expected: Inputs by name.
        rows: Length of the batch axis.

    Returns:
        Name to array: NaN, or for tokens 0.
    """
    return {
        name: np.full(
            (rows, *(n or 1 for n in shape[1:])), 0 if dtype == "int32" else np.nan, dtype
        )
        for name, (shape, dtype) in expected.items()
    }


def complete(
    who: str, expected: Mapping[str, Expected], given: Mapping[str, Any]
) -> tuple[Arrays, bool]:
    """Check the arrays of one or a few patients and add what is not given as not observed.

    Args:
        who: Who asks, for messages.
        expected: Inputs by name.
        given: Any of them in raw units, all with the batch axis or all without.

    Returns:
        Every input with the batch axis; and whether the arrays came without it.

    Raises:
        ConfigError: For an unknown name, a wrong shape or dtype, or unequal numbers of patients.
    """
    _check_names(who, expected, given)
    arrays = {name: _array(who, name, expected[name], values) for name, values in given.items()}
    alone = _lack_batch_axis(who, expected, arrays)
    batches = {name: x[None] if alone else x for name, x in arrays.items()}
    rows = {len(x) for x in batches.values()} or {1}
    if len(rows) > 1:
        raise ConfigError(f"{who}: unequal numbers of patients: {_shapes(arrays)}.")
    _check_hours(who, expected, batches)
    return absent(expected, rows.pop()) | batches, alone


def _check_names(who: str, expected: Mapping[str, Expected], given: Any) -> None:
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{who} got {type(given).__name__}; expected a dict with any of {list(expected)}."
        )
    for name in given:
        if name not in expected:
            raise ConfigError(
                f"{who} got an input {name!r}.{nearest(name, expected)} "
                f"Expected any of {list(expected)}; leave out what was not observed."
            )


def _array(who: str, name: str, expected: Expected, values: Any) -> np.ndarray:
    """The values as the model's dtype, of a shape that the model takes."""
    try:
        found = np.asarray(values)
        if expected.dtype == "int32" and found.dtype.kind not in "iu":
            raise ValueError("tokens are integers, 0 where there is none")
        with np.errstate(over="ignore"):  # beyond float32 is infinity: not observed
            array = found.astype(expected.dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{who}: {name!r} cannot be read as {expected.dtype}, got "
            f"{type(values).__name__}: {str(error).partition(':')[0]}. Pass an array of numbers."
        ) from error
    _check_shape(who, name, array.shape, expected.shape)
    return array


def _check_shape(who: str, name: str, got: tuple, expected: tuple) -> None:
    wanted = expected if len(got) == len(expected) else expected[1:]
    fits = len(got) == len(wanted) and 0 not in got
    if not fits or any(n not in (None, k) for k, n in zip(got, wanted, strict=True)):
        raise ConfigError(
            f"{who}: {name!r} has shape {got}; expected {_words(expected[1:])}, or "
            f"{_words(expected)} with the batch axis, each axis at least 1."
        )


def _lack_batch_axis(
    who: str, expected: Mapping[str, Expected], arrays: Mapping[str, np.ndarray]
) -> bool:
    lack = {x.ndim < len(expected[name].shape) for name, x in arrays.items()}
    if len(lack) > 1:
        raise ConfigError(
            f"{who}: some arrays have a batch axis and some have none: {_shapes(arrays)}. "
            "Give it to all or to none."
        )
    return all(lack)


def _check_hours(
    who: str, expected: Mapping[str, Expected], batches: Mapping[str, np.ndarray]
) -> None:
    """Refuse a series without its hours, which would read as padding, and the reverse."""
    for name in expected:
        time = time_name(name)
        if time == name or time not in expected:
            continue
        steps = {part: batches[part].shape[1] for part in (name, time) if part in batches}
        if len(steps) == 1 or len(set(steps.values())) > 1:
            raise ConfigError(
                f"{who} got steps {steps}; expected as many in {name!r} as in {time!r}, "
                "or neither of them."
            )


def _words(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"


def _shapes(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: x.shape for name, x in arrays.items()}
