"""Finds single values that their neighbours in time contradict: a slipped probe, a typing error."""

import numpy as np
import pandas as pd

AROUND = 3  # values before and after each
_CONSISTENT = 1.4826  # median absolute deviation to standard deviation, for normal values
_FLOOR = 0.01  # of the median: neighbours that are all alike do not make every change an artefact
_FEWEST = 4  # neighbours without which nothing is said: the ends of a series have three


def artefacts(rows: pd.DataFrame, limit: float) -> np.ndarray:
    """Tell which values lie far from the others around them in time.

    Each value is compared with up to three values before and three after it, of the same sample and
    variable; other samples are never looked at, so nothing is learned from a test part.

    Args:
        rows: `sample_id, variable, hours, value`.
        limit: Robust standard deviations from the neighbours' median; 6 is cautious.

    Returns:
        `(rows,)` bool.

    Source:
        Hampel 1974, JASA 69:383, as a moving filter; the floor of 1 % of the median and the least
        number of neighbours are our own, because constant stretches have no spread.
    """
    series = rows.groupby(["sample_id", "variable"], sort=False).ngroup().to_numpy()
    order = np.lexsort((rows["hours"].to_numpy(), series))
    series, value = series[order], rows["value"].to_numpy(dtype=float)[order]
    around = np.full((2 * AROUND, len(value)), np.nan)
    for distance in range(1, AROUND + 1):
        alike = series[distance:] == series[:-distance]
        around[distance - 1, distance:] = np.where(alike, value[:-distance], np.nan)
        around[-distance, :-distance] = np.where(alike, value[distance:], np.nan)
    enough = np.isfinite(around).sum(axis=0) >= _FEWEST
    near = around[:, enough]
    median = np.nanmedian(near, axis=0)
    spread = _CONSISTENT * np.nanmedian(np.abs(near - median), axis=0)
    far = np.abs(value[enough] - median) > limit * np.maximum(spread, _FLOOR * np.abs(median))
    found = np.zeros(len(rows), dtype=bool)
    found[order[np.flatnonzero(enough)[far]]] = True
    return found
