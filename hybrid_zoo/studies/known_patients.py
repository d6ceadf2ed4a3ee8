"""Which patients of a folder a run has learnt from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.digests import sample_digests
from hybrid_zoo.studies.trained import Trained

NEW, TEST, APPARENT = "new", "test", "apparent"
"""Parts: patients the run has never seen, its own test part, and what it was trained on."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A folder's samples by what the run knows of them.

    Args:
        rows: Part to positions among the samples; only parts that are to be scored. The test part
            is in the order of the run, so that its resamples are the same.
        left_out: Samples of training patients that are not scored, since others are there.
        notices: Sentences about doubtful matches.
    """

    rows: dict[str, np.ndarray]
    left_out: int
    notices: tuple[str, ...]


def find_parts(trained: Trained, arrays: CohortArrays, *, other_patients: bool = False) -> Parts:
    """Sort samples into new ones, the run's test part, and those it was trained on.

    Args:
        trained: The run.
        arrays: The folder's samples.
        other_patients: Whether ids that the run has, too, belong to other people: none is known.

    Returns:
        The parts. By id, of sample or patient, a patient of the training part is never new.

    Source:
        Own design: ids decide, because taking a training patient for a new one flatters the model;
        contents only raise doubts, because few columns make different people alike.
    """
    splits = trained.splits.set_index("sample_id")
    split = splits["split"] if "split" in splits else splits["patient_id"].map(lambda _: "train")
    digests = sample_digests(arrays)
    trained_on = splits[split == "train"]
    if other_patients:
        return Parts(
            rows={NEW: np.arange(len(arrays))},
            left_out=0,
            notices=_lookalikes(digests, trained_on["content"].to_numpy()),
        )
    place = splits.index.get_indexer(pd.Index(arrays.sample_ids))
    role = np.where(place >= 0, split.to_numpy()[place], NEW)
    role[role == "none"] = NEW
    role[np.isin(arrays.patient_ids, trained_on["patient_id"])] = "train"
    rows = {name: np.flatnonzero(role == name) for name in (NEW, TEST)}
    rows[TEST] = rows[TEST][np.argsort(place[rows[TEST]], kind="stable")]
    scored = {name: found for name, found in rows.items() if len(found)}
    others = np.flatnonzero(role == "train")
    notices = _strangers(digests, splits["content"].to_numpy(), place)
    notices += _lookalikes(digests[rows[NEW]], trained_on["content"].to_numpy())
    if not scored:
        return Parts(rows={APPARENT: others}, left_out=0, notices=notices)
    return Parts(rows=scored, left_out=len(others), notices=notices)


def _strangers(digests: np.ndarray, known: np.ndarray, place: np.ndarray) -> tuple[str, ...]:
    """Doubt ids that the run has for other data."""
    shared = place >= 0
    differ = int((digests[shared] != known[place[shared]]).sum())
    if 2 * differ <= shared.sum():
        return ()
    return (
        f"{shared.sum()} sample ids are those of the run, but {differ} of them hold other data. If "
        "these are other patients, whose numbers coincide, pass --other-patients.",
    )


def _lookalikes(digests: np.ndarray, trained_on: np.ndarray) -> tuple[str, ...]:
    """Doubt new patients whose data are those of a training patient."""
    alike = int((np.isin(digests, trained_on) & (digests != "")).sum())
    if not alike:
        return ()
    return (
        f"{alike} samples that count as new hold exactly what samples of the run's training part "
        "hold. If they are the same people under other ids, the scores flatter the model.",
    )
