"""A finished run's verdicts in words."""

from pathlib import Path

from hybrid_zoo.studies.report_files import read_run
from hybrid_zoo.studies.words import headline, verdict_in_words


def verdicts(run: Path) -> list[str]:
    """Return a finished run's verdicts in words.

    Args:
        run: The run folder.
    """
    metrics = read_run(run).metrics
    lines = []
    for target, block in metrics["targets"].items():
        words = verdict_in_words(block, cohort=metrics["cohort"], simulated=metrics["simulated"])
        lines += [f"{target}: {headline(block)}", *words]
    return lines
