"""The short forms of a configuration that pandas frames make possible."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from hybrid_zoo.pipelines.writing import TABLES


def spelled_out(config: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Spell the short forms of `Cohort.from_frames` out as cohort.yaml would.

    Args:
        config: As given to it.
        frames: Table to its frame.
    """
    full = {"version": 1, "name": "cohort", **config}
    if _is_list(full.get("targets")):
        full["targets"] = {name: {"kind": "binary"} for name in full["targets"]}
    if _is_list(full.get("tabular")):
        full["tabular"] = {name: _column(frames["samples"], name) for name in full["tabular"]}
    for name in TABLES[1:]:
        full[name] = full.pop(f"{name}_options", _modalities(frames.get(name)))
    return {key: value for key, value in full.items() if value is not None}


def _modalities(frame: pd.DataFrame | None) -> dict[str, Any] | None:
    """Give every input that a table names its default options."""
    if frame is None or "modality" not in frame:
        return None if frame is None else {}
    return {str(name): {} for name in frame["modality"].dropna().unique()}


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, Mapping))


def _column(samples: pd.DataFrame, name: str) -> dict[str, str]:
    numeric = name in samples and pd.api.types.is_numeric_dtype(samples[name].dtype)
    return {"kind": "numeric" if numeric else "categorical"}
