"""Patient-grouped, stratified parts of a cohort: test part, folds, what early stopping watches."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from hybrid_zoo.errors import CohortError, ConfigError

_UNKNOWN = -1
# Stratifying on the joint pattern does not promise every part both classes of every target, so that
# a few seeded draws are compared and the first one without a gap is taken.
_DRAWS = 50

Parts = list[tuple[np.ndarray, np.ndarray]]


def patient_labels(values: np.ndarray, patient_ids: np.ndarray) -> np.ndarray:
    """Reduce a target's labels to one level per patient.

    Args:
        values: `(samples,)` 0 or 1, or class indices; NaN is unknown.
        patient_ids: `(samples,)`.

    Returns:
        `(patients,)` int, in the order of the sorted patient ids: 1 if any sample is positive, the
        first known class for targets with more than two classes, -1 where all are unknown.
    """
    patients, owner = np.unique(patient_ids, return_inverse=True)
    known = np.flatnonzero(~np.isnan(values))
    level = np.full(len(patients), _UNKNOWN)
    if len(known) and np.nanmax(values) > 1:
        known = known[::-1]  # the last write below wins: the patient's first known class
        level[owner[known]] = values[known]
        return level
    np.maximum.at(level, owner[known], values[known].astype(int))
    return level


def label_pattern(
    labels: Mapping[str, np.ndarray], patient_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each patient's levels of all targets.

    Args:
        labels: Target name to `(samples,)` labels; NaN is unknown, which is a level of its own.
        patient_ids: `(samples,)`.

    Returns:
        The sorted patient ids `(patients,)` and their levels `(patients, targets)` as of
        `patient_labels`.
    """
    columns = [patient_labels(np.asarray(v, dtype=float), patient_ids) for v in labels.values()]
    return np.unique(patient_ids), np.stack(columns, axis=1)


def split_patients(
    labels: Mapping[str, np.ndarray],
    patient_ids: np.ndarray,
    fraction: float = 0.2,
    seed: int = 0,
) -> np.ndarray:
    """Choose a test part by patient, stratified on the label pattern.

    Args:
        labels: Target name to `(samples,)` labels; NaN is unknown.
        patient_ids: `(samples,)`.
        fraction: Share of the patients in the test part, in (0, 1).
        seed: The same seed gives the same part.

    Returns:
        `(samples,)` bool, True in the test part; no patient is on both sides.

    Raises:
        ConfigError: With fewer than two patients.
    """
    patients, levels = label_pattern(labels, patient_ids)
    if len(patients) < 2 or not 0 < fraction < 1:
        raise ConfigError(
            f"split_patients: got {len(patients)} patients and fraction {fraction}; expected at "
            "least 2 patients and a fraction between 0 and 1."
        )
    pattern = _merge_rare(levels, math.ceil(1 / min(fraction, 1 - fraction)))
    draws = (
        list(StratifiedShuffleSplit(1, test_size=fraction, random_state=s).split(levels, pattern))
        for s in _seeds(seed)
    )
    (_, test), *_ = _fewest_gaps(draws, levels)
    return np.isin(patient_ids, patients[test])


def make_folds(
    labels: Mapping[str, np.ndarray], patient_ids: np.ndarray, n_folds: int = 5, seed: int = 0
) -> Parts:
    """Cut a cohort into patient-grouped folds, stratified on the label pattern.

    Args:
        labels: Target name to `(samples,)` labels; NaN is unknown.
        patient_ids: `(samples,)`.
        n_folds: At least 2.
        seed: The same seed gives the same folds.

    Returns:
        Per fold the row numbers `(train_rows, test_rows)`; every row is tested once.

    Raises:
        ConfigError: If some target's rarer class has fewer patients than there are folds.
    """
    patients, levels = label_pattern(labels, patient_ids)
    _check_folds(n_folds, dict(zip(labels, levels.T, strict=True)))
    pattern = _merge_rare(levels, n_folds)
    draws = (
        list(StratifiedKFold(n_folds, shuffle=True, random_state=s).split(levels, pattern))
        for s in _seeds(seed)
    )
    masks = [np.isin(patient_ids, patients[test]) for _, test in _fewest_gaps(draws, levels)]
    return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in masks]


