"""A study in a notebook: one call, and a result that shows itself."""

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registry import nearest
from hybrid_zoo.saving import load
from hybrid_zoo.studies.pages import page_template
from hybrid_zoo.studies.report_files import Run, read_run
from hybrid_zoo.studies.settings import read_settings
from hybrid_zoo.studies.tables_models import ranking_table
from hybrid_zoo.studies.words import headline, verdict_in_words

_COMMAND = "hybrid_zoo.study in Python"


class StudyResult:
    """What a study found; prints as its verdicts, shows itself in a notebook.

    Args:
        folder: A run folder.

    Raises:
        ConfigError: If it is not a run folder.
        DataError: If one of its files cannot be read.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._run: Run = read_run(self.folder)

    @property
    def metrics(self) -> Mapping[str, Any]:
        """All figures, as in `metrics.json`."""
        return self._run.metrics

    @property
    def targets(self) -> list[str]:
        """Names of the targets."""
        return list(self.metrics["targets"])

    @property
    def verdict(self) -> dict[str, str]:
        """Target to the verdict in a few words."""
        return {target: headline(block) for target, block in self.metrics["targets"].items()}

    @property
    def report(self) -> Path:
        """The report, a page that needs nothing else."""
        return self.folder / "report.html"

    @property
    def predictions(self) -> pd.DataFrame:
        """Scored predictions of all models, a row per sample, target, model and class."""
        return self._run.predictions

    @cached_property
    def model(self) -> keras.Model:
        """The calibrated hybrid, a plain Keras model that takes raw units."""
        return load(self.folder / "model.keras")

    def table(self, target: str | None = None) -> pd.DataFrame:
        """Return every model's metrics.

        Args:
            target: Its name; may be left out if there is one only.

        Returns:
            A row per model; of each metric its value and the bounds of its 95 % interval, as
            columns (metric, "value"), (metric, "low") and (metric, "high").
        """
        rows = {
            model: {
                (name, part): metric.get(part)
                for name, metric in measured.items()
                if isinstance(metric, dict) and "low" in metric
                for part in ("value", "low", "high")
            }
            for model, measured in self._block(target)["models"].items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model").astype(float)

    def comparisons(self, target: str | None = None) -> pd.DataFrame:
        """Return every model's difference in AUROC to the hybrid.

        Args:
            target: Its name; may be left out if there is one only.
        """
        return pd.DataFrame(self._block(target)["comparisons"])

    def subgroups(self, target: str | None = None) -> pd.DataFrame:
        """Return the hybrid's AUROC by what was recorded, group and site.

        Args:
            target: Its name; may be left out if there is one only.

        Returns:
            A row per level; cells of fewer than 10 patients are suppressed.
        """
        table = pd.DataFrame(self._block(target)["subgroups"])
        areas = pd.json_normalize([area or {} for area in table.pop("auroc")])
        areas = areas.reindex(columns=["value", "low", "high"])
        return table.join(areas.rename(columns={"value": "auroc"}))

    def in_words(self) -> list[str]:
        """Say what was found for every target, in sentences."""
        lines = []
        for target, block in self.metrics["targets"].items():
            lines += [f"{target}: {headline(block)}", *self._sentences(block)]
        return lines

    def __str__(self) -> str:
        return "\n".join([*self.in_words(), f"Report: {self.report}"])

    def __repr__(self) -> str:
        said = ", ".join(f"{target}: {words}" for target, words in self.verdict.items())
        return f"<StudyResult of {self.metrics['cohort']}: {said}>"

    def _repr_html_(self) -> str:
        """Show verdict and Table 1 of every target; whatever the cohort holds is escaped."""
        metrics = self.metrics
        ending = " (simulated)" if metrics["simulated"] else ""
        sections = [
            {
                "name": f"{target}{ending}: {headline(block)}",
                "words": self._sentences(block),
                "table": ranking_table(block, f"Table 1, {target}{ending}"),
            }
            for target, block in metrics["targets"].items()
        ]
        return page_template("notebook.html.j2").render(sections=sections)

    def _sentences(self, block: Mapping[str, Any]) -> list[str]:
        cohort, simulated = self.metrics["cohort"], self.metrics["simulated"]
        return verdict_in_words(block, cohort=cohort, simulated=simulated)

    def _block(self, target: str | None) -> Mapping[str, Any]:
        blocks = self.metrics["targets"]
        if target is None and len(blocks) == 1:
            return next(iter(blocks.values()))
        if target not in blocks:
            raise ConfigError(
                f"This study has the targets {list(blocks)}; got {target!r}."
                f"{nearest(str(target), blocks)}"
            )
        return blocks[target]


def study(
    cohort: Cohort | str | Path,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    **settings: Any,
) -> StudyResult:
    """Compare the hybrid with every single modality and every baseline on a cohort.

    Args:
        cohort: A cohort, or its folder.
        out: Run folder to write; without it the run is kept as long as the result is.
        overwrite: Replace an existing run.
        progress: Show a bar.
        **settings: `minutes`, `trials`, `folds`, `seeds`, `epochs`, `seed` and the other options of
            `hybrid-zoo study`.

    Returns:
        The result.

    Raises:
        ConfigError: For an unknown option or name, or if the folder exists.
        CohortError: If the cohort cannot be used.
    """
    # The command line is imported late: it knows everything, and a notebook need not.
    from hybrid_zoo.studies.commands.console import bar
    from hybrid_zoo.studies.runner import run_study

    options = read_settings(None, settings)
    known = cohort if isinstance(cohort, Cohort) else Cohort.read(cohort)
    run = Path(out) if out else Path(tempfile.mkdtemp(prefix="hybrid-zoo-")) / "run"
    shown = bar("Fits") if progress else contextlib.nullcontext(lambda done, total, name: None)
    with shown as update:
        run_study(known, options, run, overwrite=overwrite, command=_COMMAND, progress=update)
    result = StudyResult(run)
    if not out:
        weakref.finalize(result, shutil.rmtree, run.parent)
    return result
