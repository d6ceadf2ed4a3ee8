"""How the rows of a cohort's tables became the samples that models were fitted and scored on."""

from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.networks import present_rows
from hybrid_zoo.studies.scoring import Result

Flow = dict[str, Any]


def participant_flow(result: Result) -> Flow:
    """Count what was read, set aside, left out and used, down to the events of each part.

    Args:
        result: What the rounds brought.

    Returns:
        `tables` (table to rows, quarantined and dropped by reason, used, and for samples the
        quarantined cells of rows that were used; rows = quarantined + dropped + used), `samples`,
        `patients`, `modalities` (name to samples with and without), `parts` (training and test, or
        all under cross-validation) and `targets` (to unknown labels, and per part the samples with
        a known label of each class).
    """
    cohort, arrays, parts = result.cohort, result.arrays, study_parts(result)
    return {
        "tables": {name: table_flow(cohort, name) for name in cohort.rows},
        "samples": len(arrays),
        "patients": len(set(arrays.patient_ids)),
        "modalities": {name: _with(arrays, name) for name in arrays.inputs if _is_input(name)},
        "parts": {name: _size(arrays, rows) for name, rows in parts.items()},
        "targets": {name: _labels(arrays, name, parts) for name in arrays.labels},
    }


def study_parts(result: Result) -> dict[str, np.ndarray]:
    """Name the parts of a study that hold different patients.

    Args:
        result: What the rounds brought.

    Returns:
        Positions of `training` and `test`; of `all` under cross-validation, where every sample is
        in both.
    """
    first = result.rounds[0]
    if len(result.rounds) == 1:
        return {"training": first.train, "test": first.scored}
    return {"all": np.arange(len(result.arrays))}


def table_flow(cohort: Cohort, table: str) -> Flow:
    """Count what became of the rows of one table.

    Args:
        cohort: The cohort.
        table: Its name.

    Returns:
        `rows`, `quarantined` and `dropped` by reason, `used`, `cells` by reason.
    """
    found = cohort.quarantine[cohort.quarantine["table"] == table]
    # A bad cell of a sample counts as not recorded; any other fault costs the row.
    of_cell = (found["column"].ne("sample_id") & found["column"].ne("")) & (table == "samples")
    whole_rows = found[~of_cell].drop_duplicates("row")
    dropped = {w: n for w, n in sorted(cohort.dropped.items()) if w.split()[0] == table}
    return {
        "rows": cohort.rows[table],
        "quarantined": _by_reason(whole_rows),
        "dropped": dropped,
        "used": len(getattr(cohort, table)),
        "cells": _by_reason(found[of_cell]),
    }


def _by_reason(rows: pd.DataFrame) -> dict[str, int]:
    counts = rows.groupby("reason").size()
    return {str(reason): int(n) for reason, n in counts.items()}


def _is_input(name: str) -> bool:
    return not name.startswith("time")


def _with(arrays: CohortArrays, name: str) -> dict[str, int]:
    present = int(present_rows(arrays, name).sum())
    return {"with": present, "without": len(arrays) - present}


def _size(arrays: CohortArrays, rows: np.ndarray) -> dict[str, int]:
    return {"samples": len(rows), "patients": len(set(arrays.patient_ids[rows]))}


def _labels(arrays: CohortArrays, target: str, parts: dict[str, np.ndarray]) -> Flow:
    labels = arrays.labels[target]
    classes = arrays.classes.get(target) or ("without event", "with event")
    found: Flow = {"unknown": int((~np.isfinite(labels)).sum())}
    for part, rows in parts.items():
        found[part] = {name: int((labels[rows] == code).sum()) for code, name in enumerate(classes)}
    return found
