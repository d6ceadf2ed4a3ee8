"""Read patients as a finished run read its own, and score them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.tables import Quarantine, read_table
from hybrid_zoo.studies.inputs_file import labelled_config, reading_config, shifts
from hybrid_zoo.studies.trained import Trained

Progress = Callable[[int, int], None]


def read_new_patients(
    trained: Trained, folder: Path, progress: Progress | None = None
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


def read_labelled(
    trained: Trained, folder: Path, progress: Progress | None = None
) -> tuple[Cohort, CohortArrays]:
    """Read a folder of tables with labels as the run read its own.

    Args:
        trained: The run.
        folder: The tables. Of the run's targets, groups and site those are used whose column is
            there; at least one target must be.
        progress: Of the scan of images.

    Raises:
        CohortError: If a table or column is missing, or every target.
    """
    if not folder.is_dir():
        raise CohortError(f"{folder} is not a folder; expected one that holds the tables.")
    table = read_table(folder, "samples", Quarantine())
    columns = [] if table is None else list(map(str, table))
    targets = list(trained.config.targets)
    if not set(targets) & set(columns):
        raise CohortError(
            f"table samples has no column of a target of the run ({targets}); measuring needs "
            "labels. Without them: hybrid-zoo predict."
        )
    config = labelled_config(trained.config, trained.inputs, columns)
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
    outputs = trained.predict(arrays)
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
            "threshold": trained.threshold(target),
        }
    )
