"""The models that a run folder keeps, calibrated, ready for new patients."""

from pathlib import Path

import numpy as np

from hybrid_zoo.saving import save
from hybrid_zoo.study.calibrated import Calibrated, calibrate
from hybrid_zoo.study.contest import Contest
from hybrid_zoo.study.networks import calibrate_model
from hybrid_zoo.study.rivals import refit_rival
from hybrid_zoo.study.scoring import Result
from hybrid_zoo.tuning.storage import save_baseline


def write_models(
    folder: Path,
    contest: Contest,
    result: Result,
    calibrated: dict[str, list[dict[str, Calibrated]]],
) -> None:
    """Write `model.keras` and `baselines/*.skops`.

    In a hold-out these are the models that were scored. Under cross-validation none of the scored
    models saw all patients, so that both are refitted on all rows with the first round's choice.

    Args:
        folder: The run folder.
        contest: All models.
        result: What the rounds brought.
        calibrated: Target to `result.calibrated(target)`.
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
    (folder / "baselines").mkdir()
    for name, features in contest.rivals.items():
        pipelines = result.entries[0][name].artifact
        if len(result.rounds) > 1:
            pipelines = refit_rival(name, features, result.rounds[0], result.entries[0][name])
        for target, pipeline in pipelines.items():
            path = folder / "baselines" / f"{name.replace(':', '-')}-{target}.skops"
            save_baseline(path, pipeline)


def _pooled_line(result: Result, target: str) -> tuple[float, float]:
    """Recalibrate on what each round predicted of patients that it had not seen."""
    scored = [e["hybrid"].scored[target] for e in result.entries]
    logits = np.nanmean(np.stack(scored), axis=0)
    return calibrate(logits, logits, result.arrays.labels[target]).line
