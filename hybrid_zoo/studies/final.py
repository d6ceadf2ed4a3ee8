"""The models that a run folder keeps, calibrated, ready for new patients."""

import contextlib
import logging
from pathlib import Path

import numpy as np

from hybrid_zoo.errors import UnsafeArtifactError
from hybrid_zoo.saving import save
from hybrid_zoo.studies.calibrated import Calibrated, calibrate
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.networks import calibrate_model
from hybrid_zoo.studies.scoring import Result
from hybrid_zoo.tuning.storage import save_baseline
from hybrid_zoo.tuning.worker import WorkerError

log = logging.getLogger("hybrid_zoo")


def write_models(
    folder: Path,
    contest: Contest,
    result: Result,
    calibrated: dict[str, list[dict[str, Calibrated]]],
) -> dict[str, str]:
    """Write `model.keras` and `baselines/*.skops`.

    In a hold-out these are the models that were scored. Under cross-validation none of the scored
    models saw all patients, so that both are refitted on all rows with the first round's choice.

    Args:
        folder: The run folder.
        contest: All models.
        result: What the rounds brought.
        calibrated: Target to `result.calibrated(target)`.

    Returns:
        Baseline to the reason why it could not be written.
    """
    entry = result.entries[0]["hybrid"]
    everyone = np.arange(len(result.arrays))
    if len(result.rounds) == 1:
        model = entry.artifact
        lines = {t: rounds[0]["hybrid"].line for t, rounds in calibrated.items()}
    else:
        epochs = int(np.median([e["hybrid"].cost.epochs for e in result.entries]))
        seed = result.rounds[0].settings.seed
        network = contest.networks["hybrid"]
        model = network.fit(entry.config, everyone, epochs=epochs, seed=seed).model
        lines = {t: _pooled_line(result, t) for t in result.arrays.labels}
    calibrate_model(model, lines)
    save(model, folder / "model.keras")
    return _write_baselines(folder / "baselines", contest, result)


def _write_baselines(folder: Path, contest: Contest, result: Result) -> dict[str, str]:
    folder.mkdir()
    rivals, first, entries = contest.rivals, result.rounds[0], result.entries[0]
    scored = len(result.rounds) == 1
    not_saved = {}
    with contextlib.nullcontext() if scored else rivals.worker:
        for name in (name for name in rivals.names if name in entries):
            entry = entries[name]
            try:
                pipelines = entry.artifact if scored else rivals.refit(name, first, entry)
                for target, pipeline in pipelines.items():
                    path = folder / f"{name.replace(':', '-')}-{target}.skops"
                    save_baseline(path, pipeline)
            except (WorkerError, UnsafeArtifactError) as error:
                not_saved[name] = str(error)
                log.warning("%s is not saved: %s", name, error)
    return not_saved


def _pooled_line(result: Result, target: str) -> tuple[float, float]:
    """Recalibrate on what each round predicted of patients that it had not seen."""
    scored = [e["hybrid"].scored[target] for e in result.entries]
    logits = np.nanmean(np.stack(scored), axis=0)
    return calibrate(logits, logits, result.arrays.labels[target]).line
