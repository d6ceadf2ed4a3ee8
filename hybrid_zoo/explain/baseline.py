"""Where the path of integrated gradients begins: a patient with the same records, all average."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.explain.opened import Opened
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.registry import nearest
from hybrid_zoo.serving.rows import Arrays

DARK = 2.0
"""Training deviations by which an image without anything to see is darker than the mean."""


def average(known: Opened, spec: InputSpec | None, modality: str) -> np.ndarray | None:
    """Return the training mean of each column in raw units, or None where nobody knows it.

    Args:
        known: The model, prepared; what its layers hold goes first.
        spec: The model's, or None.
        modality: Name.

    Returns:
        `(columns,)`; where the logarithm is standardised, the geometric mean.
    """
    found = known.statistics(modality)
    if found is not None:
        center, _, log = found
    elif spec is not None and modality in spec and spec[modality].mean:
        center, log = np.array(spec[modality].mean), np.array(spec[modality].skewed)
    else:
        return None
    return np.where(log, np.expm1(np.where(log, center, 0)), center)


def fixed_columns(case: Case, modality: str) -> list[int]:
    """Return the columns of codes and events, between whose values nothing lies.

    Args:
        case: The patient.
        modality: Name.
    """
    found = set(case.opened.fixed_columns(modality))
    if case.spec is not None and modality in case.spec:
        kinds = case.spec[modality].kinds
        found |= {i for i, kind in enumerate(kinds) if kind != "numeric"}
    return sorted(found)


def baseline(case: Case, given: Mapping[str, Any]) -> Arrays:
    """Return a patient of whom the same was observed: average numbers, even dark images.

    An image at the training mean is 0 everywhere in a network, where group normalisation divides
    by nothing: the logit jumps as soon as the path leaves it.

    Args:
        case: The patient.
        given: Modality to values of the user's own, which broadcast against the input.

    Returns:
        Every input, `(1, ...)`: numbers at their mean, pixels two training deviations below it, or
        at 0 where nobody knows it; codes, events, tokens, hours and what was not observed as they
        are.

    Raises:
        ConfigError: Where nobody knows the mean of a table or a series, or `given` does not fit.
    """
    _check_given(case, given)
    start = dict(case.sample)
    for name in case.present:
        x = case.sample[name]
        if x.dtype.kind in "iu" or case.opened.is_standardized_by_itself(name):
            continue
        value = _broadcast(name, x, given[name]) if name in given else _usual(case, name)
        fixed = fixed_columns(case, name)
        changed = np.where(observed(x), value, np.nan).astype(x.dtype)
        changed[..., fixed] = x[..., fixed]
        start[name] = changed
    return start


def _check_given(case: Case, given: Mapping[str, Any]) -> None:
    fitting = [
        name
        for name in case.opened.modalities
        if case.sample[name].dtype.kind == "f" and not case.opened.is_standardized_by_itself(name)
    ]
    for name in given:
        if name not in fitting:
            raise ConfigError(
                f"integrated_gradients: there is no baseline of {name!r} to set."
                f"{nearest(name, fitting)} Expected any of {fitting}."
            )


def _usual(case: Case, name: str) -> np.ndarray:
    if name.startswith(("image", "volume")) and (statistics := case.opened.statistics(name)):
        center, deviation, _ = statistics
        return center - DARK * deviation
    if name.startswith(("image", "volume")):
        return np.zeros(1)
    found = average(case.opened, case.spec, name)
    if found is not None:
        return found
    raise ConfigError(
        f"integrated_gradients: neither the model nor a spec holds the mean of {name!r}. Pass "
        f"spec=..., or methods={{'integrated_gradients': {{'baseline': {{{name!r}: values}}}}}}."
    )


def _broadcast(name: str, x: np.ndarray, values: Any) -> np.ndarray:
    try:
        return np.broadcast_to(np.asarray(values, "float32"), x.shape)
    except ValueError as error:
        raise ConfigError(
            f"integrated_gradients: the baseline of {name!r} has shape {np.shape(values)}; "
            f"expected one that broadcasts against {x.shape[1:]}."
        ) from error
