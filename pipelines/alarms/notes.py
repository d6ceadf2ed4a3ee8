"""Alarm: the same note stands under two patients."""

import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, some

_SHORTEST = 20  # words: below, two radiologists say "normal chest" in the same words
_LONG = 60  # words that no template has ...
_MANY = 5  # ... however many patients share them; a template has more owners than a copy
_SENTENCE = re.compile(r"[.!?;]+(?: |$)")
_ADVICE = (
    "join the samples under one patient_id if they are one patient; remove the note where it does "
    "not belong"
)


def notes(look: Look) -> Iterator[Alarm]:
    """Find notes that two patients share word by word, whatever their labels.

    Case and white space do not count. A note has at least 20 words, and a sentence that stands in
    no other note: a report put together from a department's phrases is no copy. One that more than
    five patients share is taken for a template, unless it has 60 words or more. Repeats of one
    patient are fine.

    Args:
        look: The cohort.

    Yields:
        One alarm per note modality.
    """
    owner = look.cohort.samples["patient_id"]
    for modality in look.cohort.config.notes:
        rows = look.cohort.notes
        rows = rows[rows["modality"] == modality]
        words = rows["text"].str.lower().str.split()
        table = pd.DataFrame({"text": words.str.join(" "), "words": words.map(len)})
        table = table.assign(sample=rows["sample_id"], patient=rows["sample_id"].map(owner))
        groups = list(_copies(table))
        if groups:
            said = f"notes of two patients in the same words: {len(groups)}; samples {some(groups)}"
            yield Alarm("same-note", modality, said, _ADVICE)


def _copies(table: pd.DataFrame) -> Iterator[str]:
    """Yield two samples of different patients for each text that they share."""
    patients = table.groupby("text")["patient"].transform("nunique")
    few = (patients <= _MANY) | (table["words"] >= _LONG)
    shared = table[(patients > 1) & few & (table["words"] >= _SHORTEST)]
    if not len(shared):
        return
    uses = Counter(part for text in table["text"].unique() for part in _sentences(text))
    for text, rows in shared.groupby("text", sort=False):
        if any(uses[part] == 1 for part in _sentences(str(text))):
            yield " = ".join(rows.drop_duplicates("patient")["sample"].head(2))


def _sentences(text: str) -> set[str]:
    return {part for part in _SENTENCE.split(text) if part}
