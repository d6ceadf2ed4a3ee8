"""A patient's notes with the words that weigh marked in them."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hybrid_zoo.explain.explanation import Explanation
from hybrid_zoo.pipelines.loading import WORD, hash_words
from hybrid_zoo.studies.patient.numbers import contribution, hours_of
from hybrid_zoo.studies.patient.subject import Subject

MARKED = 12
"""Words that are marked, at most."""
SHARE, LEAST = 0.1, 0.0005
"""Of the largest contribution, and of a logit, below which no word is marked."""
FEWEST = 10
"""Other patients of the folder in whose notes a word stands, if it is shown unasked."""
HIDDEN = "[\u2026]"


class Piece(NamedTuple):
    """A stretch of a note: text, contribution in words ("" of unmarked text), thickness 1 to 3."""

    text: str
    said: str = ""
    thickness: int = 0
    lowers: bool = False


def note_sections(
    subject: Subject, explanation: Explanation, *, identifiers: bool
) -> list[dict[str, Any]]:
    """Return the texts of each note input that the patient has, in pieces.

    Args:
        subject: The patient.
        explanation: Of the patient.
        identifiers: Show every word. Otherwise numbers, what stands in the patient's own row, and
            words that stand in the notes of fewer than ten other patients are left out, since they
            may name somebody.
    """
    names = [name for name in explanation.case.present if name.startswith("tokens")]
    return [_section(subject, explanation, name, identifiers) for name in names]


def _section(
    subject: Subject, explanation: Explanation, name: str, identifiers: bool
) -> dict[str, Any]:
    rows, method = subject.notes(name), _method(explanation, name)
    # Both spellings of a word are one where lower-casing keeps the length; else the lower is shown.
    texts = [t if len(t) == len(t.lower()) else t.lower() for t in rows["text"]]
    words = [list(WORD.finditer(text.lower())) for text in texts]
    tokens = subject.inputs[name]
    count, read = sum(map(len, words)), int((tokens != 0).sum())
    amounts = _amounts(explanation, method, name, count, read)
    if hash_words(rows["text"])[count - read :] != tokens[tokens != 0].tolist():
        return {"name": name, "method": method, "texts": [], "unread": 0}
    least = _least(amounts)
    known = None if identifiers else _common_words(subject, name)
    found, place = [], 0
    for text, matches, hour in zip(texts, words, rows["hours"], strict=True):
        own = amounts[place : place + len(matches)]
        place += len(matches)
        found.append(
            {
                "when": hours_of(float(hour), subject.end_hours(name)),
                "pieces": _pieces(text, matches, own, least, float(np.nanmax(abs(amounts))), known),
            }
        )
    return {"name": name, "method": method, "texts": found, "unread": count - read}


def _method(explanation: Explanation, name: str) -> str:
    for method in ("integrated_gradients", "occlusion"):
        found = explanation.results.get(method)
        if found is not None and name in found.values:
            return method
    return ""


def _amounts(explanation: Explanation, method: str, name: str, count: int, read: int) -> np.ndarray:
    """One contribution per word, 0 of those before the last ones that the model reads."""
    amounts = np.zeros(count)
    if method and count:
        found = explanation[method].values[name]
        amounts[count - read :] = np.nan_to_num(found[np.isfinite(found)])
    return amounts


def _least(amounts: np.ndarray) -> float:
    """The size from which a word is marked."""
    sizes = np.sort(abs(amounts))[::-1]
    return float(max(sizes[min(MARKED, len(sizes)) - 1], SHARE * sizes[0], LEAST))


def _pieces(
    text: str,
    matches: list[Any],
    amounts: np.ndarray,
    least: float,
    most: float,
    known: set[str] | None,
) -> list[Piece]:
    pieces, end = [], 0
    for match, amount in zip(matches, amounts.tolist(), strict=True):
        pieces.append(Piece(_between(text[end : match.start()], known)))
        word = text[match.start() : match.end()]
        shown = word if known is None or match.group() in known else HIDDEN
        end = match.end()
        if abs(amount) < least:
            pieces.append(Piece(shown))
        else:
            thickness = 1 + min(2, int(3 * abs(amount) / most))
            pieces.append(Piece(shown, contribution(amount), thickness, amount < 0))
    pieces.append(Piece(_between(text[end:], known)))
    return _merged(pieces)


def _between(text: str, known: set[str] | None) -> str:
    return text if known is None else "".join(c if not c.isalnum() else " " for c in text)


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Neighbours without a mark as one; hidden words in a row are one gap."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and not merged[-1].said and not piece.said:
            before = merged.pop().text
            gap = piece.text == HIDDEN and before.rstrip(" ").endswith(HIDDEN)
            piece = Piece(before if gap else before + piece.text)
        merged.append(piece)
    return [piece for piece in merged if piece.text]


def _common_words(subject: Subject, name: str) -> set[str]:
    """Words without a digit that other patients' notes share, and that name nothing of this one."""
    rows = subject.cohort.notes
    rows = rows[rows["modality"] == name]
    patient = pd.Series(subject.arrays.patient_ids, subject.arrays.sample_ids)[rows["sample_id"]]
    others = (patient != subject.arrays.patient_ids[subject.row]).to_numpy()
    texts = rows["text"][others].groupby(patient.to_numpy()[others]).agg(" ".join)
    counts = Counter(word for text in texts for word in set(WORD.findall(text.lower())))
    common = {word for word, count in counts.items() if count >= FEWEST}
    return {word for word in common if word.isalpha()} - _own_words(subject)


def _own_words(subject: Subject) -> set[str]:
    """What stands in the patient's row and is no input, as ids and dates, and the site anyway."""
    config = subject.trained.config
    inputs = [name for name in config.tabular if name != config.site]
    row = subject.cohort.samples.iloc[subject.row].drop(labels=inputs, errors="ignore")
    texts = [subject.sample_id, *map(str, row)]
    return {word for text in texts for word in WORD.findall(text.lower())}
