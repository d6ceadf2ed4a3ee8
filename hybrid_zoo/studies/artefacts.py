"""Write the files of a run folder."""

import hashlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hybrid_zoo.layers.lstm import LSTM
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.digests import sample_digests
from hybrid_zoo.studies.calibrated import Calibrated
from hybrid_zoo.studies.inputs_file import describe_inputs
from hybrid_zoo.studies.scoring import Result
from hybrid_zoo.studies.settings import Settings

PACKAGES = ("tensorflow", "keras", "keras-tuner", "scikit-learn", "pandas", "numpy", "hybrid-zoo")


def write_json(path: Path, content: Any) -> None:
    """Write JSON in which a number that does not exist is null.

    Args:
        path: The file.
        content: Dicts, lists, numbers and strings.
    """
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_settings(folder: Path, cohort: Cohort, arrays: CohortArrays, settings: Settings) -> None:
    """Write `config.yaml`: the resolved options, the cohort's own description, what inputs hold.

    Args:
        folder: The run folder.
        cohort: The cohort.
        arrays: The same as arrays.
        settings: The resolved options.
    """
    content = settings.model_dump() | {
        "cohort": str(cohort.folder) if cohort.folder else None,
        "cohort_config": cohort.config.to_dict(),
        "inputs": describe_inputs(arrays),
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def write_environment(folder: Path, command: str, looks: int, dtype: str | None = None) -> None:
    """Write `environment.json`: versions, machine, whose LSTM, command, looks at this test part.

    Args:
        folder: The run folder.
        command: What the user typed.
        looks: How often this test part has been scored, this time included; 0 without one.
        dtype: Policy that the networks were built under; None is the global one.
    """
    environment = {
        "command": command,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "lstm": "hybrid_zoo" if LSTM(1, dtype=dtype).is_fast else "keras",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "test_looks": looks,
    }
    write_json(folder / "environment.json", environment)


def write_splits(folder: Path, result: Result) -> None:
    """Write `splits.csv`: a hash of each sample, and which part it was in, in every round.

    Args:
        folder: The run folder.
        result: What the rounds brought.
    """
    arrays = result.arrays
    table = pd.DataFrame(
        {
            "sample_id": arrays.sample_ids,
            "patient_id": arrays.patient_ids,
            "content": sample_digests(arrays),
        }
    )
    for this in result.rounds:
        column = "split" if len(result.rounds) == 1 else f"round_{this.number}"
        table[column] = "none"  # left out of both, such as a test patient at another site
        table.loc[this.train, column] = "train"
        table.loc[this.scored, column] = "test"
    table.to_csv(folder / "splits.csv", index=False)


def write_predictions(
    folder: Path, result: Result, calibrated: dict[str, list[dict[str, Calibrated]]]
) -> None:
    """Write `predictions.csv`: calibrated probabilities, out of fold for the training part.

    Args:
        folder: The run folder.
        result: What the rounds brought.
        calibrated: Target to `result.calibrated(target)`.
    """
    parts = [
        prediction_rows(result.arrays, target, values, model=name, split=split, fold=number)
        for target, rounds in calibrated.items()
        for number, models in enumerate(rounds)
        for name, model in models.items()
        for split, values in _parts(model, single=len(rounds) == 1)
    ]
    pd.concat(parts).to_csv(folder / "predictions.csv", index=False)


def prediction_rows(
    arrays: CohortArrays, target: str, values: np.ndarray, *, model: str, split: str, fold: int = 0
) -> pd.DataFrame:
    """Lay predictions out as `predictions.csv` does: a row per sample, or per sample and class.

    Args:
        arrays: The patients.
        target: Name of the target.
        values: `(samples,)` or `(samples, classes)` probabilities; NaN where there is none.
        model: Name of the model.
        split: Name of the part that they belong to.
        fold: Number of the round.

    Returns:
        The rows of the samples that have a prediction; `label` is missing where unknown.
    """
    classes = np.array(arrays.classes.get(target) or (), dtype=object)
    values = values.reshape(len(arrays), -1)
    rows = np.flatnonzero(np.isfinite(values[:, 0]))
    labels = pd.Series(arrays.labels[target][rows]).astype("Int64")
    if len(classes):
        labels = labels.map(dict(enumerate(classes)), na_action="ignore").astype(object)
    table = {
        "sample_id": np.repeat(arrays.sample_ids[rows], values.shape[1]),
        "target": target,
        "model": model,
        "split": split,
        "label": labels.repeat(values.shape[1]).array,
        "probability": values[rows].reshape(-1),
        "fold": fold,
    }
    return pd.DataFrame(table | ({"class": np.tile(classes, len(rows))} if len(classes) else {}))


def count_looks(result: Result, out: Path) -> int:
    """Note in `test_looks.jsonl` beside the runs that a test part was scored.

    Args:
        result: What the rounds brought.
        out: The run folder's final place.

    Returns:
        How often this very test part has been scored, this time included; 0 without a hold-out.
    """
    if len(result.rounds) > 1:
        return 0
    test = result.arrays.sample_ids[result.rounds[0].scored]
    content = "\n".join([result.cohort.config.name, *sorted(test)])
    part = hashlib.sha256(content.encode()).hexdigest()
    book = out.parent / "test_looks.jsonl"
    earlier = book.read_text(encoding="utf-8").splitlines() if book.exists() else []
    with book.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"test_part": part, "run": out.name}) + "\n")
    return 1 + sum(json.loads(line)["test_part"] == part for line in earlier)


def _parts(model: Calibrated, *, single: bool) -> list[tuple[str, np.ndarray]]:
    """Under cross-validation every sample is scored: its training rows would only repeat."""
    test = [("test", model.scored)]
    return [*test, ("train", model.out_of_fold)] if single else test


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
