"""Puts the examples of shards back into a cohort's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.series import RaggedSeries
from hybrid_zoo.pipelines.store import array_store

NAMES = ("row", "sample_id", "patient_id", "counts", "labels")
"""What an example holds beside its inputs."""

Example = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Everything but the pixels.

    Args:
        arrays: Samples in the cohort's order.
        counts: Image input to the images of each sample.
        read: Position of each sample in the order of reading.
        rows: Split to positions of its samples.
    """

    arrays: CohortArrays
    counts: dict[str, np.ndarray]
    read: np.ndarray
    rows: dict[str, np.ndarray]


def make_table(
    parts: Mapping[str, Sequence[Example]], facts: Mapping[str, Any], store: Path
) -> Table:
    """Order examples as the cohort had them.

    Args:
        parts: Split to its examples, in the order of reading.
        facts: Metadata of the data set.
        store: Folder for long series.
    """
    read = [example for part in parts.values() for example in part]
    order = np.argsort([example["row"] for example in read])
    place = np.argsort(order)
    ends = np.cumsum([len(part) for part in parts.values()])[:-1]
    examples = [read[k] for k in order]
    counts = np.stack([example["counts"] for example in examples])
    return Table(
        arrays=_arrays(examples, facts, store),
        counts=dict(zip(facts["images"], counts.T, strict=True)),
        read=place,
        rows=dict(zip(parts, np.split(place, ends), strict=True)),
    )


def _arrays(examples: Sequence[Example], facts: Mapping[str, Any], store: Path) -> CohortArrays:
    inputs = {}
    for name in facts["inputs"]:
        if name not in facts["images"]:
            values = [example["inputs"][name] for example in examples]
            inputs[name] = _ragged(values, facts["steps"].get(name), store)
    labels = np.stack([example["labels"] for example in examples], axis=1)
    return CohortArrays(
        sample_ids=_texts(examples, "sample_id"),
        patient_ids=_texts(examples, "patient_id"),
        inputs=inputs,
        labels=dict(zip(facts["targets"], labels, strict=True)),
        classes=_tuples(facts["targets"]),
        columns=_tuples(facts["columns"]),
        kinds=_tuples(facts["kinds"]),
        categories=_tuples(facts["categories"]),
        step_hours=facts["step_hours"],
    )


def _ragged(
    samples: Sequence[np.ndarray], steps: int | None, store: Path
) -> np.ndarray | RaggedSeries:
    """Put samples together, end to end where each has its own number of steps."""
    if steps is None:
        return np.stack(samples)
    starts = np.cumsum([0, *map(len, samples)])
    return RaggedSeries(array_store(np.concatenate(samples), store), starts, steps)


def _texts(examples: Sequence[Example], name: str) -> np.ndarray:
    return np.array([example[name].decode() for example in examples], dtype=str)


def _tuples(lists: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(names) for name, names in lists.items()}
