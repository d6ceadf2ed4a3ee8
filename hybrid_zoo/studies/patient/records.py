"""What of a patient the model was given, and what it lacked."""

import numpy as np

from hybrid_zoo.explain.case import observed
from hybrid_zoo.explain.explanation import Explanation, Result
from hybrid_zoo.studies import words_models
from hybrid_zoo.studies.patient.numbers import contribution
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_numbers import counted, listed, whole

KINDS = {
    "image": "images",
    "volume": "volumes",
    "sequence": "series",
    "tabular": "columns",
    "tokens": "notes",
}
ATTENTION = (
    " Attention: the share that the fusion reads of a kind of data, whatever it does with it; no "
    "check tells whether the logit rests on it."
)


def modality_name(name: str) -> str:
    """Return what a page calls a modality.

    Args:
        name: Such as `sequence_wearable`.
    """
    return words_models.modality_name(name, KINDS)


def absent_in_words(explanation: Explanation) -> str:
    """Say what the model reads and this patient lacks.

    Args:
        explanation: Of the patient.
    """
    names = [modality_name(name) for name in explanation.case.absent]
    if not names:
        return "Something of every kind of data that the model reads was recorded."
    return (
        f"Not recorded at all: {listed(names)}. The model was told so; nothing stands in their "
        "place, and this page draws nothing for them."
    )


def records_table(explanation: Explanation) -> Table:
    """Count what was observed of each modality.

    Args:
        explanation: Of the patient.
    """
    sample = explanation.case.sample
    names = explanation.case.opened.modalities
    rows = tuple(Row(modality_name(name), (Cell(_count(name, sample[name][0])),)) for name in names)
    return Table(
        caption="What was recorded of this patient",
        columns=("Kind of data", "Recorded"),
        parts=(Part("", rows),),
        words=("Recorded",),
    )


def _count(name: str, x: np.ndarray) -> str:
    seen, kind = observed(x), name.partition("_")[0]
    if not seen.any():
        return "nothing"
    if kind in ("image", "volume"):
        return counted(int(seen.reshape(len(seen), -1).any(axis=1).sum()), kind)
    if kind == "tokens":
        return counted(int(seen.sum()), "word")
    if kind == "tabular":
        return f"{whole(seen.sum())} of {counted(len(x), 'column')}"
    return (
        f"{counted(int(seen.sum()), 'value')} of {whole(seen.any(axis=0).sum())} of "
        f"{counted(x.shape[1], 'variable')}, in {counted(int(seen.any(axis=1).sum()), 'time step')}"
    )


def shares_table(explanation: Explanation) -> Table:
    """Lay out what each modality contributes.

    Args:
        explanation: With `modality_shapley`; and `modality_attention` where the fusion attends.
    """
    found, read = explanation["modality_shapley"], explanation.results.get("modality_attention")
    most = max((abs(float(x)) for x in found.values.values()), default=0) or 1.0
    ordered = sorted(found.values.items(), key=lambda item: -abs(float(item[1])))
    rows = [
        Row(
            modality_name(name),
            (Cell(contribution(float(x)), bar=float(x) / most), *_of(read, name)),
        )
        for name, x in ordered
    ]
    none, logit = (Cell(contribution(x)) for x in (found.checks["none"], explanation.logit))
    ends = [
        Row("A patient of whom nothing is known", (none, *_of(read, None))),
        Row("Sum: this patient's logit", (logit, *_of(read, None)), strong=True),
    ]
    return Table(
        caption="Contribution of each kind of data to the logit",
        columns=("Kind of data", "Contribution", *(["Attention"] if read else [])),
        parts=(Part("", (*rows, *ends)),),
        note="Exact Shapley values: the mean of what a kind of data adds, over all orders in which "
        "they may become known. Bars to the right raise the risk, open bars to the left lower "
        "it." + _left_over(found.checks["gap"]) + (ATTENTION if read else ""),
    )


def _of(read: Result | None, modality: str | None) -> tuple[Cell, ...]:
    """The cell of the fusion's attention, if it attends; empty of what is no kind of data."""
    if read is None:
        return ()
    return (Cell(f"{float(read.values[modality]):.2f}" if modality else ""),)


def _left_over(gap: float) -> str:
    return f" The sum differs from the logit by {gap:.3f}." if gap >= 0.001 else ""
