"""Put an explanation method to the test on one model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.faith.agreement import agreement
from hybrid_zoo.explain.faith.deletion import deletion_and_insertion
from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.patients import Patients
from hybrid_zoo.explain.faith.pointing import pointing
from hybrid_zoo.explain.faith.randomisation import randomisation
from hybrid_zoo.explain.faith.reading import Reader
from hybrid_zoo.explain.faith.stability import stability
from hybrid_zoo.explain.faith.verdict import Verdict
from hybrid_zoo.explain.methods import METHODS, lacks
from hybrid_zoo.explain.opened import WHO, opened
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.serving.rows import complete

FEWEST = 5
"""Places of a map, of which fewer have hardly an order."""


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What few need to change.

    Args:
        result: Name of the array to check, such as "image" or "sequence/steps"; the first that
            the method returns where not given.
        label: Of a target with several classes, the position of one.
        patients: How many are looked at.
        draws: How often the weights are shuffled.
        seed: Of random orders, shuffled weights and noise.
        arguments: Of the method, such as `{"most": 128}`.
    """

    result: str | None = None
    label: int = 0
    patients: int = 16
    draws: int = 20
    seed: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)


def check_explainer(
    model: keras.Model,
    x: Mapping[str, np.ndarray],
    method: str = "grad_cam",
    *,
    target: str | None = None,
    lesions: np.ndarray | None = None,
    options: CheckOptions | None = None,
    spec: InputSpec | None = None,
) -> Verdict:
    """Check on some patients whether a method shows what this model uses.

    Four checks need nothing else: deletion, insertion, another map after the weights were
    shuffled, the same map after imperceptible noise. Of attention, hiding must agree with its
    weights; and with `lesions` there is the pointing game.

    Args:
        model: As `build_hybrid` returns.
        x: Inputs of patients that it was not trained on, each `(patients, ...)` in raw units. Those
            with the highest logits are looked at.
        method: Name; one of your own too.
        target: Name; the model's first where not given.
        lesions: `(patients, images, height, width)`, above 0 where a lesion is known to be; then
            only patients with a lesion are looked at.
        options: What few need to change.
        spec: As of `explain`.

    Returns:
        The verdict; `print(verdict.words)`.

    Raises:
        ConfigError: For a method that the model does not fit or that says nothing of places, no
            patient to look at, too few places, or lesions of another shape.
    """
    options = options or CheckOptions()
    everyone = patients_of(model, x, target, options.label, spec)
    return examine(everyone, Reader(method, options.arguments), options, lesions)


def patients_of(
    model: keras.Model,
    x: Mapping[str, np.ndarray],
    target: str | None,
    label: int,
    spec: InputSpec | None,
) -> Patients:
    """Return patients as checks look at them.

    Args:
        model: As `build_hybrid` returns.
        x: Inputs, each `(patients, ...)`.
        target: Name; the first where not given.
        label: Position of the class.
        spec: As of `explain`.

    Raises:
        ConfigError: For inputs that the model does not read.
    """
    arrays, _ = complete(WHO, opened(model).expected, x)
    return Patients(model=model, arrays=arrays, target=target, label=label, spec=spec)


def examine(
    everyone: Patients, reader: Reader, options: CheckOptions, lesions: np.ndarray | None = None
) -> Verdict:
    """Run all checks of one array of a method.

    Args:
        everyone: The patients.
        reader: The method; it may be used for its other arrays, too.
        options: As of `check_explainer`.
        lesions: As of `check_explainer`.

    Raises:
        ConfigError: As `check_explainer`.
    """
    method = reader.method
    METHODS[method]  # an unknown one is refused with the nearest name
    if words := lacks(method, everyone.case(0)):
        raise ConfigError(f"check_explainer: {method} needs {words}.")
    rows = everyone.by_logit
    first = (int(rows[0]), "as it is")
    result = options.result or reader.first_result(everyone.case(rows[0]), first)
    rows = everyone.showing(rows, result.partition("/")[0], lesions)[: options.patients]
    evidence = Evidence(
        reader=reader, result=result, patients=everyone, rows=rows, seed=options.seed
    )
    _require_places(evidence, lesions)
    checks = deletion_and_insertion(evidence)
    checks["randomisation"] = randomisation(evidence, options.draws)
    checks["stability"] = stability(evidence)
    if method == "attention":
        checks["agreement"] = agreement(evidence)
    if lesions is not None:
        checks["pointing"] = pointing(evidence, np.asarray(lesions)[rows])
    return Verdict(
        method=method, result=result, target=_target(evidence), patients=len(rows), checks=checks
    )


def _target(evidence: Evidence) -> str:
    case = evidence.cases[0]
    several = case.opened.classes[case.target] > 1
    return f"{case.target}, class {case.label}" if several else case.target


def _require_places(evidence: Evidence, lesions: np.ndarray | None) -> None:
    shape = evidence.maps[0].shape
    if lesions is not None and shape != lesions.shape[1:]:
        raise ConfigError(
            f"check_explainer: lesions have places {lesions.shape[1:]}, {evidence.method} of "
            f"{evidence.result!r} has {shape}: leave lesions out, or choose another result."
        )
    places = max(int(np.isfinite(x).sum()) for x in evidence.maps)
    if places < FEWEST:
        raise ConfigError(
            f"check_explainer: {evidence.result!r} has {places} places, too few to rank; expected "
            f"at least {FEWEST}."
        )