def hold_back(
    rows: np.ndarray,
    labels: Mapping[str, np.ndarray],
    patient_ids: np.ndarray,
    fraction: float = 0.15,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Set part of the training rows aside, by patient, for early stopping to watch.

    Args:
        rows: `(rows,)` positions of the training part among all samples.
        labels: Target name to `(samples,)` labels of all samples.
        patient_ids: `(samples,)` of all samples.
        fraction: Share of the patients to set aside, in (0, 1).
        seed: The same seed gives the same part.

    Returns:
        The rows to fit on and the rows to watch; together they are `rows`.

    Raises:
        ConfigError: With fewer than two patients.
    """
    rows = np.asarray(rows)
    subset = {name: np.asarray(values)[rows] for name, values in labels.items()}
    watched = split_patients(subset, patient_ids[rows], fraction, seed)
    return rows[~watched], rows[watched]


def read_split(values: Iterable[object], patient_ids: np.ndarray, column: str) -> np.ndarray:
    """Read a declared split.

    Args:
        values: `(samples,)` "train" or "test".
        patient_ids: `(samples,)`.
        column: What messages call it.

    Returns:
        `(samples,)` bool, True in the test part.

    Raises:
        CohortError: If a value is neither, one side is empty, or a patient is on both sides.
    """
    sides = np.array([str(value) for value in values])
    wrong = np.flatnonzero(~np.isin(sides, ["train", "test"]))
    if wrong.size or len(np.unique(sides)) < 2:
        raise CohortError(
            f"samples column {column!r}: expected train or test in every row and both at least "
            f"once; {wrong.size} rows hold neither, the first are rows {(wrong[:5] + 1).tolist()}."
        )
    _check_patients_whole(sides, patient_ids, column)
    return sides == "test"


def read_folds(values: Iterable[object], patient_ids: np.ndarray, column: str) -> Parts:
    """Read declared folds.

    Args:
        values: `(samples,)` the fold of each sample; any names or numbers.
        patient_ids: `(samples,)`.
        column: What messages call it.

    Returns:
        Per fold, in sorted order, the row numbers `(train_rows, test_rows)`.

    Raises:
        CohortError: If a row has no fold, there is only one, or a patient is in two.
    """
    given = list(values)
    empty = [row + 1 for row, v in enumerate(given) if v is None or v != v]  # NaN is not itself
    names = np.array([str(value) for value in given])
    if empty or len(np.unique(names)) < 2:
        raise CohortError(
            f"samples column {column!r}: got {len(np.unique(names))} folds and {len(empty)} rows "
            f"without one (rows {empty[:5]}); expected at least 2 and a fold in every row."
        )
    _check_patients_whole(names, patient_ids, column)
    return [(np.flatnonzero(names != n), np.flatnonzero(names == n)) for n in np.unique(names)]


def _check_patients_whole(parts: np.ndarray, patient_ids: np.ndarray, column: str) -> None:
    pairs = np.unique(np.stack([patient_ids.astype(str), parts], axis=1), axis=0)
    patients, counts = np.unique(pairs[:, 0], return_counts=True)
    torn = patients[counts > 1]
    if len(torn):
        raise CohortError(
            f"samples column {column!r} puts {len(torn)} patients into more than one part (patient "
            f"ids {torn[:5].tolist()}); expected each patient in one, else the test is not unseen."
        )


def _check_folds(n_folds: int, levels: dict[str, np.ndarray]) -> None:
    if n_folds < 2:
        raise ConfigError(f"folds: got {n_folds}; expected at least 2.")
    for target, values in levels.items():
        _, counts = np.unique(values[values != _UNKNOWN], return_counts=True)
        if len(counts) < 2 or counts.min() < n_folds:
            rarest = counts.min() if len(counts) > 1 else 0
            raise ConfigError(
                f"target {target!r} has {rarest} patients in its rarest class, too few for "
                f"{n_folds} folds. Ask for fewer folds, or leave this target out."
            )


def _merge_rare(levels: np.ndarray, least: int) -> np.ndarray:
    """Number the patterns; those of fewer than `least` patients join the most similar frequent one.

    Returns `(patients,)` int with at least `least` patients per number (all 0 if none is frequent).
    """
    patterns, number, counts = np.unique(levels, axis=0, return_inverse=True, return_counts=True)
    number = number.reshape(-1)
    frequent = np.flatnonzero(counts >= least)
    if not len(frequent):
        return np.zeros(len(levels), dtype=int)
    target = np.arange(len(patterns))
    for rare in np.flatnonzero(counts < least):
        alike = (patterns[frequent] == patterns[rare]).sum(1)
        target[rare] = frequent[np.lexsort((counts[frequent], -alike))[0]]
    return target[number]


def _seeds(seed: int) -> Iterable[int]:
    return (int(s) for s in np.random.SeedSequence(seed).generate_state(_DRAWS))


def _fewest_gaps(draws: Iterable[Parts], levels: np.ndarray) -> Parts:
    """Return the first draw in which every part holds every class of every target, or the best."""
    best: Parts = []
    fewest = math.inf
    for parts in draws:
        gaps = sum(_gaps(levels[side], levels) for pair in parts for side in pair)
        if gaps < fewest:
            best, fewest = parts, gaps
        if not gaps:
            break
    return best


def _gaps(part: np.ndarray, levels: np.ndarray) -> int:
    pairs = zip(part.T, levels.T, strict=True)
    return sum(len(np.setdiff1d(every, [*some, _UNKNOWN])) for some, every in pairs)
