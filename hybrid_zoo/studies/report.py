"""The report of a run: one page that needs nothing else."""

import base64
from pathlib import Path
from typing import Any

from hybrid_zoo.studies.figures import draw_calibration, draw_differences, draw_roc
from hybrid_zoo.studies.model_card import write_model_card
from hybrid_zoo.studies.pages import page_template
from hybrid_zoo.studies.report_files import TABLE1, Run, read_run, slug
from hybrid_zoo.studies.search_page import search_section
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables_cohort import (
    flow_steps,
    labels_table,
    overview_table,
    quarantine_table,
    subgroup_table,
)
from hybrid_zoo.studies.tables_flow import flow_diagram, flow_table
from hybrid_zoo.studies.tables_models import decision_table, operating_table, ranking_table
from hybrid_zoo.studies.tables_patients import outcome_table, patients_table
from hybrid_zoo.studies.tripod import tripod_summary, tripod_table, write_tripod
from hybrid_zoo.studies.words import CUSTODY, headline, verdict_in_words
from hybrid_zoo.studies.words_figures import figure_words
from hybrid_zoo.studies.words_study import command_of, evaluation_in_words, limits_in_words


def write_report(run: Path) -> Path:
    """Write a run's report, its figures and its model card.

    Args:
        run: A run folder; only its files are read.

    Returns:
        The path of `report.html`. Beside it `figures/*.png`, `MODEL_CARD.md` and `TRIPOD.md` are
        written.

    Raises:
        ConfigError: If it is not a run folder.
        DataError: If one of its files cannot be read.
    """
    found = read_run(run)
    path = _write_page(found)
    write_model_card(found.folder)
    write_tripod(found)
    return path


def rewrite_page(run: Path) -> Path:
    """Write `report.html` and its figures again; what an author completes stays as it is.

    Args:
        run: A run folder; only its files are read.
    """
    return _write_page(read_run(run))


def _write_page(found: Run) -> Path:
    (found.folder / "figures").mkdir(exist_ok=True)
    metrics = found.metrics
    page = page_template("report.html.j2").render(
        metrics=metrics,
        title=f"{'Simulated study' if metrics['simulated'] else 'Study'}: {metrics['cohort']}",
        simulated=metrics["simulated"],
        version=metrics.get("package_version", ""),
        statement=STATEMENT,
        custody=CUSTODY,
        targets=[_section(found, target) for target in metrics["targets"]],
        search=search_section(
            found.searches, found.folder / "figures", simulated=metrics["simulated"]
        ),
        overview=overview_table(metrics) if len(metrics["targets"]) > 1 else None,
        evaluation=evaluation_in_words(metrics),
        flow=flow_diagram(metrics["flow"]) if "flow" in metrics else None,
        flow_table=flow_table(metrics["flow"]) if "flow" in metrics else None,
        flow_steps=flow_steps(found),
        patients=patients_table(found.table1, metrics["targets"], simulated=metrics["simulated"]),
        patients_file=_as_link(found.folder / TABLE1),
        tripod=tripod_table(found),
        tripod_summary=tripod_summary(found),
        labels=labels_table(metrics),
        quarantine=quarantine_table(found),
        explained=found.patients,
        limits=limits_in_words(metrics),
        command=command_of(metrics, found.environment),
        environment=_flat(found.environment),
        config=found.config,
    )
    path = found.folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _section(run: Run, target: str) -> dict[str, Any]:
    metrics, block = run.metrics, run.metrics["targets"][target]
    name = f"{target} (simulated)" if metrics["simulated"] else target
    return {
        "name": target,
        "id": slug(target),
        "headline": headline(block),
        "shortcut": "shortcut" in block["flags"],
        "words": verdict_in_words(block, cohort=metrics["cohort"], simulated=metrics["simulated"]),
        "tables": [
            ranking_table(block, f"Table 1. All models: ranking and probabilities, {name}"),
            decision_table(block, f"Table 1, continued. Decisions and effort, {name}"),
        ],
        "figures": _figures(run, target, name),
        "more_tables": [
            table
            for table in (
                operating_table(block, f"Table 2. At a chosen sensitivity, {name}"),
                subgroup_table(block, f"Table 3. Subgroups, {name}"),
                outcome_table(run.table1, target, f"Table 4. Patients by outcome, {name}")
                if len(metrics["targets"]) > 1
                else None,
            )
            if table
        ],
    }


def _figures(run: Run, target: str, name: str) -> list[dict[str, Any]]:
    block = run.metrics["targets"][target]
    rows = run.predictions[run.predictions["target"] == target]
    ending = f"{slug(target)}{'-simulated' if run.metrics['simulated'] else ''}.png"
    folder = run.folder / "figures"
    folds = rows["fold"].nunique()
    drawn = {
        "roc": draw_roc(block, rows, folder / f"roc-{ending}", f"ROC curves, {name}"),
        "calibration": draw_calibration(
            block, rows, folder / f"calibration-{ending}", f"Calibration, {name}"
        ),
        "differences": draw_differences(
            block, folder / f"differences-{ending}", f"Difference to the hybrid, {name}"
        ),
    }
    said = figure_words(block, folds=folds)
    return [
        {"id": picture.path.stem, "svg": picture.svg, **said[kind]}
        for kind, picture in drawn.items()
    ]


def _as_link(path: Path) -> str:
    """Return a file as an address that a page holds in itself; empty without the file."""
    if not path.is_file():
        return ""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _flat(environment: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List nested settings as name and value."""
    pairs: list[tuple[str, str]] = []
    for key, value in environment.items():
        name = f"{prefix}{key}"
        pairs += _flat(value, f"{name}: ") if isinstance(value, dict) else [(name, str(value))]
    return pairs
