"""From the entries of all rounds to one target's block of `metrics.json`."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from hybrid_zoo.evaluation.evaluate import evaluate
from hybrid_zoo.evaluation.metrics import auroc_over_folds
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.subgroups import availability_levels, subgroup_table
from hybrid_zoo.evaluation.thresholds import operating_points
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.calibrated import Calibrated, calibrate
from hybrid_zoo.studies.entries import Cost, Entry, Logits
from hybrid_zoo.studies.networks import present_rows
from hybrid_zoo.studies.round import Round
from hybrid_zoo.tuning.ranking import mean_auroc


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything that the rounds of a study brought.

    Args:
        cohort: The cohort.
        rounds: One in a hold-out, one per fold and repeat otherwise.
        entries: Per round, model name to entry.
        left_out: Baseline to the reason why it has no entry.
        cut_short: Baseline to the reason why not all of its configurations were tried.
    """

    cohort: Cohort
    rounds: list[Round]
    entries: list[dict[str, Entry]]
    left_out: dict[str, str] = field(default_factory=dict)
    cut_short: dict[str, str] = field(default_factory=dict)

    @property
    def arrays(self):
        """The cohort as arrays."""
        return self.rounds[0].arrays

    @property
    def models(self) -> list[str]:
        """Names of all models, in the order of the table."""
        return list(self.entries[0])

    def calibrated(self, target: str) -> list[dict[str, Calibrated]]:
        """Return, per round, model name to calibrated predictions of one target.

        Args:
            target: Its name.
        """
        labels = self.arrays.labels[target]
        wanted = self.cohort.config.threshold.get(target)
        point = {"sensitivity": wanted.sensitivity} if wanted else None
        return [
            {
                name: calibrate(entry.out_of_fold[target], entry.scored[target], labels, point)
                for name, entry in entries.items()
            }
            for entries in self.entries
        ]


def target_block(
    result: Result, target: str, calibrated: list[dict[str, Calibrated]]
) -> dict[str, Any]:
    """Measure, compare and judge all models on one target.

    Args:
        result: What the rounds brought.
        target: Its name.
        calibrated: `result.calibrated(target)`.

    Returns:
        The target's block of `metrics.json`.
    """
    settings = result.rounds[0].settings
    rows = _rows(result, target)
    scores = _scores(result, target, calibrated, rows)
    singles = tuple(m for m in result.models if m.endswith("_only"))
    block = evaluate(
        scores,
        out_of_fold_auroc=_out_of_fold_auroc(result, target),
        singles=singles,
        seed=settings.seed,
        resamples=settings.resamples,
    )
    for name, spread in _seed_sd(result, target, scores, rows).items():
        block["models"][name]["auroc"]["seed_sd"] = spread
    for name, cost in _costs(result).items():
        block["models"][name] |= cost
    if "stack" in result.models:
        block["models"]["stack"]["weights"] = _stack_weights(result, target)
    binary = not scores.classes
    thresholds = _goal_thresholds(calibrated, rows)
    block["operating_points"] = operating_points(scores, thresholds) if binary else []
    levels = report_levels(result.cohort, result.arrays, np.concatenate(rows))
    block["subgroups"] = subgroup_table(
        scores, levels, resamples=settings.resamples, seed=settings.seed
    )
    hybrid = [c["hybrid"].threshold for c in calibrated]
    return (
        _counts(result, target)
        | {"threshold": float(np.median(hybrid)) if binary else None}
        | block
    )


