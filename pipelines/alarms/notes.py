"""Alarm: the same note stands under two patients."""

from collections.abc import Iterator

import pandas as pd

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, some

_SHORTEST = 20  # words: below, two radiologists say "normal chest" in the same words
_LONG = 60  # words that no template has ...
_MANY = 5  # ... however many patients share them; a template has more owners than a copy
_ADVICE = (
    "join the samples under one patient_id if they are one patient; remove the note where it does "
    "not belong"
)


def notes(look: Look) -> Iterator[Alarm]:
    """Find notes that two patients share word by word, whatever their labels.

    Case and white space do not count. A note has at least 20 words. One that more than five
    patients share is taken for a template, unless it has 60 words or more. Repeats of one patient
    are fine.

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
        long = words.str.len() >= _SHORTEST
        text = words[long].str.join(" ")
        table = pd.DataFrame(
            {
                "text": text,
                "length": words[long].str.len(),
                "sample": rows.loc[long, "sample_id"],
                "patient": rows.loc[long, "sample_id"].map(owner),
            }
        )
        patients = table.groupby("text")["patient"].transform("nunique")
        shared = (patients > 1) & ((patients <= _MANY) | (table["length"] >= _LONG))
        groups = [ids.unique() for _, ids in table[shared].groupby("text", sort=False)["sample"]]
        if groups:
            examples = some(" = ".join(ids[:2]) for ids in groups)
            said = f"{len(groups)} notes stand under more than one patient; samples {examples}"
            yield Alarm("same-note", modality, said, _ADVICE)
