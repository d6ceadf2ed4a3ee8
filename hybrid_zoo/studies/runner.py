"""The whole protocol: from a cohort to a run folder."""

import contextlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from hybrid_zoo import __version__
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies import artefacts
from hybrid_zoo.studies.calibrated import Calibrated
from hybrid_zoo.studies.checksums import write_checksums
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.final import write_models
from hybrid_zoo.studies.flow import participant_flow
from hybrid_zoo.studies.forecast import Forecast
from hybrid_zoo.studies.networks import STATE, present_rows
from hybrid_zoo.studies.parts import make_rounds, plan_study
from hybrid_zoo.studies.report import write_report
from hybrid_zoo.studies.rivals import choose_baselines
from hybrid_zoo.studies.scoring import Result, target_block
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.table1 import write_table1
from hybrid_zoo.tuning.plan import Plan
from hybrid_zoo.tuning.space import Space

Progress = Callable[[int, int, str], None]
log = logging.getLogger("hybrid_zoo")


def run_study(
    cohort: Cohort,
    settings: Settings,
    out: Path,
    *,
    overwrite: bool = False,
    new: bool = False,
    command: str = "",
    progress: Progress = lambda done, total, name: None,
) -> Path:
    """Compare all models on a cohort and write the run folder.

    The folder is written as `OUT.partial` and renamed when it is whole. Stopped by whatever, the
    same study goes on at the next fold of its networks.

    Args:
        cohort: The cohort.
        settings: The user's options.
        out: The run folder; must not exist unless `overwrite`.
        overwrite: Replace an existing run.
        new: Forget what a stopped study left in `OUT.partial`.
        command: What the user typed, for the record.
        progress: Called with fits done, fits in all and the model's name.

    Returns:
        The run folder.

    Raises:
        ConfigError: For an unknown encoder, fusion or baseline, or if the folder exists, the folds
            cannot be made, or another study was stopped there.
        NumericsError: If training left the finite numbers.

    Source:
        The protocol of this package's design: same information, same chances, intervals, verdict.
    """
    start = time.perf_counter()
    space = _check_names(cohort, settings)
    partial = prepare_folder(out, overwrite=overwrite, new=new)
    with _log_file(partial / "run.log"):
        cohort.quarantine.to_csv(partial / "quarantine.csv", index=False)
        arrays = cohort.to_arrays()
        artefacts.write_settings(partial, cohort, arrays, settings)
        plan = plan_study(cohort, arrays, settings)
        log.info("%s: %s", plan.evaluation, plan.reason)
        contest, result = _contest(cohort, arrays, settings, space, plan, partial, progress)
        calibrated = {target: result.calibrated(target) for target in arrays.labels}
        metrics = _header(cohort, arrays, settings, plan, result)
        ceilings = _ceilings(cohort)
        for target, of_target in calibrated.items():
            log.info("evaluating %s", target)
            block = target_block(result, target, of_target)
            metrics["targets"][target] = block | {"ceiling": ceilings.get(target)}
        metrics["not_saved"] = write_models(partial, contest, result, calibrated)
        _write_tables(partial, result, calibrated)
        looks = artefacts.count_looks(result, out)
        artefacts.write_environment(partial, command, looks, settings.dtype)
        metrics["seconds"] = round(time.perf_counter() - start, 1)
        artefacts.write_json(partial / "metrics.json", metrics)
        shutil.rmtree(partial / "search" / STATE)  # it holds predictions
        write_report(partial)
        write_checksums(partial)
    if out.exists():
        shutil.rmtree(out)
    partial.rename(out)
    return out


def _write_tables(
    folder: Path, result: Result, calibrated: dict[str, list[dict[str, Calibrated]]]
) -> None:
    artefacts.write_predictions(folder, result, calibrated)
    artefacts.write_splits(folder, result)
    write_table1(folder, result)


