"""Explain what a model says of one patient."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.case import Case, make_case
from hybrid_zoo.explain.explanation import Explanation, Result
from hybrid_zoo.explain.methods import METHODS, lacks
from hybrid_zoo.explain.tf_explain.methods import run
from hybrid_zoo.explain.tf_explain.package import BACKEND
from hybrid_zoo.inputs import InputSpec

Options = Mapping[str, Mapping[str, Any]]
"""Method to its arguments."""


def explain(
    model: keras.Model,
    sample: Mapping[str, Any],
    *,
    target: str | None = None,
    label: int | None = None,
    methods: str | Sequence[str] | Options | None = None,
    spec: InputSpec | None = None,
) -> Explanation:
    """Explain one patient's logit of one target.

    What is explained is the logit behind the model's stored calibration and before the sigmoid:
    contributions to it add up, those to a probability do not.

    Args:
        model: As `build_hybrid` returns. The first call prepares it, which takes seconds.
        sample: One patient's inputs in raw units, with or without the batch axis; what is left out
            was not observed.
        target: Name; the model's first where not given.
        label: Of a target with several classes, the position of one; the likeliest where not given.
        methods: Names, or name to arguments: `{"smooth_grad": {"samples": 50}}`. All that fit the
            model where not given. `{"grad_cam": {"backend": "tf-explain"}}` asks tf-explain for
            `grad_cam`, `smooth_grad` or `occlusion` of the pictures.
        spec: What `build_hybrid` was given: names of columns, and means of encoders that do not
            standardise.

    Returns:
        The explanation: `explanation["occlusion"].values["image"]`.

    Raises:
        ConfigError: For more than one patient, an unknown name, or a method that needs what the
            model lacks; the message names the methods that fit.
    """
    case = make_case(model, sample, target, label, spec)
    chosen, left_out = _choose(methods, case)
    results = {name: _run(name, case, options) for name, options in chosen.items()}
    return Explanation(
        target=case.target,
        label=case.label,
        logit=float(case.score(case.sample)[0]),
        results=results,
        left_out=left_out,
        case=case,
    )


def _run(name: str, case: Case, options: Mapping[str, Any]) -> Result:
    """Run a method, or the one of that name by another package."""
    backend = options.get("backend")
    if backend is None:
        return METHODS[name](case, **options)
    if backend != BACKEND:
        raise ConfigError(
            f"explain: unknown backend {backend!r} of {name}; expected {BACKEND!r}, or "
            "none for ours."
        )
    return run(name, case, {k: x for k, x in options.items() if k != "backend"})


def _choose(
    methods: str | Sequence[str] | Options | None, case: Case
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """Methods with their arguments; and those left out, where the user named none."""
    missing = {name: words for name in METHODS if (words := lacks(name, case))}
    fitting = [name for name in METHODS if name not in missing]
    if methods is None:
        return {name: {} for name in fitting}, missing
    chosen = _named(methods)
    for name in chosen:
        METHODS[name]  # an unknown one is refused with the nearest name
        if name in missing:
            raise ConfigError(f"explain: {name} needs {missing[name]}. These fit: {fitting}.")
    return chosen, {}


def _named(methods: str | Sequence[str] | Options) -> dict[str, Mapping[str, Any]]:
    if isinstance(methods, Mapping):
        return dict(methods)
    return {name: {} for name in ([methods] if isinstance(methods, str) else methods)}
