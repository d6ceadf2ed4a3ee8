"""What the model would say if a value were another one."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.baseline import average, fixed_columns
from hybrid_zoo.explain.case import Case, make_case, observed
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.registry import nearest


class Change(NamedTuple):
    """What one target's logits and probabilities change by, and from what; each `(classes,)`."""

    logit: np.ndarray
    probability: np.ndarray
    logit_before: np.ndarray
    probability_before: np.ndarray


def what_if(
    model: keras.Model,
    sample: Mapping[str, Any],
    changes: Mapping[str, float | None] | Iterable[str],
    *,
    spec: InputSpec | None = None,
) -> dict[str, Change]:
    """Set values of one patient and return how the model's answer changes, all at once.

    It is the model's answer that changes, not the patient: what is set may be effect, not cause.

    Args:
        model: As `build_hybrid` returns.
        sample: One patient's inputs in raw units.
        changes: `modality/column` to a value, or to None for the training mean; or such names
            alone. Of a series every measured value is set. Without a spec columns are numbers:
            "tabular/0".
        spec: What `build_hybrid` was given: names of columns.

    Returns:
        Target to its change.

    Raises:
        ConfigError: For more than one patient, an unknown name, a variable that was never measured
            or a category without a value.

    Source:
        Own design, because a clinician asks it; the mean as the normal value where none is given.
    """
    case = make_case(model, sample, None, None, spec)
    wanted = dict(changes) if isinstance(changes, Mapping) else dict.fromkeys(changes)
    rows = case.copies(2)
    for name, value in wanted.items():
        modality, column = _find(case, name)
        _set(rows[modality][1], name, column, _value(case, name, modality, column, value))
    found = {}
    for target, logits in case.scores(rows).items():
        before, after = logits
        risks = [case.opened.probability(target, x) for x in (before, after)]
        found[target] = Change(after - before, risks[1] - risks[0], before, risks[0])
    return found


def _find(case: Case, name: str) -> tuple[str, int]:
    """The modality and the position of the column that a name means."""
    known = [m for m in case.opened.modalities if m.startswith(("sequence", "tabular"))]
    names = {f"{m}/{c}": (m, k) for m in known for k, c in enumerate(case.columns(m))}
    if name not in names:
        hint = "" if case.spec is not None else " Pass spec=... to use the columns' names."
        raise ConfigError(
            f"what_if: unknown value {name!r}.{nearest(name, names)} Expected 'modality/column', "
            f"one of {list(names)}.{hint}"
        )
    return names[name]


def _value(case: Case, name: str, modality: str, column: int, value: float | None) -> float:
    if value is not None:
        return value
    means = average(case.opened, case.spec, modality)
    if means is None or column in fixed_columns(case, modality):
        raise ConfigError(
            f"what_if: {name!r} has no training mean; give a value: {{{name!r}: ...}}."
        )
    return float(means[column])


def _set(x: np.ndarray, name: str, column: int, value: float) -> None:
    if x.ndim == 1:
        x[column] = value
        return
    seen = observed(x[:, column])
    if not seen.any():
        raise ConfigError(
            f"what_if: {name!r} was never measured in this patient, so that there is nothing to "
            "set. Put values into the sample's array."
        )
    x[seen, column] = value
