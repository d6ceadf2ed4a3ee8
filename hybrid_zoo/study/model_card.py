"""The model card of a run: what the saved model is, what it is for, and what it is not."""

from pathlib import Path

from hybrid_zoo.study.report_files import Run, read_run
from hybrid_zoo.study.statement import STATEMENT
from hybrid_zoo.study.tables_models import whole_table
from hybrid_zoo.study.tables_parts import escaped, to_markdown
from hybrid_zoo.study.words import CUSTODY, headline, verdict_in_words
from hybrid_zoo.study.words_models import modality_name, model_name
from hybrid_zoo.study.words_numbers import counted, whole
from hybrid_zoo.study.words_study import evaluation_in_words, limits_in_words


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
        f"> {STATEMENT}",
        f"> {CUSTODY}",
        *_details(found),
        "## Intended use",
        "Research on whether fusing modalities improves a prediction, on data like the cohort's. "
        "Out of scope: any use for a patient, and any cohort on which it was not validated.",
        "## Results",
        " ".join(evaluation_in_words(metrics)),
        *[text for target in metrics["targets"] for text in _results(found, target)],
        "## Limits",
        _bullets(limits_in_words(metrics)),
    ]
    path = found.folder / "MODEL_CARD.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _details(run: Run) -> list[str]:
    metrics = run.metrics
    chosen = [f"{key}: {value}" for key, value in metrics.get("chosen", {}).items()]
    inputs = [modality_name(name) for name in metrics.get("missing_modalities", {})]
    data = [
        f"Cohort {metrics['cohort']}, {counted(metrics['n_patients'], 'patient')}"
        + (", simulated" if metrics["simulated"] else ""),
        *([f"Modalities: {', '.join(inputs)}"] if inputs else []),
        *([f"Citation: {metrics['citation']}"] if metrics.get("citation") else []),
    ]
    version = metrics.get("package_version", "")
    model = [
        f"model.keras: the hybrid, written by hybrid_zoo {version}".strip(),
        f"Targets: {', '.join(metrics['targets'])}",
        f"Seed {metrics['seed']}, split seed {metrics['split_seed']}",
        *chosen,
    ]
    return ["## Model", _bullets(model), "## Data", _bullets(data)]


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
