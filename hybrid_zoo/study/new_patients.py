"""Score patients whose outcome is not known with the model of a finished run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import yaml

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.schema import CohortConfig, parse_config
from hybrid_zoo.saving import load
from hybrid_zoo.study.inputs_file import reading_config, shifts
from hybrid_zoo.study.report_files import read_run

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished run's model and what it reads.

    Args:
        model: `model.keras`, calibrated.
        config: The run's cohort.
        inputs: From `describe_inputs`.
        thresholds: Binary target to the probability from which the run decided for the event.
    """

    model: keras.Model
    config: CohortConfig
    inputs: Mapping[str, Any]
    thresholds: Mapping[str, float | None]


def read_trained(run: Path) -> Trained:
    """Read what a run needs to score patients.

    Args:
        run: A run folder.

    Raises:
        ConfigError: If it is not a whole run folder, or of a version that kept less.
        UnsafeArtifactError: If the model file holds what must not be loaded.
        CorruptArtifactError: If the model file is damaged.
    """
    found = read_run(run)
    settings = yaml.safe_load(found.config) if found.config else {}
    lacking = [name for name in ("cohort_config", "inputs") if name not in settings]
    if lacking:
        raise ConfigError(
            f"{found.folder.name}: config.yaml has no {' and no '.join(lacking)}, by which new "
            "patients are read; another version wrote it. Repeat the study with this version."
        )
    if not (found.folder / "model.keras").is_file():
        raise ConfigError(f"{found.folder.name}: no model.keras in this folder.")
    return Trained(
        model=load(found.folder / "model.keras"),
        config=parse_config(settings["cohort_config"], "config.yaml"),
        inputs=settings["inputs"],
        thresholds={
            target: block["threshold"] for target, block in found.metrics["targets"].items()
        },
    )


def read_new_patients(
    trained: Trained, folder: Path, progress: Callable[[int, int], None] | None = None
) -> tuple[Cohort, CohortArrays]:
    """Read a folder of tables as the run read its own, without labels.

    Args:
        trained: The run.
        folder: The tables; no cohort.yaml is needed, and one that is there is not read.
        progress: Of the scan of images.

    Raises:
        CohortError: If a table or column is missing.
    """
    config = reading_config(trained.config, trained.inputs)
    cohort = Cohort.read(folder, progress, config=config)
    return cohort, cohort.to_arrays(categories=trained.inputs["categories"])


def predict(trained: Trained, arrays: CohortArrays) -> pd.DataFrame:
    """Predict every sample.

    Args:
        trained: The run.
        arrays: From `read_new_patients`.

    Returns:
        One row per sample and target, of a multiclass target per class: `sample_id`, `target`,
        `class`, `probability`, and the run's `threshold`, empty for a multiclass target.
    """
    inputs = {name: arrays.inputs[name] for name in trained.model.input}
    rows = np.arange(len(arrays))
    data = Batches(inputs).dataset(rows, batch_size=_BATCH)
    outputs = trained.model.predict(data, verbose=0)
    tables = [_table(arrays, target, outputs[target], trained) for target in trained.config.targets]
    return pd.concat(tables, ignore_index=True)


def notices(trained: Trained, cohort: Cohort, arrays: CohortArrays) -> list[str]:
    """Say what of new patients the model will not read as it read its own.

    Args:
        trained: The run.
        cohort: From `read_new_patients`.
        arrays: Likewise.

    Returns:
        Sentences, without any measured value.
    """
    said = []
    for column, levels in trained.inputs["categories"].items():
        known = cohort.samples[column].dropna().isin(levels)
        if not known.all():
            said.append(
                f"{column}: {int((~known).sum())} cells hold a level that the run never saw; they "
                "count as not recorded."
            )
    said += [
        f"{column}: its mean is {distance:.1f} training deviations from the run's; is it in "
        "another unit?"
        for column, distance in shifts(arrays, trained.inputs).items()
    ]
    return said


def _table(
    arrays: CohortArrays, target: str, probabilities: np.ndarray, trained: Trained
) -> pd.DataFrame:
    classes = trained.config.targets[target].classes or ("",)
    return pd.DataFrame(
        {
            "sample_id": np.repeat(arrays.sample_ids, len(classes)),
            "target": target,
            "class": np.tile(classes, len(arrays)),
            "probability": probabilities.reshape(-1),
            "threshold": trained.thresholds[target],
        }
    )
