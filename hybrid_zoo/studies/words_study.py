"""How the study was done and what limits it, in words."""

from collections.abc import Mapping
from typing import Any

from hybrid_zoo.studies.words_models import modality_name, model_name
from hybrid_zoo.studies.words_numbers import counted, percent, times, whole

Metrics = Mapping[str, Any]

_TESTS = {
    "delong": "DeLong's test",
    "obuchowski": "Obuchowski's test for several samples per patient",
    "cluster_bootstrap": "a paired bootstrap of patients",
}


def evaluation_in_words(metrics: Metrics) -> list[str]:
    """Say how the models were evaluated, why so, and how often the test part was looked at.

    Args:
        metrics: The whole of `metrics.json`.

    Returns:
        Sentences.
    """
    plan = metrics.get("plan", {})
    kind = {
        "holdout": f"Models were fitted on {whole(metrics.get('n_train'))} samples and scored on "
        f"{whole(metrics.get('n_test'))} that no step of the fitting saw; no patient is in both.",
        "repeated_cv": "Models were scored by repeated cross-validation; each sample is scored by "
        "models that saw no sample of its patient, and AUROC is averaged over folds.",
        "nested_cv": "Models were scored by nested cross-validation; settings are chosen inside "
        "each training part, and AUROC is averaged over the outer folds.",
    }[metrics["evaluation"]]
    looks = plan.get("test_looks")
    return [
        kind,
        *([plan["reason"]] if plan.get("reason") else []),
        *_effort(plan),
        *imbalance_in_words(plan),
        *precision_in_words(plan),
        *(
            [f"This test part has been looked at {times(looks)}, this run included."]
            if looks
            else []
        ),
    ]


_RARE = {
    "weights": "weighed inversely to their frequency",
    "oversample": "repeated until they were as frequent as the others",
    "both": "repeated half of the way, in proportion, and weighed for the rest",
    "none": "left as rare as they are",
}


def imbalance_in_words(plan: Mapping[str, Any]) -> list[str]:
    """Say what was done about rare classes.

    Args:
        plan: `plan` of `metrics.json`.

    Returns:
        One sentence, or none in a run that did not say.
    """
    if "imbalance" not in plan:
        return []
    return [
        f"In training, rare classes were {_RARE[plan['imbalance']]}, for every model alike; "
        "probabilities were then recalibrated."
    ]


def precision_in_words(plan: Mapping[str, Any]) -> list[str]:
    """Say that the networks did not compute in float32.

    Args:
        plan: `plan` of `metrics.json`.

    Returns:
        One sentence, or none where they did.
    """
    if plan.get("dtype") in (None, "float32"):
        return []
    return [
        f"The networks' layers computed in bfloat16 (Keras's policy {plan['dtype']}); their "
        "weights, raw inputs, logits and losses were float32."
    ]


def _effort(plan: Mapping[str, Any]) -> list[str]:
    parts = [
        counted(plan[key], noun)
        for key, noun in (("folds", "fold"), ("repeats", "repeat"), ("seeds", "seed"))
        if plan.get(key)
    ]
    if plan.get("epochs"):
        parts.append(f"at most {counted(plan['epochs'], 'epoch')}")
    trials = plan.get("trials")
    search = (
        f"Each model had {counted(trials, 'configuration')} to choose from"
        if trials and trials > 1
        else "There was no search: every model ran in its prespecified configuration"
    )
    return [f"{search} ({', '.join(parts)})." if parts else f"{search}."]


def interval_note(block: Mapping[str, Any]) -> str:
    """Say where one target's intervals and p-values come from.

    Args:
        block: One target's block of `metrics.json`.

    Returns:
        The note under its table.
    """
    drawn = block.get("bootstrap", {})
    redrawn = drawn.get("redrawn", 0)
    again = f" ({counted(redrawn, 'one-class resample')} redrawn)" if redrawn else ""
    tests = sorted({_TESTS[row["test"]] for row in block["comparisons"]})
    return (
        f"Brackets: 95 % intervals from {whole(drawn.get('resamples', 2000))} resamples of "
        f"patients{again}. Differences in AUROC are model minus hybrid, tested by "
        f"{' or '.join(tests)}; p adjusted by Holm over this table."
    )


def limits_in_words(metrics: Metrics) -> list[str]:
    """Say what this study cannot tell.

    Args:
        metrics: The whole of `metrics.json`.

    Returns:
        Sentences, the particular ones first.
    """
    targets = metrics["targets"]
    few = [
        f"{name} ({whole(block['events'])})"
        for name, block in targets.items()
        if (block.get("events") or 100) < 100
    ]
    absent = [
        f"{modality_name(name)} ({percent(share)})"
        for name, share in metrics.get("missing_modalities", {}).items()
        if share >= 0.05
    ]
    looks = metrics.get("plan", {}).get("test_looks") or 0
    particular = {
        "The patients are simulated: the figures check the instrument and say nothing about "
        "medicine.": metrics["simulated"],
        f"Fewer than 100 events: {', '.join(few)}. Intervals are wide, and a difference that "
        "matters may stay unseen.": few,
        f"Samples without a modality: {', '.join(absent)}. If what is recorded follows from how "
        "ill a patient is, so do the scores.": absent,
        f"The test part was looked at {times(looks)}; each further look makes its "
        "figures more hopeful.": looks > 1,
    }
    return [
        *(sentence for sentence, applies in particular.items() if applies),
        *_unfinished(metrics),
        "All samples come from one cohort. Other hospitals, years, devices and case mixes are not "
        "covered: external validation is needed.",
        "Intervals describe the choice of patients. Chance in training is shown apart, as the "
        "standard deviation over seeds (SD).",
        "Subgroup figures are descriptive, not tested, and cells of fewer than 10 patients are "
        "suppressed.",
        "An association with the label is not its cause; nothing here says what a change in "
        "treatment would do.",
    ]


_UNFINISHED = {
    "left_out": "Not compared",
    "cut_short": "Compared with fewer configurations than the others",
    "not_saved": "Compared, but not kept in the run folder",
}


def _unfinished(metrics: Metrics) -> list[str]:
    """Say which baselines did not come as far as the others, and why."""
    found = []
    for key, what in _UNFINISHED.items():
        reasons = metrics.get(key) or {}
        each = "; ".join(f"{model_name(model)}: {why}" for model, why in reasons.items())
        found += [f"{what}. {each}."] if each else []
    return found


def command_of(metrics: Metrics, environment: Mapping[str, Any]) -> str:
    """Return the command that repeats a run.

    Args:
        metrics: The whole of `metrics.json`.
        environment: `environment.json`; its `command` is used where present.
    """
    given = environment.get("command")
    if given:
        return given if isinstance(given, str) else " ".join(given)
    return f"hybrid-zoo study COHORT --out RUN --seed {metrics['seed']}"
