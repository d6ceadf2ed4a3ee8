"""What a run says of a patient's risk, and how such patients fared."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.explain.explanation import Explanation
from hybrid_zoo.studies.checksums import require_unchanged
from hybrid_zoo.studies.figures_curves import wilson
from hybrid_zoo.studies.patient.subject import TEST, TRAINED, Subject
from hybrid_zoo.studies.report_files import read_run
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.trained import as_probabilities
from hybrid_zoo.studies.words_numbers import MISSING, percent

FEWEST, MOST = 20, 100
"""Held-out samples of similar risk of whom it is counted how many had the event: a quarter of all,
within these bounds. Fewer say nothing; all of them would say the prevalence."""
FAR = 0.01
"""Distance of a risk from all of theirs that is worth a word."""


@dataclass(frozen=True, kw_only=True)
class Similar:
    """Held-out samples of similar risk.

    Args:
        n: How many.
        events: How many of them had the event.
        low: Lower bound of the share's 95 % interval.
        high: Upper bound of it.
        lowest: The lowest predicted risk among them.
        highest: The highest.
    """

    n: int
    events: int
    low: float
    high: float
    lowest: float
    highest: float


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One target's risk, or one class's.

    Args:
        target: Its name.
        label: The class; empty for a binary target.
        probability: As the run's calibrated hybrid says.
        threshold: From which the run decides for the event; None for a class.
        similar: Held-out samples of similar risk; None where there are too few.
    """

    target: str
    label: str
    probability: float
    threshold: float | None
    similar: Similar | None


def risks(subject: Subject, explanation: Explanation, predictions: pd.DataFrame) -> list[Risk]:
    """Return the risk of every target, and of every class of a multiclass target.

    Args:
        subject: The patient.
        explanation: Of any target.
        predictions: Of the run, from `held_out`.
    """
    case, config = explanation.case, subject.trained.config
    others = predictions[~predictions["sample_id"].isin(subject.own_samples)]
    found = []
    for target, logits in case.scores(case.sample).items():
        values = np.atleast_1d(as_probabilities(logits)[0])
        classes = config.targets[target].classes or ("",)
        rows = others[others["target"] == target]
        for label, value in zip(classes, map(float, values), strict=True):
            threshold = subject.trained.threshold(target)
            cases = rows[rows["class"] == label]
            cases = cases.assign(event=(cases["label"] == (label or "1")).astype(float))
            found.append(
                Risk(
                    target=target,
                    label=label,
                    probability=value,
                    threshold=threshold,
                    similar=_similar(cases, value),
                )
            )
    return found


def held_out_of(run: Path) -> pd.DataFrame:
    """Read the hybrid's held-out predictions of a run folder.

    Args:
        run: The run folder.

    Raises:
        CorruptArtifactError: If `predictions.csv` is missing, or not what the study wrote.
    """
    require_unchanged(run, ("predictions.csv",))
    return held_out(read_run(run).predictions)


def held_out(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the hybrid's held-out predictions, each sample once per target and class.

    Args:
        predictions: Of `read_run`. A sample that several rounds held out has its mean there.

    Returns:
        `target, class, sample_id, label, probability`.
    """
    rows = predictions[predictions["model"] == "hybrid"].dropna(subset=["probability"])
    keys = ["target", "class", "sample_id", "label"]
    return rows.groupby(keys, sort=False)[["probability"]].mean().reset_index()


def _similar(cases: pd.DataFrame, probability: float) -> Similar | None:
    if len(cases) < FEWEST:
        return None
    order = np.argsort(abs(cases["probability"].to_numpy() - probability), kind="stable")
    nearest = cases.iloc[order[: int(np.clip(len(cases) // 4, FEWEST, MOST))]]
    low, high = wilson(float(nearest["event"].mean()), len(nearest))
    return Similar(
        n=len(nearest),
        events=int(nearest["event"].sum()),
        low=low,
        high=high,
        lowest=float(nearest["probability"].min()),
        highest=float(nearest["probability"].max()),
    )


def risk_in_words(subject: Subject, risk: Risk) -> list[str]:
    """Say a risk, what the interval is, and what it is not.

    Args:
        subject: The patient.
        risk: Of the target that is explained.
    """
    event = f"of class {risk.label}" if risk.label else "the event"
    said = [_decision(risk)] if risk.threshold is not None else []
    if risk.similar is None:
        said.append(
            f"The run has fewer than {FEWEST} held-out {subject.noun} with a known outcome to "
            "compare with, so that no interval is given."
        )
    else:
        said += _of_similar(risk, risk.similar, event, subject.noun)
        if not subject.trained.is_held_out:
            said.append(
                "Their risks come from the models of the folds that held them out; this model is "
                "a refit on everybody."
            )
    if subject.known_as == TRAINED:
        said.append(
            "This patient was in the part that the run was trained on: the risk flatters the "
            "model, and so may everything below."
        )
    elif subject.known_as == TEST:
        said.append("The run had held this patient out: the model has not learnt from these data.")
    return said


def _decision(risk: Risk) -> str:
    where = "at or above" if risk.probability >= risk.threshold else "below"  # type: ignore[operator]
    return (
        f"The run decides for the event from {shown(risk.threshold)} on; this patient lies "
        f"{where} that threshold."
    )


def _of_similar(risk: Risk, similar: Similar, event: str, noun: str) -> list[str]:
    had = "were" if risk.label else "had"
    said = [
        f"Of the {similar.n} held-out {noun} with the most similar risk "
        f"({shown(similar.lowest)} to {shown(similar.highest)}), {similar.events} {had} {event}: "
        f"{shown(similar.events / similar.n)}, 95 % interval {shown(similar.low)} to "
        f"{shown(similar.high)}.",
        f"The interval (Wilson) says how often {noun} with such a risk had it, not how certain "
        "this patient's own risk is, nor how much that would change if the model were trained "
        "again.",
    ]
    if not similar.lowest - FAR <= risk.probability <= similar.highest + FAR:
        said.append(
            "This patient's risk lies outside of theirs, so that theirs says little about it."
        )
    return said


def risks_table(found: list[Risk], explained: Risk) -> Table:
    """Lay the risks of all targets out.

    Args:
        found: From `risks`.
        explained: The one that the page explains.
    """
    rows = tuple(_row(risk, strong=risk is explained) for risk in found)
    return Table(
        caption="Risk of every target",
        columns=("Target", "Predicted risk", "Observed among similar", "Threshold", "Decision"),
        parts=(Part("", rows),),
        note="Observed among similar: share with the event among those held out with the "
        "most similar risk, its 95 % interval (Wilson), and their number.",
    )


def _row(risk: Risk, *, strong: bool) -> Row:
    similar, above = risk.similar, risk.probability >= (risk.threshold or 0)
    observed = Cell(MISSING)
    if similar is not None:
        interval = f"[{shown(similar.low)}, {shown(similar.high)}], n = {similar.n}"
        observed = Cell(shown(similar.events / similar.n), interval)
    limit = risk.threshold
    decision = MISSING if limit is None else "at or above" if above else "below"
    head = f"{risk.target}: {risk.label}" if risk.label else risk.target
    cells = (Cell(shown(risk.probability)), observed, Cell(shown(limit)), Cell(decision))
    return Row(head, cells, strong=strong)


def shown(share: float | None) -> str:
    """Write a risk: whole per cent, one decimal below 10 %.

    Args:
        share: Between 0 and 1, or None.
    """
    if share is None or not 0.001 <= share < 0.0995:
        return "< 0.1 %" if share is not None and 0 < share < 0.001 else percent(share)
    return f"{100 * share:.1f} %"
