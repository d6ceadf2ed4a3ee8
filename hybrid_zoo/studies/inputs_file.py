"""What the inputs of a run held, so that new patients are read by the same rules."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from hybrid_zoo.inputs import InputSpec, Modality
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.schema import CohortConfig, Variable

FAR = 3.0
"""Training deviations between two means above which a column is not what it was."""

_FEWEST = 10  # values that a mean is taken of


def describe_inputs(arrays: CohortArrays) -> dict[str, Any]:
    """Return columns, categories and statistics of series and tables, for `config.yaml`.

    Args:
        arrays: The cohort.

    Returns:
        Modality to `columns`, `kinds`, `mean`, `deviation`, and whether these are of the logarithm
        (`skewed`); and `categories`, column to the levels that its codes stand for.
    """
    spec = InputSpec.from_arrays(arrays.inputs, columns=arrays.columns, kinds=arrays.kinds)
    described: dict[str, Any] = {
        modality.name: {
            "columns": list(modality.columns),
            "kinds": list(modality.kinds),
            "mean": list(modality.mean),
            "deviation": [variance**0.5 for variance in modality.variance],
            "skewed": list(modality.skewed),
        }
        for modality in spec
        if modality.kind in ("sequence", "tabular")
    }
    return described | {"categories": {name: list(v) for name, v in arrays.categories.items()}}


def input_spec(inputs: Mapping[str, Any]) -> InputSpec:
    """Return the names and statistics of columns as a spec, which a saved model does not hold.

    Args:
        inputs: From `describe_inputs`.
    """
    return InputSpec(
        modalities=tuple(
            Modality(
                name=name,
                shape=(None,) * (name.partition("_")[0] == "sequence") + (len(of["columns"]),),
                columns=tuple(of["columns"]),
                kinds=tuple(of["kinds"]),
                mean=tuple(of["mean"]),
                variance=tuple(deviation**2 for deviation in of["deviation"]),
                skewed=tuple(of["skewed"]),
            )
            for name, of in inputs.items()
            if name != "categories"
        )
    )


def reading_config(config: CohortConfig, inputs: Mapping[str, Any]) -> CohortConfig:
    """Return the configuration by which tables without labels are read.

    Args:
        config: The run's.
        inputs: From `describe_inputs`.

    Returns:
        The same inputs, the variables of each series in the run's order, and nothing that names a
        column for another use: no targets, so that no label is asked for.
    """
    events = {}
    for name, options in config.events.items():
        declared = options.variables or {}
        columns = inputs[name]["columns"] if name in inputs else list(declared)
        events[name] = options.model_copy(
            update={"variables": {c: declared.get(c, Variable()) for c in columns}}
        )
    blank: dict[str, Any] = {
        "targets": {},
        "groups": (),
        "site": None,
        "scores": (),
        "shortcuts": (),
        "threshold": {},
    }
    return config.model_copy(update={**blank, "split": None, "folds": None, "events": events})


def labelled_config(
    config: CohortConfig, inputs: Mapping[str, Any], columns: Collection[str]
) -> CohortConfig:
    """Return the configuration by which tables with labels are read, to measure the run on them.

    Args:
        config: The run's.
        inputs: From `describe_inputs`.
        columns: Of the samples table.

    Returns:
        That of `reading_config`, with the targets, groups and site whose column is there.
    """
    there = {name: target for name, target in config.targets.items() if name in columns}
    return reading_config(config, inputs).model_copy(
        update={
            "targets": there,
            "groups": tuple(name for name in config.groups if name in columns),
            "site": config.site if config.site in columns else None,
        }
    )


def shifts(arrays: CohortArrays, inputs: Mapping[str, Any]) -> dict[str, float]:
    """Measure how far the means of columns have moved, such as by another unit.

    Args:
        arrays: New patients.
        inputs: From `describe_inputs`.

    Returns:
        Column to its distance in training deviations, those above `FAR`.
    """
    found = {}
    for name, values in arrays.inputs.items():
        known = inputs.get(name)
        if known is None or name == "categories":
            continue
        rows = values.recorded(slice(None)) if hasattr(values, "recorded") else values[:]
        for place, column in enumerate(known["columns"]):
            if known["kinds"][place] == "numeric":
                distance = _distance(np.asarray(rows[..., place]), known, place)
                if distance > FAR:
                    found[column] = distance
    return found


def _distance(values: np.ndarray, known: Mapping[str, Any], place: int) -> float:
    seen = values[np.isfinite(values)].astype(float)
    if len(seen) < _FEWEST:
        return 0.0
    seen = np.log1p(np.maximum(seen, 0)) if known["skewed"][place] else seen
    return float(abs(seen.mean() - known["mean"][place]) / known["deviation"][place])
