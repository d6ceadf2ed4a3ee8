"""What belongs to words, categories and even images, brought back to the patient's inputs."""

import keras
import numpy as np

from hybrid_zoo.explain.case import Case, observed
from hybrid_zoo.explain.opened import column_of
from hybrid_zoo.explain.steps import Step
from hybrid_zoo.layers.standardize import StandardizeImage
from hybrid_zoo.layers.tabular_inputs import OneHotCodes
from hybrid_zoo.notes.bigru_attention import TokensInOrder


def add_sites(
    case: Case, values: dict[str, np.ndarray], found: dict[int, np.ndarray], sites: list[Step]
) -> float:
    """Add what was attributed to the outputs of layers to the inputs that these read.

    Args:
        case: The patient.
        values: Modality to contributions; changed.
        found: Position of a site to its contributions, `(1, ...)`.
        sites: The layers.

    Returns:
        What belongs to no single observed input.
    """
    rest = 0.0
    for position, x in found.items():
        step, amounts = sites[position], x[0].astype("float64")
        rest += float(amounts.sum())
        if step.modality not in case.present:
            continue
        seen = observed(case.sample[step.modality][0])
        placed = _placed(case, step, amounts)
        if placed is None or placed.shape != seen.shape:
            continue
        before = values.get(step.modality, np.where(seen, 0.0, np.nan))
        values[step.modality] = before + placed
        rest -= float(placed[seen].sum())
    return rest


def _placed(case: Case, step: Step, amounts: np.ndarray) -> np.ndarray | None:
    """The contributions in the shape of the input, or None if they cannot be placed."""
    x = case.sample[step.modality][0]
    if isinstance(step.operation, OneHotCodes):
        return np.where(np.arange(len(x)) == column_of(step), amounts, 0.0)
    if isinstance(step.operation, StandardizeImage):
        return amounts
    if isinstance(step.operation, keras.layers.Embedding) and x.dtype.kind in "iu":
        return tokens_in_place(case, step.modality, amounts)
    return None


def tokens_in_place(case: Case, modality: str, amounts: np.ndarray) -> np.ndarray:
    """Return what an encoder says of each word in the note's own order; NaN on padding.

    Args:
        case: The patient.
        modality: The note's name.
        amounts: `(length,)` in the encoder's order.
    """
    real = case.sample[modality][0] != 0
    placed = np.where(real, amounts, np.nan)
    if case.opened.layers(TokensInOrder, modality):  # it has moved the words to the front
        placed[real] = amounts[: real.sum()]
    return placed
