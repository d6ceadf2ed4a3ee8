"""The rule that chooses between a hold-out and cross-validation, and says why."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hybrid_zoo.tuning.folds import label_pattern, patient_labels, split_patients

# Below about 100 patients with and 100 without the event a validation is too noisy to be believed:
# Vergouwe et al. 2005, J Clin Epidemiol 58:475; Collins et al. 2016, Stat Med 35:214.
LEAST_PATIENTS = 100
LEAST_PATIENTS_PER_CLASS = 30


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """A test part that is not ours to draw.

    Args:
        rows: `(samples,)` bool, True in the test part.
        why: Who asked for it, a sentence.
        left_out: `(samples,)` bool, True where a sample is in neither part; None for nowhere.
    """

    rows: np.ndarray
    why: str
    left_out: np.ndarray | None = None

    @property
    def train(self) -> np.ndarray:
        """`(samples,)` bool, True in the training part."""
        return ~self.rows if self.left_out is None else ~self.rows & ~self.left_out


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the cohort will be evaluated.

    Args:
        evaluation: "holdout", "repeated_cv" or "nested_cv".
        search: Whether configurations are searched; otherwise the prespecified one is used.
        reason: Why, in sentences that name the counts.
        declared: "split" or "folds" where the cohort gave it, else None.
        repeats: How often the cross-validation is repeated with new folds; 1 in a hold-out and on
            declared folds.
    """

    evaluation: str
    search: bool
    reason: str
    declared: str | None = None
    repeats: int = 1


def plan_evaluation(
    labels: Mapping[str, np.ndarray],
    patient_ids: np.ndarray,
    *,
    classes: Mapping[str, tuple[str, ...]] | None = None,
    test: HoldOut | None = None,
    folds: bool = False,
    trials: int | None = None,
    split_seed: int = 0,
) -> Plan:
    """Choose the evaluation that this cohort's numbers allow.

    Args:
        labels: Target name to `(samples,)` labels; NaN is unknown.
        patient_ids: `(samples,)`.
        classes: Target name to class names; empty or absent for a binary target.
        test: The declared test part, if there is one; it wins over declared folds.
        folds: Whether the cohort declares folds.
        trials: Number of configurations the user asked for; None leaves the choice to the rule.
        split_seed: Seed of the 80/20 split that would be used.

    Returns:
        The plan. Patients are counted, not samples: with the event if any of their labels is 1.

    Source:
        Own rule on the 100-event minimum of Vergouwe et al. 2005 and Collins et al. 2016; nesting
        after Cawley & Talbot 2010, JMLR 11:2079.
    """
    multi = frozenset(filter((classes or {}).get, labels))
    search, why_search = _decide_search(labels, patient_ids, multi, trials)
    crossed, repeats = ("nested_cv", 1) if search else ("repeated_cv", 2)
    if folds and test is None:
        first = "The cohort declares its folds: cross-validation on them, without a hold-out."
        reason = f"{first} {why_search}"
        return Plan(evaluation=crossed, search=search, reason=reason, declared="folds")
    part = split_patients(labels, patient_ids, 0.2, split_seed) if test is None else test.rows
    short = _shortages(labels, patient_ids, part, multi)
    if test is not None or not short:
        reason = f"{_holdout_reason(test, short)} {why_search}"
        return Plan(
            evaluation="holdout",
            search=search,
            reason=reason,
            declared=None if test is None else "split",
        )
    reason = (
        f"No hold-out: with 80/20 by patient the test part would hold {short}. Hence "
        f"patient-grouped cross-validation. {why_search}"
    )
    return Plan(evaluation=crossed, search=search, reason=reason, repeats=repeats)


def _holdout_reason(declared: HoldOut | None, short: str) -> str:
    if declared and short:
        return (
            f"{declared.why} Warning: the test part holds {short}; read the "
            "intervals, which are wide for this reason."
        )
    if declared:
        return f"{declared.why} The test part is large enough."
    return (
        "Hold-out of 20 % of the patients: for every target it holds at least "
        f"{LEAST_PATIENTS} patients with the event and {LEAST_PATIENTS} without (multiclass: "
        f"{LEAST_PATIENTS_PER_CLASS} of each class)."
    )


def _decide_search(
    labels: Mapping[str, np.ndarray],
    patient_ids: np.ndarray,
    multi: frozenset[str],
    trials: int | None,
) -> tuple[bool, str]:
    """Binary targets alone decide: DESIGN's minimum counts patients with *the* event."""
    _, levels = label_pattern(labels, patient_ids)
    binary = [
        (int((column == 1).sum()), name)
        for name, column in zip(labels, levels.T, strict=True)
        if name not in multi
    ]
    events, rarest = min(binary, default=(LEAST_PATIENTS, ""))
    few = events < LEAST_PATIENTS
    count = f"only {events} patients in all have the event {rarest!r} (under {LEAST_PATIENTS})"
    if trials is None and few:
        return False, f"No search, since {count}: every model is used as prespecified."
    if trials is None:
        return True, "Configurations are searched inside the training part."
    if trials <= 1:
        return False, "No search was asked for: every model is used as prespecified."
    warning = f" Warning: {count}, so that a search mostly fits noise." if few else ""
    return True, f"A search over {trials} configurations was asked for.{warning}"


def _shortages(
    labels: Mapping[str, np.ndarray],
    patient_ids: np.ndarray,
    part: np.ndarray,
    multi: frozenset[str],
) -> str:
    """Name what the part has too few patients of, or return an empty string."""
    found = []
    for name, values in labels.items():
        level = patient_labels(np.asarray(values, dtype=float)[part], patient_ids[part])
        if name in multi:
            every = np.unique(values[~np.isnan(values)])
            least = min(int((level == c).sum()) for c in every)
            if least < LEAST_PATIENTS_PER_CLASS:
                found.append(
                    f"{least} patients of the rarest class of {name!r} "
                    f"(under {LEAST_PATIENTS_PER_CLASS})"
                )
            continue
        with_event, without = int((level == 1).sum()), int((level == 0).sum())
        if min(with_event, without) < LEAST_PATIENTS:
            found.append(
                f"{with_event} patients with and {without} without {name!r} "
                f"(under {LEAST_PATIENTS})"
            )
    return ", ".join(found)
