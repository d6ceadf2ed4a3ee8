"""A finished search for TensorBoard's HParams dashboard."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from tensorboard.plugins.hparams import api, api_pb2
from tensorboard.plugins.hparams.summary import session_end_pb

from hybrid_zoo.tuning.trials import Trials, values_of

_INTERVALS = {
    "Int": api.IntInterval,
    "Float": lambda low, high: api.RealInterval(float(low), float(high)),
}
_EVENTS = "events.out.tfevents"
_METRICS = ("mean", "sd", "score", "seconds")  # columns of the table of trials


def write_hparams(folder: Path, trials: Trials) -> None:
    """Write a run per trial: its hyperparameters, what it reached, its learning curves.

    Args:
        folder: For `tensorboard --logdir`; what it held is removed.
        trials: Of the finished search.

    Source:
        TensorBoard's own `tensorboard.plugins.hparams.api`. KerasTuner's conversion of the space is
        not used: its steps are sums of floats, among which a default of 0.3 is not found, so that
        the dashboard would hide those trials.
    """
    shutil.rmtree(folder, ignore_errors=True)  # or every trial would be there twice
    with _writer(folder):
        api.hparams_config(
            hparams=[api.HParam(name, _domain(found)) for name, found in _by_name(trials).items()],
            metrics=[api.Metric(name) for name in _METRICS],
        )
    table, curves = trials.table(), trials.curves()
    for trial, _ in trials.pairs:
        name = trial.trial_id
        with _writer(folder / name):
            _write_trial(trial, table.loc[name])
            _write_curves(curves[curves["trial"] == name])
    for path in folder.rglob("events.*"):  # TensorBoard puts the name of the machine into theirs
        path.rename(path.with_name(_EVENTS))


def _write_trial(trial: Any, row: pd.Series) -> None:
    api.hparams(values_of(trial), trial_id=trial.trial_id)
    for name in _METRICS:
        if np.isfinite(row[name]):  # a stopped trial has no mean, a failed one has nothing
            tf.summary.scalar(name, row[name], step=0)
    failed = row["status"] == "failed"
    status = api_pb2.STATUS_FAILURE if failed else api_pb2.STATUS_SUCCESS
    end = session_end_pb(status).SerializeToString()
    tf.summary.experimental.write_raw_pb(end, step=0)


def _write_curves(curves: pd.DataFrame) -> None:
    for fold, part in curves.groupby("fold"):
        for name in part.columns.difference(["trial", "fold", "epoch"], sort=False):
            for epoch, value in part.set_index("epoch")[name].dropna().items():
                tf.summary.scalar(f"{name}/fold_{fold}", value, step=epoch)


def _writer(folder: Path) -> Any:
    """Return a writer that is the default one inside `with`, and is closed at its end."""
    return tf.summary.create_file_writer(str(folder)).as_default()


def _by_name(trials: Trials) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for parameter in trials.parameters():
        found.setdefault(parameter["name"], []).append(parameter)
    return found


def _domain(found: Sequence[Mapping[str, Any]]) -> Any:
    """Return what TensorBoard calls the range of a name, which may have several parameters."""
    kind = found[0]["kind"]
    if kind not in _INTERVALS:
        values = [value for parameter in found for value in _values(parameter)]
        return api.Discrete(list(dict.fromkeys(values)))
    low = min(parameter["min_value"] for parameter in found)
    high = max(parameter["max_value"] for parameter in found)
    return _INTERVALS[kind](low, high)


def _values(parameter: Mapping[str, Any]) -> Sequence[Any]:
    fixed = [parameter["value"]] if parameter["kind"] == "Fixed" else [False, True]
    return parameter.get("values", fixed)
