"""Cut a cohort into the rounds that its plan asks for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.hold_out import declared_test
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.tuning.folds import hold_back, make_folds, read_folds, split_patients
from hybrid_zoo.tuning.plan import HoldOut, Plan, plan_evaluation

OUTER_FOLDS = 5
TRIALS = 4


def plan_study(cohort: Cohort, arrays: CohortArrays, settings: Settings) -> Plan:
    """Choose the evaluation by the cohort's declarations and numbers.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        settings: The user's options.

    Returns:
        The plan, with its reason in words.
    """
    test = declared_test(cohort, arrays, settings)
    return plan_evaluation(
        arrays.labels,
        arrays.patient_ids,
        classes=arrays.classes,
        test=test,
        folds=cohort.config.folds is not None and test is None,
        trials=settings.trials,
        split_seed=cohort.config.split_seed,
    )


def make_rounds(
    cohort: Cohort,
    arrays: CohortArrays,
    settings: Settings,
    plan: Plan,
    *,
    workspace: Path,
    on_fit: Callable[[str], None] = lambda name: None,
    deadline: float | None = None,
) -> list[Round]:
    """Return the rounds: one in a hold-out, one per fold and repeat otherwise.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        settings: The user's options.
        plan: From `plan_study`.
        workspace: Folder for the searches' state.
        on_fit: Called after each fit with the model's name.
        deadline: `time.monotonic()` of the end of the time budget; None for none.
    """
    trials = (settings.trials or TRIALS) if plan.search else 1
    return [
        Round(
            number=number,
            arrays=arrays,
            train=train,
            scored=scored,
            settings=settings,
            trials=trials,
            workspace=workspace,
            on_fit=on_fit,
            deadline=deadline,
        )
        for number, (train, scored) in enumerate(_parts(cohort, arrays, settings, plan))
    ]


def _parts(
    cohort: Cohort, arrays: CohortArrays, settings: Settings, plan: Plan
) -> list[tuple[np.ndarray, np.ndarray]]:
    config, patients = cohort.config, arrays.patient_ids
    if plan.evaluation == "holdout":
        part = _test_part(cohort, arrays, settings)
        return [(np.flatnonzero(part.train), np.flatnonzero(part.rows))]
    if config.folds:
        column = cohort.samples.loc[arrays.sample_ids, config.folds]
        return list(read_folds(column, patients, config.folds))
    return [
        part
        for repeat in range(plan.repeats)
        for part in make_folds(arrays.labels, patients, OUTER_FOLDS, config.split_seed + repeat)
    ]


def shard_parts(cohort: Cohort, arrays: CohortArrays) -> dict[str, np.ndarray]:
    """Name the parts that a model is trained, stopped and scored on, as a study would cut them.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.

    Returns:
        Name to positions: `train`, `validation` (the patients that early stopping watches) and
        `test`; of a cohort that declares its folds `fold_0`, `fold_1` and so on.
    """
    config, patients = cohort.config, arrays.patient_ids
    if config.folds:
        column = cohort.samples[config.folds]
        folds = read_folds(column, patients, config.folds)
        return {f"fold_{number}": scored for number, (_, scored) in enumerate(folds)}
    part = _test_part(cohort, arrays, Settings())
    train, watched = hold_back(np.flatnonzero(part.train), arrays.labels, patients)
    return {"train": train, "validation": watched, "test": np.flatnonzero(part.rows)}


def _test_part(cohort: Cohort, arrays: CohortArrays, settings: Settings) -> HoldOut:
    declared = declared_test(cohort, arrays, settings)
    if declared is not None:
        return declared
    rows = split_patients(arrays.labels, arrays.patient_ids, 0.2, cohort.config.split_seed)
    return HoldOut(rows=rows, why="Hold-out of 20 % of the patients.")
