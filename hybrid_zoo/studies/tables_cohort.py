"""Tables about patients: who was scored, who was left out, how the parts of them fare."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hybrid_zoo.studies.report_files import Run
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words import headline
from hybrid_zoo.studies.words_models import modality_name, model_name
from hybrid_zoo.studies.words_numbers import brackets, counted, number, percent, whole

Block = Mapping[str, Any]

_MEASURES = {
    "auroc": "AUROC",
    "observed_expected": "Observed / expected",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
_MOST_REASONS = 20
_KINDS = {"availability": "Recorded modalities", "group": "Group", "site": "Site"}


def overview_table(metrics: Block) -> Table:
    """Make the table that comes first where there are several targets.

    Args:
        metrics: The whole of `metrics.json`.
    """
    rows = tuple(_overview_row(name, block) for name, block in metrics["targets"].items())
    return Table(
        caption="All targets at a glance",
        columns=(
            "Target",
            "Scored",
            "With event",
            "Best single",
            "Hybrid",
            "Verdict",
            "Recommended",
        ),
        parts=(Part("", rows),),
        note="AUROC with its 95 % interval.",
        words=("Verdict", "Recommended"),
    )


def flow_steps(run: Run) -> list[tuple[str, str]]:
    """List how the cohort became the scored samples.

    Args:
        run: The run folder.

    Returns:
        Pairs of a heading and its detail.
    """
    metrics = run.metrics
    dropped = {name: n for name, n in metrics.get("dropped", {}).items() if n}
    absent = metrics.get("missing_modalities", {})
    aside = metrics.get("quarantined") or 0
    samples = run.n_samples
    steps = [
        (
            f"{counted(samples, 'sample')}" if samples else "Cohort",
            f"of {counted(metrics['n_patients'], 'patient')}",
        ),
        (
            f"{counted(aside, 'value or row', 'values or rows')} set aside",
            "quarantined with a reason; the rest of the sample is used",
        ),
        (
            f"{counted(sum(dropped.values()), 'row')} outside the window",
            ", ".join(f"{whole(n)} {name.replace('_', ' ')}" for name, n in dropped.items())
            or "nothing was dropped",
        ),
    ]
    if absent:
        shares = [f"{modality_name(name)} {percent(share)}" for name, share in absent.items()]
        steps.append(("Samples without a modality", ", ".join(shares)))
    return steps


def labels_table(metrics: Block) -> Table:
    """Make the table of labels: known, unknown, with the event.

    Args:
        metrics: The whole of `metrics.json`.
    """
    rows = tuple(
        Row(
            name,
            (
                Cell(
                    _classes(block) if block.get("kind") == "multiclass" else whole(block["events"])
                ),
                Cell(percent(block.get("prevalence"))),
                Cell(whole(block.get("n_unknown"))),
                Cell(whole(block.get("n_train"))),
                Cell(whole(block.get("n_test"))),
                Cell(whole(block.get("events_test"))),
            ),
        )
        for name, block in metrics["targets"].items()
    )
    return Table(
        caption="Labels per target",
        columns=(
            "Target",
            "Events",
            "Prevalence",
            "Label unknown",
            "Fitted on",
            "Scored",
            "Events among scored",
        ),
        parts=(Part("", rows),),
        note="Samples with an unknown label are neither fitted nor scored for that target.",
    )


def quarantine_table(run: Run) -> Table | None:
    """Count what was quarantined, by table, column and reason.

    Args:
        run: The run folder.

    Returns:
        The table, or None where nothing was.
    """
    found = run.quarantine
    if found.empty:
        return None
    keys = ["table", "column", "reason"]
    counts = found.reindex(columns=keys, fill_value="").value_counts(sort=True)
    rows = tuple(
        Row(str(reason), (Cell(str(table)), Cell(str(column)), Cell(whole(n))))
        for table, column, reason, n in counts.head(_MOST_REASONS).reset_index().to_numpy()
    )
    rest = len(counts) - len(rows)
    more = f" {counted(rest, 'rarer reason is', 'rarer reasons are')} listed there." if rest else ""
    return Table(
        caption="Quarantined values and files",
        columns=("Reason", "Table", "Column", "Count"),
        parts=(Part("", rows),),
        note=f"Row by row in quarantine.csv.{more}",
        words=("Table", "Column"),
    )


def subgroup_table(block: Block, caption: str) -> Table | None:
    """Make the table of subgroups, the models side by side.

    Args:
        block: The target's block of `metrics.json`.
        caption: What the table is.

    Returns:
        The table, or None without subgroups.
    """
    found = pd.DataFrame(list(block.get("subgroups") or ()))
    if found.empty:
        return None
    models = list(dict.fromkeys(found["model"]))
    measures = {name: title for name, title in _MEASURES.items() if name in found}
    parts = [
        Part(
            _group_name(group["kind"].iloc[0], group["name"].iloc[0]),
            _levels(group, models, list(measures)),
        )
        for _, group in found.groupby(["kind", "name"], sort=False)
    ]
    return Table(
        caption=caption,
        columns=(
            "Level",
            "Samples",
            "Patients",
            "With event",
            *[f"{title}, {model_name(m)}" for m in models for title in measures.values()],
        ),
        parts=tuple(parts),
        note="Described, not tested. Cells of fewer than 10 patients are suppressed, and with them "
        "counts from which they would follow; a dash says that a level holds one class only, or a "
        "rate fewer than 10 patients. Observed / expected: events over the sum of predicted "
        "probabilities. Sensitivity and specificity at the threshold.",
    )


def _overview_row(name: str, block: Block) -> Row:
    best = block.get("best_single")
    hybrid = block["models"]["hybrid"]["auroc"]
    single = block["models"][best]["auroc"] if best else {}
    label = f"{model_name(best)} {number(single['value'])}" if best else number(None)
    return Row(
        name,
        (
            Cell(whole(block.get("n_test"))),
            Cell(whole(block.get("events_test"))),
            Cell(label, brackets(single)),
            Cell(number(hybrid["value"]), brackets(hybrid)),
            Cell(headline(block)),
            Cell(model_name(block["recommended"])),
        ),
    )


def _classes(block: Block) -> str:
    return f"{len(block['classes'])} classes"


def _group_name(kind: str, name: str) -> str:
    return _KINDS[kind] if name in ("", kind) else f"{_KINDS[kind]}: {name}"


def _levels(group: pd.DataFrame, models: list[str], measures: list[str]) -> tuple[Row, ...]:
    rows = []
    for level, cells in group.groupby("level", sort=False):
        first = cells.iloc[0]
        name = str(level) if first["kind"] != "availability" else _pattern(str(level))
        if first["suppressed"]:
            hidden = [Cell("suppressed")] * (1 + len(models) * len(measures))
            rows.append(Row(name, (Cell("suppressed"), Cell("fewer than 10"), *hidden)))
            continue
        of_model = {row["model"]: row for row in cells.to_dict("records")}
        found = (_measured(of_model.get(m, {}).get(key)) for m in models for key in measures)
        rows.append(Row(name, (*_counts(first), *found)))
    return tuple(rows)


def _counts(row: pd.Series) -> list[Cell]:
    """Write how many samples, patients and events, unless a suppressed cell would follow."""
    by = {"n": "hide_counts", "n_patients": "hide_counts", "events": "hide_events"}
    return [
        Cell("suppressed" if row.get(hidden) else whole(_count(row[key])))
        for key, hidden in by.items()
    ]


def _pattern(level: str) -> str:
    return " + ".join(modality_name(name) for name in level.split("+"))


def _count(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else value


def _measured(metric: object) -> Cell:
    if not isinstance(metric, Mapping):
        return Cell(number(None))
    return Cell(number(metric["value"]), brackets(metric))