def report_levels(
    cohort: Cohort, arrays: CohortArrays, rows: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Return the groupings of a report: availability, the cohort's groups, its site.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        rows: `(rows,)` positions of the scored samples.

    Returns:
        Kind and name to `(rows,)` levels, as `subgroup_table` takes them.
    """
    config = cohort.config
    modalities = [n for n in arrays.inputs if not n.startswith("time")]
    present = {name: present_rows(arrays, name) for name in modalities}
    found = {("availability", "modalities"): availability_levels(present)}
    columns = [("group", g) for g in config.groups]
    columns += [("site", config.site)] if config.site else []
    samples = cohort.samples.loc[arrays.sample_ids]
    for kind, column in columns:
        found[kind, column] = samples[column].to_numpy()
    return {key: values[rows] for key, values in found.items()}


def _goal_thresholds(
    calibrated: list[dict[str, Calibrated]], rows: list[np.ndarray]
) -> dict[str, dict[float, np.ndarray]]:
    """Model to sensitivity goal to the threshold of each scored row's round."""
    sizes = [len(r) for r in rows]
    return {
        name: {
            goal: np.repeat([models[name].goals[goal] for models in calibrated], sizes)
            for goal in first.goals
        }
        for name, first in calibrated[0].items()
    }


def _rows(result: Result, target: str) -> list[np.ndarray]:
    """Per round the scored rows whose label is known."""
    known = np.isfinite(result.arrays.labels[target])
    return [r.scored[known[r.scored]] for r in result.rounds]


def _scores(
    result: Result, target: str, calibrated: list[dict[str, Calibrated]], rows: list[np.ndarray]
) -> Scores:
    arrays, classes = result.arrays, result.arrays.classes.get(target, ())
    whole = np.concatenate(rows)
    probabilities, decisions = {}, {}
    for name in result.models:
        parts = [c[name].scored[r] for c, r in zip(calibrated, rows, strict=True)]
        probabilities[name] = np.concatenate(parts)
        if not classes:
            cuts = [c[name].threshold for c in calibrated]
            decisions[name] = np.concatenate(
                [part >= cut for part, cut in zip(parts, cuts, strict=True)]
            )
    return Scores(
        labels=arrays.labels[target][whole],
        patients=arrays.patient_ids[whole],
        samples=arrays.sample_ids[whole],
        folds=_fold_numbers(rows),
        probabilities=probabilities,
        decisions=decisions,
        classes=tuple(classes),
    )


def _fold_numbers(rows: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.full(len(r), number) for number, r in enumerate(rows)])


def _out_of_fold_auroc(result: Result, target: str) -> dict[str, float]:
    """Model to AUROC in the training part, averaged over its folds, then over the rounds."""
    labels = result.arrays.labels[target]
    found = {}
    for name in result.models:
        areas = [
            mean_auroc({"": e[name].out_of_fold[target][part]}, {"": labels[part]})
            for this, e in zip(result.rounds, result.entries, strict=True)
            for _, part in this.folds
        ]
        found[name] = float(np.nanmean(areas))
    return found


def _seed_sd(
    result: Result, target: str, scores: Scores, rows: list[np.ndarray]
) -> dict[str, float]:
    """Standard deviation of each network's AUROC over its seeds."""
    found = {}
    for name in result.models:
        extra = min(len(e[name].other_seeds) for e in result.entries)
        if not extra:
            continue
        runs = [[e[name].other_seeds[i] for e in result.entries] for i in range(extra)]
        runs.append([e[name].scored for e in result.entries])
        areas = [_area(scores, target, run, rows) for run in runs]
        found[name] = float(np.std(areas, ddof=1))
    return found


def _area(scores: Scores, target: str, run: list[Logits], rows: list[np.ndarray]) -> float:
    logits = np.concatenate([part[target][r] for part, r in zip(run, rows, strict=True)])
    decided = {} if scores.classes else {"": logits >= 0}
    ranks = softmax(logits, axis=1) if scores.classes else expit(logits)
    one = Scores(
        labels=scores.labels,
        patients=scores.patients,
        samples=scores.samples,
        folds=scores.folds,
        probabilities={"": ranks},
        decisions=decided,
        classes=scores.classes,
    )
    return auroc_over_folds(one)[""]


def _costs(result: Result) -> dict[str, dict[str, Any]]:
    costs = {}
    for name in result.models:
        total = sum((e[name].cost for e in result.entries), Cost())
        cost: dict[str, Any] = {
            "configurations": total.configurations,
            "fits": total.fits,
            "seconds": round(total.seconds, 2),
        }
        if total.n_parameters:
            cost |= {"n_parameters": total.n_parameters, "epochs": total.epochs}
        costs[name] = cost
    return costs


def _stack_weights(result: Result, target: str) -> dict[str, float]:
    """Member to its weight, averaged over the rounds."""
    rounds = [entries["stack"].config[target] for entries in result.entries]
    return {name: float(np.mean([weights[name] for weights in rounds])) for name in rounds[0]}


def _counts(result: Result, target: str) -> dict[str, Any]:
    arrays, labels = result.arrays, result.arrays.labels[target]
    known = np.isfinite(labels)
    binary = not arrays.classes.get(target)
    scored = np.unique(np.concatenate(_rows(result, target)))
    one = len(result.rounds) == 1
    train = int(known[result.rounds[0].train].sum()) if one else int(known.sum())
    return {
        "events": int((labels[known] == 1).sum()) if binary else None,
        "prevalence": float(labels[known].mean()) if binary else None,
        "n_train": train,
        "n_test": len(scored),
        "n_unknown": int((~known).sum()),
        "events_test": int((labels[scored] == 1).sum()) if binary else None,
    }
