"""The model card of a run: what the saved model is, what it is for, and what it is not."""

from pathlib import Path

from hybrid_zoo.studies.report_files import TABLE1, Run, read_run
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables_models import whole_table
from hybrid_zoo.studies.tables_parts import escaped, to_markdown
from hybrid_zoo.studies.tripod_analysis import measures_in_words
from hybrid_zoo.studies.tripod_answers import (
    columns_in_words,
    levels_of,
    not_provided,
    sizes_in_words,
)
from hybrid_zoo.studies.words import CUSTODY, headline, verdict_in_words
from hybrid_zoo.studies.words_models import modality_name, model_name
from hybrid_zoo.studies.words_numbers import counted, listed, number, whole
from hybrid_zoo.studies.words_study import evaluation_in_words, limits_in_words


def write_model_card(run: Path) -> Path:
    """Write `MODEL_CARD.md` of a run.

    Args:
        run: A run folder; only its files are read.

    Returns:
        The card's path.

    Raises:
        ConfigError: If it is not a run folder.

    Source:
        Mitchell et al. 2019, arXiv:1810.03993, section 4, for what a card holds.
    """
    found = read_run(run)
    metrics = found.metrics
    kind = "Simulated model" if metrics["simulated"] else "Model"
    parts = [
        f"# {kind} card: {escaped(metrics['cohort'])}",
        f"> {CUSTODY}",
        "## Model details",
        _bullets(_details(found)),
        "## Intended use",
        STATEMENT,
        _bullets(_use(found)),
        "## Factors",
        _bullets(_factors(found)),
        "## Metrics",
        _bullets(_measures(found)),
        "## Evaluation data",
        _bullets(_evaluation_data(found)),
        "## Training data",
        _bullets(_training_data(found)),
        "## Quantitative analyses",
        *[text for target in metrics["targets"] for text in _results(found, target)],
        "## Ethical considerations",
        _bullets(_ethics(found)),
        "## Caveats and recommendations",
        _bullets(limits_in_words(metrics)),
    ]
    path = found.folder / "MODEL_CARD.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _details(run: Run) -> list[str]:
    metrics = run.metrics
    version = metrics.get("package_version", "")
    return [
        f"model.keras: the hybrid network, written by hybrid_zoo {version}".strip(),
        f"Targets: {', '.join(metrics['targets'])}",
        f"Seed {metrics['seed']}, split seed {metrics['split_seed']}",
        *[f"{key}: {value}" for key, value in metrics.get("chosen", {}).items()],
        "License of the software: Apache-2.0",
        f"Developers, date, contact: {not_provided('who made this model, when, and whom to ask')}",
        f"License of this model: {not_provided('who may use it, and on what terms')}",
    ]


def _use(run: Run) -> list[str]:
    return [
        "Primary use: research on whether fusing modalities improves a prediction, on data like "
        "the cohort's.",
        f"Primary users: {not_provided('for whom it was made')}",
        "Out of scope: any use for a patient, and any cohort on which it was not validated.",
    ]


def _factors(run: Run) -> list[str]:
    groups = [row["name"] for kind in ("group", "site") for row in levels_of(run, kind)]
    return [
        f"Groups reported apart: {listed(list(dict.fromkeys(groups)))}"
        if groups
        else f"Groups: {not_provided('which groups of patients matter, by groups in cohort.yaml')}",
        "Recorded modalities: every pattern of presence is reported apart",
        f"Instruments and environment: {not_provided('devices, wards and years of the data')}",
    ]


def _measures(run: Run) -> list[str]:
    cuts = [
        f"{name} {number(block['threshold'])}"
        for name, block in run.metrics["targets"].items()
        if block.get("threshold") is not None
    ]
    return [
        measures_in_words(run),
        *([f"Decision thresholds: {', '.join(cuts)}"] if cuts else []),
        "Variation: 95 % intervals from resampled patients; standard deviation over seeds",
    ]


def _evaluation_data(run: Run) -> list[str]:
    return [
        *evaluation_in_words(run.metrics),
        f"Sizes: {sizes_in_words(run)}",
        f"Patients in the table of the report and in {TABLE1}, small cells suppressed"
        if not run.table1.empty
        else f"Characteristics: {not_provided('who these patients were')}",
    ]


def _training_data(run: Run) -> list[str]:
    metrics, config = run.metrics, run.cohort
    described = {
        "Citation": (metrics.get("citation"), "where the data come from"),
        "Source": (config.get("source"), "the source of the data"),
        "Population": (config.get("population"), "who the patients are"),
        "License": (config.get("license"), "the terms of the data"),
    }
    simulated = ", simulated" if metrics["simulated"] else ""
    inputs = [modality_name(name) for name in metrics.get("missing_modalities", {})]
    return [
        f"Cohort {metrics['cohort']}, {counted(metrics['n_patients'], 'patient')}{simulated}",
        *([f"Modalities: {', '.join(inputs)}"] if inputs else []),
        *[f"{key}: {value or not_provided(lack)}" for key, (value, lack) in described.items()],
        f"Columns and variables: {columns_in_words(run) or not_provided('what goes in')}",
    ]


def _ethics(run: Run) -> list[str]:
    return [
        "Patient-level data: the model may memorise its training patients, and the run folder "
        "holds predictions of each; pseudonymised records are still personal data",
        f"Approval and consent: {not_provided('the committee and its decision')}",
        f"Risks and harms: {not_provided('who could be harmed by errors, and how')}",
        f"Affected people: {not_provided('whether patients were asked, and what they said')}",
    ]


def _results(run: Run, target: str) -> list[str]:
    metrics, block = run.metrics, run.metrics["targets"][target]
    words = verdict_in_words(block, cohort=metrics["cohort"], simulated=metrics["simulated"])
    hybrid = block["models"]["hybrid"]
    weights = hybrid.get("n_parameters")
    size = f" The hybrid has {whole(weights)} weights." if weights else ""
    return [
        f"### {escaped(target)}{' (simulated)' if metrics['simulated'] else ''}: {headline(block)}",
        f"{escaped(' '.join(words))}{size}",
        f"Recommended: {model_name(block['recommended'])}.",
        to_markdown(whole_table(block)),
    ]


def _bullets(items: list[str]) -> str:
    return "\n".join(f"- {escaped(item)}" for item in items)
