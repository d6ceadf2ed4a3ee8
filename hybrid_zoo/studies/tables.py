"""A run's results as Markdown, for a page of results: no row of its data and no picture."""

from pathlib import Path

from hybrid_zoo.studies.report_files import Run, read_run
from hybrid_zoo.studies.tables_models import whole_table
from hybrid_zoo.studies.tables_parts import escaped, to_markdown
from hybrid_zoo.studies.words import headline, verdict_in_words
from hybrid_zoo.studies.words_study import command_of, evaluation_in_words


def markdown_results(run: Path) -> str:
    """Write what a run found, in Markdown.

    Args:
        run: A run folder.

    Returns:
        Cohort, evaluation, and per target the verdict in words and Table 1; then citation and
        command. Headings begin at level two.

    Raises:
        ConfigError: If it is not a run folder.
    """
    found = read_run(run)
    metrics = found.metrics
    simulated = " (simulated)" if metrics["simulated"] else ""
    lines = [
        f"## {escaped(metrics['cohort'])}{simulated}",
        " ".join(evaluation_in_words(metrics)),
        *[text for target in metrics["targets"] for text in _target(found, target)],
    ]
    if metrics.get("citation"):
        lines.append(f"Data: {escaped(metrics['citation'])}")
    lines.append(f"Command: `{command_of(metrics, found.environment)}`")
    return "\n\n".join(lines) + "\n"


def _target(run: Run, target: str) -> list[str]:
    metrics, block = run.metrics, run.metrics["targets"][target]
    simulated = " (simulated)" if metrics["simulated"] else ""
    words = verdict_in_words(block, cohort=metrics["cohort"], simulated=metrics["simulated"])
    table = whole_table(block)
    return [
        f"### {escaped(target)}{simulated}: {escaped(headline(block))}",
        escaped(" ".join(words)),
        to_markdown(table),
        escaped(table.note),
    ]
