"""The model of a finished run, and what is needed to score patients with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import yaml
from scipy.special import expit, softmax

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.schema import CohortConfig, parse_config
from hybrid_zoo.saving import load
from hybrid_zoo.studies.checksums import read_checksums, require_unchanged

_BATCH = 256
_FILES = ("metrics.json", "config.yaml", "splits.csv", "model.keras")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished run's model and what it reads.

    Args:
        name: Of the run folder.
        model: `model.keras`, calibrated.
        config: The run's cohort.
        inputs: From `describe_inputs`.
        settings: `config.yaml`.
        metrics: `metrics.json`.
        splits: `splits.csv`, as text.
        digest: SHA-256 of `model.keras`.
    """

    name: str
    model: keras.Model
    config: CohortConfig
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    splits: pd.DataFrame
    digest: str

    @property
    def is_held_out(self) -> bool:
        """Whether the model was scored on a part held out; of folds it is a refit on all rows."""
        return "split" in self.splits

    def threshold(self, target: str) -> float | None:
        """Return the probability from which the run decided for the event; None for multiclass.

        Args:
            target: Its name.
        """
        return self.metrics["targets"][target]["threshold"]

    def inputs_of(self, arrays: CohortArrays, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the model reads of some samples.

        Args:
            arrays: Read by the run's own variables and levels.
            rows: Positions.

        Returns:
            Input to `(rows, ...)`; series as long as the longest of these.
        """
        found = {}
        for name in self.model.input:
            values = arrays.inputs[name]
            found[name] = values.padded(rows) if hasattr(values, "padded") else values[rows]
        return found

    def predict(self, arrays: CohortArrays) -> dict[str, np.ndarray]:
        """Predict every sample.

        Args:
            arrays: Read by the run's own variables and levels.

        Returns:
            Target to `(samples,)`, of a multiclass target `(samples, classes)`, float64: a float32
            probability near 1 has lost most digits of its logit, and so of its calibration.
        """
        graph = {t: self.model.get_layer(f"{t}_calibration").output for t in self.model.targets}
        inputs = {name: arrays.inputs[name] for name in self.model.input}
        data = Batches(inputs).dataset(np.arange(len(arrays)), batch_size=_BATCH)
        logits = keras.Model(self.model.input, graph).predict(data, verbose=0)
        return {target: as_probabilities(values) for target, values in logits.items()}


def as_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of calibrated logits, in float64.

    Args:
        logits: `(samples, classes)`, of a binary target `(samples, 1)`.

    Returns:
        `(samples, classes)`, of a binary target `(samples,)`.
    """
    wide = logits.astype(np.float64)
    return softmax(wide, axis=1) if wide.shape[1] > 1 else expit(wide[:, 0])


def read_trained(run: Path) -> Trained:
    """Read what a run needs to score patients.

    Args:
        run: A run folder.

    Raises:
        ConfigError: If it is no run folder, or of a version that kept less.
        CorruptArtifactError: If one of its files is missing, damaged, or not what the study wrote.
        UnsafeArtifactError: If the model file holds what must not be loaded.
    """
    if not (run / "metrics.json").is_file():
        raise ConfigError(
            f"{run.name}: no metrics.json in this folder; expected a run folder written by "
            "`hybrid-zoo study COHORT --out RUN`."
        )
    require_unchanged(run, _FILES)
    settings = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    lacking = [name for name in ("cohort_config", "inputs") if name not in settings]
    if lacking:
        raise ConfigError(
            f"{run.name}: config.yaml has no {' and no '.join(lacking)}, by which new "
            "patients are read; another version wrote it. Repeat the study with this version."
        )
    return Trained(
        name=run.name,
        model=load(run / "model.keras"),
        config=parse_config(settings["cohort_config"], "config.yaml"),
        inputs=settings["inputs"],
        settings=settings,
        metrics=json.loads((run / "metrics.json").read_text(encoding="utf-8")),
        splits=pd.read_csv(run / "splits.csv", dtype=str, keep_default_na=False),
        digest=read_checksums(run)["model.keras"],
    )
