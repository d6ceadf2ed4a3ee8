"""Alarm: an input is named like an outcome or a date, or holds dates."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look
from hybrid_zoo.pipelines.outcome_names import named_like_outcome

_DATE = r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ]\d.*)?"
_MOST = 0.9  # of the known cells
# Days since 1899-12-30 of 1970 to 2050, days as yyyymmdd, seconds and milliseconds since 1970 of
# 1980 to 2050.
_SERIALS = ((25569, 54789), (19700101, 20501231), (3.2e8, 2.53e9), (3.2e11, 2.53e12))
_FEWEST, _SHARE, _ENOUGH = 20, 0.3, 200  # distinct days
_LATER = "leave it out of the inputs unless it is known at the moment of prediction"
_DATES = "leave it out of the inputs, or give it as hours before the index time"


def names(look: Look) -> Iterator[Alarm]:
    """Find inputs named like an outcome, a stay, a discharge or a date, or made of dates.

    Columns of `tabular` and variables of series are looked at by name (`named_like_outcome`). Dates
    are texts such as 2024-01-31 or 31.1.2024 in nine of ten known cells, or numbers that are all
    Excel's serials, yyyymmdd or Unix time of 1970 (1980) to 2050, and as many different ones as
    days have and codes have not (200, or 30 % of the known cells; 20 at least).

    Args:
        look: The cohort.

    Yields:
        One alarm per column.
    """
    config, arrays = look.cohort.config, look.arrays
    for name in config.tabular:
        reason = named_like_outcome(name)
        if reason is not None:
            yield _named(f"tabular {name}", reason)
        elif _holds_dates(look.cohort.samples[name]):
            yield Alarm("name", f"tabular {name}", "its values look like dates", _DATES)
    for modality in config.events:
        for variable in arrays.columns.get(modality, ()):
            reason = named_like_outcome(variable)
            if reason is not None:
                yield _named(f"{modality} {variable}", reason)


def _named(where: str, reason: str) -> Alarm:
    return Alarm("name", where, f"it is named like a thing known only later: {reason}", _LATER)


def _holds_dates(column: pd.Series) -> bool:
    known = column.dropna()
    if not len(known):
        return False
    if not pd.api.types.is_numeric_dtype(known):
        return bool(known.str.fullmatch(_DATE).mean() >= _MOST)
    values = known.to_numpy(dtype=float)
    days = len(np.unique(values))
    if days < max(_FEWEST, min(_ENOUGH, _SHARE * len(values))):
        return False
    return any(((values >= low) & (values <= high)).all() for low, high in _SERIALS)
