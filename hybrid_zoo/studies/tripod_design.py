"""TRIPOD+AI, items 1 to 11: title to missing data."""

from hybrid_zoo.studies.report_files import Run
from hybrid_zoo.studies.tripod_answers import (
    Answer,
    columns_in_words,
    inputs_in_words,
    levels_of,
    modalities_of,
    nothing,
    outcomes_in_words,
    said,
    sizes_in_words,
    windows_in_words,
)
from hybrid_zoo.studies.words_models import modality_name
from hybrid_zoo.studies.words_numbers import counted, percent, whole


def _objectives(run: Run) -> str:
    inputs = inputs_in_words(run)
    what = f"fusing {inputs}" if " and " in inputs else "the hybrid network"
    return (
        f"To develop and evaluate internally models of {outcomes_in_words(run)}, and to say by a "
        f"prespecified rule whether {what} predicts better than each input alone and than "
        "simpler models."
    )


def _sources(run: Run) -> str:
    parts = [run.cohort.get("source"), run.metrics.get("citation")]
    found = [str(part).rstrip(".") for part in parts if part]
    simulated = ["Simulated patients"] if run.metrics["simulated"] else []
    one = "the same source serves development and evaluation"
    return f"{'. '.join([*simulated, *found])}; {one}." if found or simulated else ""


def _centres(run: Run) -> str:
    levels = {row["level"] for row in levels_of(run, "site")} - {"unknown"}
    if not levels:
        return ""
    return f"{counted(len(levels), 'institution')} (column {run.cohort.get('site') or 'site'})."


def _preparation(run: Run) -> str:
    metrics = run.metrics
    left_out = sum((metrics.get("dropped") or {}).values())
    return (
        "Every table was checked by the same rules: "
        f"{counted(metrics.get('quarantined') or 0, 'row or value', 'rows or values')} quarantined "
        f"with a reason, {counted(left_out, 'row')} left out by rule (see the participant flow). "
        "What is fitted to prepare the data is fitted inside each fold."
    )


def _outcome(run: Run) -> str:
    when = [
        f"{name.replace('_', ' ')}: {run.cohort[name]}"
        for name in ("prediction_time", "horizon")
        if run.cohort.get(name)
    ]
    return f"{outcomes_in_words(run)}{'; ' if when else ''}{'; '.join(when)}."


def _predictors(run: Run) -> str:
    found = columns_in_words(run)
    return f"All declared inputs, without selection before modelling: {found}." if found else ""


def _definitions(run: Run) -> str:
    variables = [
        (name, variable or {})
        for _, options in modalities_of(run)
        for name, variable in (options.get("variables") or {}).items()
    ]
    units = [f"{name} in {options['unit']}" for name, options in variables if options.get("unit")]
    windows = windows_in_words(run)
    said_units = f"Units: {', '.join(units)}. " if units else ""
    return said_units + (f"Windows, relative to the index time: {windows}." if windows else "")


def _size(run: Run) -> str:
    reason = run.metrics.get("plan", {}).get("reason") or ""
    patients = counted(run.metrics["n_patients"], "patient")
    return f"All {patients} of the cohort. {sizes_in_words(run)}. {reason}"


def _missing(run: Run) -> str:
    absent = [
        f"{modality_name(name)} {percent(share)}"
        for name, share in run.metrics.get("missing_modalities", {}).items()
    ]
    unknown = [
        f"{name} {whole(block.get('n_unknown'))}"
        for name, block in run.metrics["targets"].items()
        if block.get("n_unknown")
    ]
    parts = [
        "Networks take missing values as such: what was not recorded is marked inside the model.",
        "Baselines impute inside each fold and have missing indicators.",
        f"Samples without: {', '.join(absent)}." if absent else "",
        f"Unknown labels, left out for that target: {', '.join(unknown)}." if unknown else "",
    ]
    return " ".join(part for part in parts if part)


_METHODS = "Methods"
DESIGN: tuple[Answer, ...] = (
    Answer(
        "1",
        "Title",
        "Title",
        said("title"),
        "a title that names the kind of study, the patients and the outcome",
    ),
    Answer(
        "2",
        "Abstract",
        "Abstract",
        nothing,
        "a structured abstract, for which TRIPOD+AI has a list of its own",
    ),
    Answer(
        "3a",
        "Introduction",
        "Medical context",
        said("description"),
        "why a model is wanted, for diagnosis or prognosis, and which exist",
    ),
    Answer(
        "3b",
        "Introduction",
        "Patients, purpose and users",
        said("population"),
        "the model's purpose, its place in care and its users",
    ),
    Answer(
        "3c",
        "Introduction",
        "Health inequalities",
        nothing,
        "known inequalities between groups of these patients",
    ),
    Answer("4", "Introduction", "Objectives", _objectives, ""),
    Answer(
        "5a",
        _METHODS,
        "Sources of the data",
        _sources,
        "the kind of source, why it was chosen, and whom it represents",
    ),
    Answer("5b", _METHODS, "Dates", nothing, "first and last inclusion, and the end of follow-up"),
    Answer(
        "6a", _METHODS, "Setting and centres", _centres, "the setting, and where the centres are"
    ),
    Answer("6b", _METHODS, "Eligibility", nothing, "who was eligible and who was not"),
    Answer("6c", _METHODS, "Treatments", nothing, "which treatments were given and how they count"),
    Answer(
        "7",
        _METHODS,
        "Preparation and checks of the data",
        _preparation,
        "whether the quality of the data differs between groups of patients",
    ),
    Answer(
        "8a",
        _METHODS,
        "Outcome",
        _outcome,
        "how and when it was assessed, why it was chosen, and whether alike in all groups",
    ),
    Answer(
        "8b",
        _METHODS,
        "Assessors of the outcome",
        nothing,
        "who judged the outcome, if it takes judgement",
    ),
    Answer("8c", _METHODS, "Blinding of the outcome", nothing, "what the assessors did not know"),
    Answer("9a", _METHODS, "Choice of predictors", _predictors, "why these inputs were collected"),
    Answer(
        "9b",
        _METHODS,
        "Definition of predictors",
        _definitions,
        "how and by what each input was measured, and any blinding",
    ),
    Answer(
        "9c",
        _METHODS,
        "Assessors of predictors",
        nothing,
        "who judged inputs that take judgement, such as readings of images",
    ),
    Answer(
        "10", _METHODS, "Sample size", _size, "a calculation of the sample size, if one was made"
    ),
    Answer("11", _METHODS, "Missing data", _missing, "why data are missing"),
)
