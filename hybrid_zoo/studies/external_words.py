"""What an evaluation of a finished run says: sentences and tables."""

from collections.abc import Mapping
from typing import Any

from hybrid_zoo.studies.known_patients import APPARENT, NEW, TEST
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_models import model_name
from hybrid_zoo.studies.words_numbers import brackets, counted, number, percent, with_interval

Block = Mapping[str, Any]

HEADINGS = {
    NEW: "New patients",
    TEST: "The study's own test part",
    APPARENT: "Apparent: patients that the model was trained on",
}
_COLUMNS = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "calibration_intercept": "Calibration in the large",
    "calibration_slope": "Calibration slope",
    "recall": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
}


def part_in_words(part: str, target: str, block: Block) -> list[str]:
    """Say who was scored, and what the scores are worth.

    Args:
        part: "new", "test" or "apparent".
        target: Its name.
        block: Of the target, from `measure`.
    """
    people = f"{counted(block['n'], 'sample')} of {counted(block['n_patients'], 'patient')}"
    said = f"{target}: {people}"
    if block["events"] is not None:
        said += (
            f", {block['events']} with the event ({percent(block['prevalence'])}; in the study "
            f"{percent(block['prevalence_of_the_study'])})"
        )
    lines = [f"{said}."]
    if part == APPARENT:
        lines.append(
            "The model has learnt from these patients: these scores are too good, and say nothing "
            "about others."
        )
    observed = block["observed_expected"]
    if observed and observed["value"] is not None:
        lines.append(f"Observed events per expected one: {with_interval(observed, 2)}.")
    if block["events"] in (0, block["n"]):
        lines.append("Only one class here: nothing can be ranked.")
    if "not_fitted" in block["recalibration"]:
        lines.append(f"Not recalibrated: {block['recalibration']['not_fitted']}")
    return lines


def models_table(block: Block, caption: str) -> Table:
    """Make the table of the model as it is and recalibrated.

    Args:
        block: Of the target, from `measure`.
        caption: What the table is.
    """
    binary = block["kind"] == "binary"
    shown = _COLUMNS if binary else {n: _COLUMNS[n] for n in ("auroc", "brier")} | {"f1": "F1"}
    models = block["models"]
    rows = tuple(
        Row(title, tuple(_cell(models[model][name], model, name) for model in models))
        for name, title in shown.items()
    )
    heads = ("As it is", *(model_name(model) for model in models if model != "hybrid"))
    return Table(
        caption=caption,
        columns=("Measure", *heads),
        parts=(Part("", rows),),
        note=_note(block),
    )


def _cell(metric: Block, model: str, name: str) -> Cell:
    if model != "hybrid" and name == "auroc":
        return Cell("the same")  # one line for all patients would not change an order
    return Cell(number(metric["value"]), brackets(metric))


def _note(block: Block) -> str:
    note = "95 % intervals by patient. "
    if block["threshold"] is not None:
        note += f"Decisions at the study's threshold, {number(block['threshold'])}. "
    if len(block["models"]) == 1:
        return note.strip()
    fits = block["recalibration"]
    line = fits["recalibrated"]
    how = (
        f"temperature {number(line['temperature'])}"
        if "temperature" in line
        else f"slope {number(line['slope'])}, intercept {number(line['intercept'])}; in the large "
        f"intercept {number(fits['recalibrated_in_the_large']['intercept'])}"
    )
    return (
        f"{note}Recalibrated columns show what these patients' own outcomes would mend, each "
        f"scored by a fit on others. On all of them, on the logit: {how}."
    )
