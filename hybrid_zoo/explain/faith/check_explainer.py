"""Put an explanation method to the test on one model."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.faith.agreement import agreement
from hybrid_zoo.explain.faith.deletion import deletion_and_insertion
from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.patients import Patients
from hybrid_zoo.explain.faith.pointing import pointing
from hybrid_zoo.explain.faith.randomisation import randomisation
from hybrid_zoo.explain.faith.reading import first_result, read
from hybrid_zoo.explain.faith.stability import stability
from hybrid_zoo.explain.faith.verdict import Verdict
from hybrid_zoo.explain.methods import METHODS, lacks
from hybrid_zoo.explain.opened import WHO as EXPLAIN
from hybrid_zoo.explain.opened import opened
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.serving.rows import complete


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """What few need to change.

    Args:
        result: Name of the array to check, such as "image" or "sequence/steps"; the first that
            the method returns where not given.
        label: Of a target with several classes, the position of one.
        patients: How many are looked at.
        seed: Of random orders, shuffled weights and noise.
    """

    result: str | None = None
    label: int = 0
    patients: int = 16
    seed: int = 0


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
            patient to look at, or lesions of another shape.
    """
    options = options or CheckOptions()
    arrays, _ = complete(EXPLAIN, opened(model).expected, x)
    everyone = Patients(model=model, arrays=arrays, target=target, label=options.label, spec=spec)
    METHODS[method]  # an unknown one is refused with the nearest name
    if words := lacks(method, everyone.case(0)):
        raise ConfigError(f"check_explainer: {method} needs {words}.")
    rows = everyone.by_logit()
    result = options.result or first_result(method, everyone.case(rows[0]))
    rows = everyone.showing(rows, result.partition("/")[0], lesions)[: options.patients]
    cases = [everyone.case(row) for row in rows]
    maps = [read(method, result, case) for case in cases]
    evidence = Evidence(method=method, result=result, cases=cases, maps=maps, seed=options.seed)
    checks = deletion_and_insertion(evidence)
    checks |= {"randomisation": randomisation(evidence, model), "stability": stability(evidence)}
    if method == "attention":
        checks["agreement"] = agreement(evidence)
    if lesions is not None:
        checks["pointing"] = pointing(evidence, np.asarray(lesions)[rows])
    return Verdict(
        method=method, result=result, target=cases[0].target, patients=len(cases), checks=checks
    )
