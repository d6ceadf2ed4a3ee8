"""Alarm: rows that may have been recorded after the moment of prediction."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look

_SHARE = 0.1  # of the rows: a few wrong stamps are no pattern
_DAY = 24.0  # hours after the index that a stay needs to be more than an admission
_MOST_CUT = 0.9  # of the rows outside the window
_OPEN = "declare `end_hours`, the moment of prediction in hours after the index time"
_HOURS = "give every row its `hours`; remove what was recorded after the moment of prediction"
_UNIT = (
    "look whether `hours` are hours, and count from the index time of the sample; if most of the "
    "table is meant to lie outside the window, nothing is wrong"
)


def times(look: Look) -> Iterator[Alarm]:
    """Find series, pictures and notes that may be from after the moment of prediction.

    That moment is the latest `end_hours` in cohort.yaml. An input without `end_hours` raises an
    alarm if a tenth of its rows lie after that moment; where no input has one, if a tenth lie more
    than a day after the index, or a tenth after and a tenth before it. Where any input has
    `end_hours`, pictures and notes without `hours` raise an alarm, since they are kept. So does a
    table of which nine of ten rows were dropped for being outside the window.

    Args:
        look: The cohort.

    Yields:
        At most one alarm per input for open windows, one for missing hours, one per table.
    """
    cohort = look.cohort
    tables = {name: getattr(cohort.config, name) for name in ("events", "images", "notes")}
    every = [option for options in tables.values() for option in options.values()]
    cut = max((o.end_hours for o in every if o.end_hours is not None), default=None)
    for table, options in tables.items():
        rows: pd.DataFrame = getattr(cohort, table)
        for modality, option in options.items():
            hours = rows.loc[rows["modality"] == modality, "hours"].to_numpy(dtype=float)
            yield from _after(modality, option.end_hours, cut, hours)
            yield from _unknown(modality, cut, hours)
        yield from _outside(table, len(rows), cohort.dropped.get(f"{table} outside the window", 0))


def _outside(table: str, kept: int, dropped: int) -> Iterator[Alarm]:
    if dropped > _MOST_CUT * (dropped + kept):
        said = f"{dropped} of {dropped + kept} rows lie outside the window"
        yield Alarm("time", table, said, _UNIT)


def _unknown(modality: str, cut: float | None, hours: np.ndarray) -> Iterator[Alarm]:
    unknown = int(np.isnan(hours).sum())
    if cut is not None and unknown:
        said = f"{unknown} of {len(hours)} rows have no hours and are kept, whenever they are from"
        yield Alarm("time", modality, said, _HOURS)


def _after(
    modality: str, own: float | None, cut: float | None, hours: np.ndarray
) -> Iterator[Alarm]:
    if own is None and _runs_on(hours, cut):
        what = "long after the index time" if cut is None else "after that of the other inputs"
        yield Alarm("time", modality, f"it has no `end_hours`, and its rows run on {what}", _OPEN)


def _runs_on(hours: np.ndarray, cut: float | None) -> bool:
    known = hours[np.isfinite(hours)]
    if not len(known):
        return False
    if cut is not None:
        return bool((known > cut).mean() >= _SHARE)
    around = (known > 0).mean() >= _SHARE and (known < 0).mean() >= _SHARE
    return bool(around or (known > _DAY).mean() >= _SHARE)
