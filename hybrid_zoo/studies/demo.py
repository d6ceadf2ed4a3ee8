"""The demonstration: two simulated studies whose right answers are known."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from hybrid_zoo.evaluation.verdict import CHECKS, is_simpler
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.studies.commands.console import bar, console, read
from hybrid_zoo.studies.commands.study import run_with_bar
from hybrid_zoo.studies.report_files import read_run
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.words_models import model_name

PATIENTS, TRAPPED = 1200, 600
NEXT = """For your own patients:
  hybrid-zoo validate MY_COHORT
  hybrid-zoo study MY_COHORT --out runs/my-study"""


def demo(runs: Path, seed: int) -> None:
    """Simulate two cohorts, study both, print what came out beside what should.

    Args:
        runs: Folder for the run folders `demo-simulated` and `demo-shortcut`, which are replaced.
        seed: Of the simulation and the training.
    """
    settings = Settings(seed=seed, trials=1, folds=3, seeds=1)
    console.print("Simulated patients: an instrument check, not medicine.")
    console.print("No search, three folds, one seed.")
    rows = []
    for number, (name, patients, shortcut) in enumerate(
        (("demo-simulated", PATIENTS, False), ("demo-shortcut", TRAPPED, True)), start=1
    ):
        console.print(f"\nAct {number}: {name}, {patients} patients")
        run = _act(runs / name, settings, patients, shortcut)
        targets = read_run(run).metrics["targets"]
        rows += [_row(target, block) for target, block in targets.items()]
        console.print(f"Report: {run / 'report.html'}")
    console.print(_table(rows))
    console.print(NEXT)


def _act(out: Path, settings: Settings, patients: int, shortcut: bool) -> Path:
    workspace = Path(tempfile.mkdtemp(prefix="hybrid-zoo-demo-"))
    try:
        with bar("Simulating") as update:
            folder = simulate(
                workspace / out.name,
                patients=patients,
                seed=settings.seed,
                shortcut=shortcut,
                progress=update,
            )
        return run_with_bar(read(folder), settings, out, overwrite=True, new=True)
    finally:
        shutil.rmtree(workspace)


def _row(target: str, block: dict[str, Any]) -> list[str]:
    """Task, best simple model, hybrid with interval, ceiling or shortcut, verdict."""
    models = block["models"]
    usable = [model for model in models if is_simpler(model) and model not in CHECKS]
    simple = max(usable, key=lambda m: models[m]["auroc"]["value"])
    best, hybrid = models[simple]["auroc"]["value"], models["hybrid"]["auroc"]
    limit = f"ceiling {block['ceiling']:.3f}" if block.get("ceiling") else ""
    if "shortcuts" in models:
        limit = f"shortcut {models['shortcuts']['auroc']['value']:.3f}"
    return [
        target,
        f"{model_name(simple)} {best:.3f}",
        f"{hybrid['value']:.3f} ({hybrid['low']:.3f} to {hybrid['high']:.3f})",
        limit,
        _verdict(block),
    ]


def _verdict(block: dict[str, Any]) -> str:
    if "shortcut" in block["flags"]:
        return "a shortcut explains it"
    if block["verdict"] != "helped":
        return f"fusing did not help ({block['verdict'].replace('_', ' ')})"
    return "late average is enough" if "late_enough" in block["flags"] else "fusing helped"


def _table(rows: list[list[str]]) -> Table:
    table = Table(title="Simulated: test AUROC (95 % interval)")
    table.add_column("Task", no_wrap=True)
    for column in ("Best simple model", "Hybrid", "Ceiling or shortcut", "Verdict"):
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table