def prepare_folder(out: Path, *, overwrite: bool, new: bool = False) -> Path:
    """Make `OUT.partial`, where a stopped study may have left finished folds.

    Args:
        out: The run folder's final place.
        overwrite: Whether an existing run may be replaced at the end.
        new: Remove those folds too.

    Returns:
        The partial folder, with nothing but `search` in it.

    Raises:
        ConfigError: If the run exists and may not be replaced.
    """
    if out.exists() and not overwrite:
        raise ConfigError(f"{out} exists. Choose another --out, or pass --overwrite.")
    partial = out.with_name(out.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    for path in partial.iterdir():
        if path.name == "search" and not new:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return partial


def _check_names(cohort: Cohort, settings: Settings) -> Space:
    """Refuse an unknown name before anything is written."""
    choose_baselines(cohort.config.scores, settings.baselines)
    return Space(settings.names)


def _contest(
    cohort: Cohort,
    arrays: CohortArrays,
    settings: Settings,
    space: Space,
    plan: Plan,
    partial: Path,
    progress: Progress,
) -> tuple[Contest, Result]:
    deadline = time.monotonic() + 60 * settings.minutes if settings.minutes else None
    contest = Contest(cohort, arrays, space, settings.imbalance, settings.baselines, settings.dtype)
    done, one_at_a_time = [0], Lock()

    def on_fit(name: str) -> None:
        with one_at_a_time:  # baselines are fitted beside the networks
            done[0] += 1
            if name == "hybrid":
                forecast.after_fit()
            log.info("fit %d of %d: %s", done[0], total, name)
            progress(done[0], total, f"{name} ({forecast.words})" if forecast.words else name)

    rounds = make_rounds(
        cohort,
        arrays,
        settings,
        plan,
        workspace=partial / "search",
        on_fit=on_fit,
        deadline=deadline,
    )
    total, forecast = contest.fits(rounds), Forecast(contest, rounds)
    progress(0, total, "hybrid")
    return contest, contest.run(rounds)


def _header(
    cohort: Cohort, arrays: CohortArrays, settings: Settings, plan: Plan, result: Result
) -> dict[str, Any]:
    config, first = cohort.config, result.rounds[0]
    single = len(result.rounds) == 1
    return {
        "cohort": config.name,
        "simulated": config.simulated,
        "package_version": __version__,
        "citation": config.citation,
        "shortcuts": list(config.shortcuts),
        "seed": settings.seed,
        "split_seed": config.split_seed,
        "evaluation": plan.evaluation,
        "plan": {
            "evaluation": plan.evaluation,
            "reason": plan.reason,
            "folds": settings.folds,
            "repeats": plan.repeats,
            "rounds": len(result.rounds),
            "trials": first.trials,
            "seeds": settings.seeds,
            "epochs": settings.epochs,
            "imbalance": settings.imbalance,
            "dtype": settings.dtype,
            "baseline_minutes": settings.baseline_minutes,
        },
        "n_train": len(first.train) if single else len(arrays),
        "n_test": len(first.scored) if single else len(arrays),
        "n_patients": len(set(arrays.patient_ids)),
        "quarantined": len(cohort.quarantine),
        "dropped": dict(cohort.dropped),
        "missing_modalities": _missing(arrays),
        "flow": participant_flow(result),
        "targets": {},
        "left_out": result.left_out,
        "cut_short": result.cut_short,
        "chosen": result.entries[0]["hybrid"].config,
    }


def _missing(arrays: CohortArrays) -> dict[str, float]:
    """Modality to the share of samples without it."""
    names = [name for name in arrays.inputs if not name.startswith("time")]
    return {name: float(1 - present_rows(arrays, name).mean()) for name in names}


def _ceilings(cohort: Cohort) -> dict[str, float]:
    """The best possible AUROC per target, which only a simulator knows."""
    if not cohort.config.simulated or cohort.folder is None:
        return {}
    stated = cohort.folder / "ceilings.json"
    return json.loads(stated.read_text(encoding="utf-8")) if stated.is_file() else {}


@contextlib.contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Send this package's log to a file while a study runs."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    except BaseException as error:
        log.error("stopped by %s", type(error).__name__)
        raise
    finally:
        log.removeHandler(handler)
        handler.close()
