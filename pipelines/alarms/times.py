"""Alarm: rows that may have been recorded after the moment of prediction."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look

_SHARE = 0.1  # of the rows: a few wrong stamps are no pattern
_DAY = 24.0  # hours after the index that a stay needs to be more than an admission
_MOST_CUT = 0.9  # of the rows outside the window
_OPEN = "declare `end_hours`, the moment of prediction in hours after the index time"
_UNKNOWN = "give every row its `hours`; remove what was recorded after the moment of prediction"
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
    config = look.cohort.config
    tables = {name: getattr(config, name) for name in ("events", "images", "notes")}
    ends = [o.end_hours for options in tables.values() for o in options.values()]
    cut = max((end for end in ends if end is not None), default=None)
    for table, options in tables.items():
        rows: pd.DataFrame = getattr(look.cohort, table)
        for modality, option in options.items():
            hours = rows.loc[rows["modality"] == modality, "hours"].to_numpy(dtype=float)
            if option.end_hours is None and _runs_on(hours, cut):
                yield _after(modality, cut)
            unknown = int(np.isnan(hours).sum())
            if cut is not None and unknown:
                said = f"{unknown} of {len(hours)} rows of {table} have no hours and are kept, "
                yield Alarm("time", modality, f"{said}though others are cut off", _UNKNOWN)
        dropped = look.cohort.dropped.get(f"{table} outside the window", 0)
        if dropped > _MOST_CUT * (dropped + len(rows)):
            said = f"{dropped} of {dropped + len(rows)} rows lie outside the window"
            yield Alarm("time", table, said, _UNIT)


def _after(modality: str, cut: float | None) -> Alarm:
    if cut is None:
        said = "it has no `end_hours`, and its rows run on long after the index time"
    else:
        said = "it has no `end_hours`, and its rows run on after that of the other inputs"
    return Alarm("time", modality, said, _OPEN)


def _runs_on(hours: np.ndarray, cut: float | None) -> bool:
    known = hours[np.isfinite(hours)]
    if not len(known):
        return False
    if cut is not None:
        return bool((known > cut).mean() >= _SHARE)
    around = (known > 0).mean() >= _SHARE and (known < 0).mean() >= _SHARE
    return bool(around or (known > _DAY).mean() >= _SHARE)
