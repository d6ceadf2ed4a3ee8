"""The files of a finished search, as the pages read them."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.studies.words_models import in_order

MOST = 12
"""Folds, or parameters, that a page shows; the files hold all."""

_HYPERBAND = "tuner/"  # its own bookkeeping beside the values
_FILES = ("trials.csv", "curves.csv", "space.yaml", "summary.json")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What `CrossValidatedTuner.write_report` left.

    Args:
        trials: `trials.csv`, one row per trial.
        curves: `curves.csv`, one row per trial, fold and epoch.
        space: `space.yaml`.
        summary: `summary.json`.
        name: The network, as in `metrics.json`; empty for a search on its own.
        round: Of the study.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    space: list[dict[str, Any]]
    summary: dict[str, Any]
    name: str = ""
    round: int = 0

    @cached_property
    def parameters(self) -> list[str]:
        """The columns of the table of trials that are hyperparameters."""
        columns = [str(name) for name in self.trials]
        found = columns[columns.index("seconds") + 1 :]
        return [c for c in found if not c.startswith(_HYPERBAND) or c == "tuner/epochs"]

    @property
    def varied(self) -> list[str]:
        """Parameters that differ between trials."""
        return [n for n in self.parameters if self.trials[n].nunique(dropna=False) > 1]

    @property
    def best(self) -> str | None:
        """The chosen trial; None if every trial failed."""
        return (self.summary["best"] or {}).get("trial")

    def log(self, name: str) -> bool:
        """Tell whether a parameter was drawn on a logarithmic scale.

        Args:
            name: One of `parameters`.
        """
        own = parameter_name(name)
        return any(p["name"] == own and p.get("sampling") == "log" for p in self.space)

    @cached_property
    def drawn(self) -> list[str]:
        """Parameters that have two values, at least, among the trials that have a score."""
        scored = self.trials[self.trials["score"].notna()]
        return [name for name in self.parameters if scored[name].nunique() > 1][:MOST]

    @cached_property
    def chosen_folds(self) -> list[tuple[int, pd.DataFrame]]:
        """The learning curves of the chosen trial: number of the fold, and its rows."""
        rows = self.curves[self.curves["trial"] == self.best]
        return [(fold, rows[rows["fold"] == fold]) for fold in sorted(set(rows["fold"].tolist()))]


def parameter_name(column: str) -> str:
    """Return what a hyperparameter is called.

    Args:
        column: Of the table of trials, which writes `parameter/NAME` where the name is taken.
    """
    return column.removeprefix("parameter/")


def best_epoch(rows: pd.DataFrame) -> tuple[int, float] | None:
    """Return the epoch that early stopping went back to, and its validation loss.

    Args:
        rows: The learning curves of one fold.

    Returns:
        The first epoch of the lowest validation loss; None if none was kept.
    """
    if "val_loss" not in rows or rows["val_loss"].isna().all():
        return None
    place = int(rows["val_loss"].argmin())
    return int(rows["epoch"].iloc[place]), float(rows["val_loss"].iloc[place])


def read_search(folder: Path, name: str = "", number: int = 0) -> Search:
    """Read the files of a search.

    Args:
        folder: Written by `CrossValidatedTuner.write_report`.
        name: The network.
        number: Of the round.

    Raises:
        ConfigError: If one of the files is not there.
    """
    missing = [file for file in _FILES if not (folder / file).is_file()]
    if missing:
        raise ConfigError(
            f"{folder.name}: no {' and no '.join(missing)} in this folder; expected one that "
            "CrossValidatedTuner.write_report wrote."
        )
    # A choice may be called "None" or "nan": only an empty cell is one that was not there.
    options: dict[str, Any] = {
        "dtype": {"trial": str}, "keep_default_na": False, "na_values": [""]
    }  # fmt: skip
    return Search(
        trials=pd.read_csv(folder / "trials.csv", index_col="trial", **options),
        curves=pd.read_csv(folder / "curves.csv", **options),
        space=yaml.safe_load((folder / "space.yaml").read_text(encoding="utf-8")),
        summary=json.loads((folder / "summary.json").read_text(encoding="utf-8")),
        name=name,
        round=number,
    )


def read_searches(folder: Path) -> dict[str, list[Search]]:
    """Read the searches of a run.

    Args:
        folder: `search` of a run folder, with a folder `NETWORK-ROUND` for each; it may be missing.

    Returns:
        Network to its searches, by round; in the order of the tables of models.
    """
    found: dict[str, list[Search]] = {}
    for path in folder.glob("*-*"):
        name, _, number = path.name.rpartition("-")
        found.setdefault(name, []).append(read_search(path, name, int(number)))
    return {name: sorted(found[name], key=lambda search: search.round) for name in in_order(found)}
