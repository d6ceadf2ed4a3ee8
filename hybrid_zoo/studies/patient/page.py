"""One page that explains one patient and needs nothing else."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd

from hybrid_zoo import __version__
from hybrid_zoo.explain.case import make_case
from hybrid_zoo.explain.explanation import Explanation
from hybrid_zoo.explain.methods import lacks
from hybrid_zoo.explain.one_patient import explain
from hybrid_zoo.studies.pages import page_template
from hybrid_zoo.studies.patient.checked import Said, drawn
from hybrid_zoo.studies.patient.note import note_sections
from hybrid_zoo.studies.patient.overlay import legend_address
from hybrid_zoo.studies.patient.pictures import NAMES, SAYS, picture_sections
from hybrid_zoo.studies.patient.records import (
    absent_in_words,
    modality_name,
    records_table,
    shares_table,
)
from hybrid_zoo.studies.patient.risk import Risk, risk_in_words, risks, risks_table, shown
from hybrid_zoo.studies.patient.series import series_sections
from hybrid_zoo.studies.patient.subject import Subject
from hybrid_zoo.studies.patient.weights import weights_table
from hybrid_zoo.studies.report_files import slug
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.words_numbers import capital, listed, signed

PAGE_METHODS = (
    "modality_shapley",
    "integrated_gradients",
    "occlusion",
    "hires_cam",
    "attention",
    "modality_attention",
)
CUSTODY = "This page holds one patient's data: protect it like the source."
LIMITS = (
    "It explains the model, not the patient: it says what the model's answer rests on, not what "
    "causes the outcome, and not whether the model is right. A contribution is measured against an "
    "average patient or against not knowing a part; another comparison gives other numbers, and "
    "parts that say the same share what they contribute in a way that nobody can check from here. "
    "Contributions are in logits, the scale on which they add up: as much of it moves a risk near "
    "50 % far, and one near 0 or 100 % little.",
    "Change nothing in a patient's care for it.",
)


def explain_subject(subject: Subject, target: str | None = None) -> Explanation:
    """Explain a patient by the methods of the page that fit the model.

    Args:
        subject: The patient.
        target: Name; the first of the run where not given.

    Raises:
        ConfigError: For a target that the model lacks.
    """
    model, sample, spec = subject.trained.model, subject.inputs, subject.spec
    case = make_case(model, sample, target, None, spec)
    fitting = [name for name in PAGE_METHODS if not lacks(name, case)]
    return explain(model, sample, target=case.target, label=case.label, methods=fitting, spec=spec)


def patient_page(
    subject: Subject,
    explanation: Explanation,
    predictions: pd.DataFrame,
    *,
    verdicts: Sequence[Said] = (),
    identifiers: bool = False,
    title: str = "One patient explained",
    outcome: str = "",
) -> str:
    """Return the page that explains a patient.

    Args:
        subject: The patient.
        explanation: From `explain_subject`.
        predictions: The run's held-out predictions, from `held_out`.
        verdicts: What checks of the methods found on this model.
        identifiers: Show the sample's id, the site, and every word of the notes.
        title: The page's heading.
        outcome: What is known of the patient's outcome, as a sentence; empty for nothing.

    Returns:
        HTML. Without `identifiers` it holds no id, date, site or path.
    """
    trained = subject.trained
    found = risks(subject, explanation, predictions)
    simulated = trained.metrics["simulated"]
    return page_template("patient.html.j2").render(
        title=f"{title} (simulated)" if simulated else title,
        simulated=simulated,
        version=__version__,
        statement=STATEMENT,
        custody=CUSTODY,
        shown_id=subject.sample_id if identifiers else "",
        outcome=outcome,
        **_risk_parts(subject, explanation, found),
        absent=absent_in_words(explanation),
        records=records_table(explanation),
        shares=shares_table(explanation),
        pictures=_named(picture_sections(subject, explanation)),
        legend=legend_address(),
        series=series_sections(subject, explanation),
        weights=weights_table(subject, explanation, identifiers=identifiers),
        notes=note_sections(subject, explanation, identifiers=identifiers),
        verdicts=verdicts,
        valued=[n for n in explanation.case.present if n.startswith(("sequence", "tabular"))],
        called=modality_name,
        names=defaultdict(str, NAMES),
        says=SAYS,
        limits=_limits(explanation, verdicts),
        left_out=_left_out(explanation),
        source=_source(subject),
    )


def _risk_parts(subject: Subject, explanation: Explanation, found: list[Risk]) -> dict[str, Any]:
    own = _explained(subject, explanation, found)
    return {
        "target": own.target,
        "label": own.label,
        "risk": shown(own.probability),
        "risk_words": risk_in_words(subject, own),
        "explained": _explained_in_words(explanation, own),
        "is_constant": explanation.is_constant,
        "risks": risks_table(found, own) if len(found) > 1 else None,
    }


def _explained(subject: Subject, explanation: Explanation, found: list[Risk]) -> Risk:
    classes = subject.trained.config.targets[explanation.target].classes
    label = classes[explanation.label] if classes else ""
    return next(r for r in found if (r.target, r.label) == (explanation.target, label))


def _explained_in_words(explanation: Explanation, own: Risk) -> str:
    logit = signed(explanation.logit)
    if own.label:
        return (
            f"Below, the logit of {own.target}, class {own.label} (the likeliest), is explained: "
            f"{logit}. What raises it raises the risk of this class; how far depends on the logits "
            "of the other classes, too."
        )
    return (
        f"Below, the logit of {own.target} is explained: {logit}. A logit of 0 is a risk of 50 %; "
        "what raises the logit raises the risk."
    )


def _named(bags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        bag | {"id": slug(bag["name"]), "title": capital(modality_name(bag["name"]))}
        for bag in bags
    ]


def _left_out(explanation: Explanation) -> dict[str, str]:
    case = explanation.case
    return {name: words for name in PAGE_METHODS if (words := lacks(name, case))}


def _limits(explanation: Explanation, verdicts: Sequence[Said]) -> list[str]:
    used = [NAMES[name] for name in explanation.results]
    methods = f"Methods that apply to this model and stand here: {listed(used)}."
    checked = {(v.method, v.result) for v in verdicts}
    unchecked = [
        f"{NAMES[method]} of {modality_name(result.partition('/')[0])}"
        for method, result in drawn(explanation.case)
        if (method, result) not in checked
        and result.partition("/")[0] not in explanation.case.absent
    ]
    if unchecked:
        methods += f" Whether it shows what this model uses was not checked of {listed(unchecked)}."
    return [*LIMITS, methods]


def _source(subject: Subject) -> list[tuple[str, str]]:
    trained = subject.trained
    return [
        ("run", trained.name),
        ("cohort of the run", trained.metrics["cohort"]),
        ("model.keras, SHA-256", trained.digest),
        ("hybrid_zoo", __version__),
    ]
