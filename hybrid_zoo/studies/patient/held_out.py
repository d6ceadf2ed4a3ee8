"""Pages of a few held-out patients in a run folder, and what the report says of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.digests import sample_digests
from hybrid_zoo.registry import nearest
from hybrid_zoo.studies.artefacts import write_json
from hybrid_zoo.studies.checksums import update_checksums
from hybrid_zoo.studies.patient.checked import verdicts
from hybrid_zoo.studies.patient.page import explain_subject, patient_page
from hybrid_zoo.studies.patient.risk import shown
from hybrid_zoo.studies.patient.subject import find_subject
from hybrid_zoo.studies.report import rewrite_page
from hybrid_zoo.studies.report_files import PATIENTS, PATIENTS_INDEX
from hybrid_zoo.studies.trained import Trained


class Chosen(NamedTuple):
    """A held-out patient: id, name that tells nobody who it is, outcome in words."""

    sample_id: str
    name: str
    outcome: str


def choose_patients(
    trained: Trained, predictions: pd.DataFrame, target: str, count: int
) -> list[Chosen]:
    """Choose held-out patients of every kind of answer: high and low, right and wrong, in turn.

    Of each kind those are taken that are evenly spaced in the order of their risk, so that the
    choice follows a rule and shows neither the best nor the worst alone.

    Args:
        trained: The run.
        predictions: From `risk.held_out`.
        target: Its name.
        count: How many.

    Returns:
        At most so many, in turn.

    Raises:
        ConfigError: If the run has no held-out patient with a known outcome of the target.
    """
    cases = _cases(trained, predictions[predictions["target"] == target], target)
    if cases.empty:
        raise ConfigError(
            f"Run {trained.name} has no held-out prediction of {target!r} with a known outcome. "
            "Explain single patients: hybrid-zoo explain RUN COHORT --sample ID."
        )
    kinds = sorted(cases.groupby(["wrong", "said"], sort=True), key=lambda item: item[0])
    share = [count // len(kinds) + (k < count % len(kinds)) for k in range(len(kinds))]
    spaced = [_spaced(rows, n) for (_, rows), n in zip(kinds, share, strict=True)]
    in_turn = [rows.iloc[k] for k in range(max(share)) for rows in spaced if k < len(rows)]
    return [
        Chosen(
            row.sample_id,
            f"Patient {k}: {row.said}, {_right(row.wrong)}",
            row.outcome if trained.is_held_out else f"{row.outcome} {_of_fold(row.probability)}",
        )
        for k, row in enumerate(in_turn, start=1)
    ]


def _cases(trained: Trained, rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """One row per sample: what was said, whether it was wrong, the outcome in words."""
    threshold = trained.threshold(target)
    if threshold is None:
        likeliest = rows.sort_values("probability").drop_duplicates("sample_id", keep="last")
        return likeliest.assign(
            said="class " + likeliest["class"],
            wrong=likeliest["class"] != likeliest["label"],
            outcome="The outcome was class " + likeliest["label"] + ".",
        )
    high, event = rows["probability"] >= threshold, rows["label"].astype(float) == 1
    return rows.assign(
        said=np.where(high, "high risk", "low risk"),
        wrong=high != event,
        outcome=np.where(event, "The event occurred.", "The event did not occur."),
    )


def _spaced(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    ordered = rows.sort_values(["probability", "sample_id"])
    count = min(count, len(ordered))
    return ordered.iloc[[int((k + 0.5) / count * len(ordered)) for k in range(count)]]


def _of_fold(probability: float) -> str:
    """Say by which risk a patient was chosen, which is not the one that the page explains."""
    return f"The risk was {shown(probability)} when this patient's fold was held out."


def _right(wrong: bool) -> str:
    return "wrong" if wrong else "correct"


def write_patients(
    run: Path,
    trained: Trained,
    patients: tuple[Cohort, CohortArrays],
    predictions: pd.DataFrame,
    target: str | None,
    check: bool,
    count: int,
) -> list[str]:
    """Write pages of held-out patients to `patients` of a run folder, and link the report to them.

    Args:
        run: The run folder; SHA256SUMS is brought up to date.
        trained: The run.
        patients: The run's own cohort, from `read_new_patients`.
        predictions: From `risk.held_out`.
        target: What to explain; the run's first where not given.
        check: Check the methods on this model, if that was not done yet.
        count: How many patients.

    Returns:
        Their names.

    Raises:
        ConfigError: If the cohort is not the run's, or there is no held-out patient.
    """
    target = _known(trained, target)
    chosen = choose_patients(trained, predictions, target, count)
    _require_own(trained, patients[1], [patient.sample_id for patient in chosen])
    subjects = [find_subject(trained, *patients, patient.sample_id) for patient in chosen]
    folder, entries = run / PATIENTS, []
    folder.mkdir(exist_ok=True)
    stale = [path for path in folder.iterdir() if path.suffix == ".html"]
    for path in stale:
        path.unlink()
    for number, (patient, subject) in enumerate(zip(chosen, subjects, strict=True), start=1):
        explanation = explain_subject(subject, target)
        page = patient_page(
            subject,
            explanation,
            predictions,
            verdicts=verdicts(run, trained, patients[1], explanation.case, check=check),
            title=patient.name,
            outcome=patient.outcome,
        )
        file = f"patient-{number}.html"
        (folder / file).write_text(page, encoding="utf-8")
        entries.append({"file": f"{PATIENTS}/{file}", "name": patient.name})
    write_json(folder / PATIENTS_INDEX, {"target": target, "pages": entries})
    rewrite_page(run)
    _note(run, stale)
    return [patient.name for patient in chosen]


def _known(trained: Trained, target: str | None) -> str:
    targets = list(trained.config.targets)
    if target is None or target in targets:
        return target or targets[0]
    raise ConfigError(
        f"Run {trained.name} has no target {target!r}.{nearest(target, targets)} It has: {targets}."
    )


def _require_own(trained: Trained, arrays: CohortArrays, ids: list[str]) -> None:
    """Refuse other patients, whose numbers may coincide: their outcomes would be made up."""
    content = trained.splits.set_index("sample_id")["content"]
    found = pd.Series(sample_digests(arrays), arrays.sample_ids)
    strangers = sum(found.get(name) != content.get(name) for name in ids)
    if strangers:
        raise ConfigError(
            f"{strangers} of the {len(ids)} held-out patients chosen are not in this folder, or "
            "hold other data there; --report takes the cohort that the run was made of."
        )


def _note(run: Path, stale: list[Path]) -> None:
    written = [*(run / "figures").iterdir(), *(run / PATIENTS).iterdir(), run / "report.html"]
    update_checksums(run, {path.relative_to(run).as_posix() for path in [*written, *stale]})
