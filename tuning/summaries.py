"""What a row of a series says in a few numbers per variable, computed for all rows at once."""

from collections.abc import Iterator

import numpy as np

# 8 million cells at a time keep the temporary arrays of a long cohort under about 300 MB.
_CELLS = 8_000_000

NUMERIC = ("first", "last", "mean", "minimum", "maximum", "sd", "slope", "since_last", "log_count")
EVENT = ("occurred", "log_count", "since_last")


def summarise_series(
    values: np.ndarray, time: np.ndarray, events: np.ndarray
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Summarise each variable over the whole window and over its last quarter.

    A row's window ends at its last observed step, so that padding changes nothing; that end is a
    column too, which keeps "nothing was measured any more" visible.

    Args:
        values: `(rows, steps, variables)`; NaN or infinity is not observed.
        time: `(rows, steps)` hours; NaN in the padding tail.
        events: `(variables,)` bool, True where only the occurrence (a value above 0) counts.

    Returns:
        `(rows, features)` float32 with NaN where undefined, and per column `(variable, summary)`;
        variable -1 is the whole series. Hours for `since_last`, units per hour for `slope`.

    Source:
        Own design on the summary statistics of Harutyunyan et al. 2019, Sci Data 6:96, "logistic
        regression", with time of last measurement and occurrence counts added.
    """
    step = max(1, _CELLS // max(1, values.shape[1] * values.shape[2]))
    blocks = [
        list(_columns(values[start : start + step], time[start : start + step], events))
        for start in range(0, max(1, len(values)), step)
    ]
    names = [name for name, _ in blocks[0]]
    rows = [np.stack([column for _, column in block], axis=1) for block in blocks]
    return np.concatenate(rows).astype(np.float32), names


def _columns(
    values: np.ndarray, time: np.ndarray, events: np.ndarray
) -> Iterator[tuple[tuple[int, str], np.ndarray]]:
    seen = np.isfinite(values) & (~events | (values > 0))
    any_seen = seen.any(2)
    end = np.where(any_seen, time, -np.inf).max(1, initial=-np.inf)
    start = np.where(any_seen, time, np.inf).min(1, initial=np.inf)
    empty = ~any_seen.any(1)
    end, start = np.where(empty, np.nan, end), np.where(empty, np.nan, start)
    yield (-1, "end"), end
    yield (-1, "log_count"), np.log1p(seen.sum((1, 2)))
    late = time >= (end - (end - start) / 4)[:, None]
    for prefix, mask in (("", seen), ("late_", seen & late[:, :, None])):
        for name, columns in _summaries(values, time, mask, end).items():
            for variable in range(values.shape[2]):
                if name in (EVENT if events[variable] else NUMERIC):
                    yield (variable, prefix + name), columns[:, variable]
                elif name == "occurred":  # of a number: whether it was recorded at all
                    yield (variable, prefix + "recorded"), columns[:, variable]


def _summaries(
    values: np.ndarray, time: np.ndarray, mask: np.ndarray, end: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `(rows, variables)` per summary; the mask says which cells count."""
    count = mask.sum(1)
    filled = np.where(mask, values, np.float32(0))
    hours = np.where(np.isfinite(time), time, 0).astype(np.float32)
    out = {"occurred": (count > 0).astype(np.float32), "log_count": np.log1p(count)}
    with np.errstate(invalid="ignore", divide="ignore"):
        nothing = np.where(count > 0, 0, np.nan).astype(np.float32)
        mean, mean_hours = filled.sum(1) / count, (mask * hours[:, :, None]).sum(1) / count
        off = np.where(mask, values - mean[:, None], np.float32(0))
        off_hours = np.where(mask, hours[:, :, None] - mean_hours[:, None], np.float32(0))
        spread = (off_hours**2).sum(1)
        # Below a second of spread the slope is noise of float32, not a trend.
        out["slope"] = np.where(spread > 1e-6, (off * off_hours).sum(1) / spread, np.nan)
        out["sd"] = np.sqrt((off**2).sum(1) / count)
    out["mean"] = mean
    out["minimum"] = np.where(mask, values, np.float32(np.inf)).min(1, initial=np.inf) + nothing
    out["maximum"] = np.where(mask, values, np.float32(-np.inf)).max(1, initial=-np.inf) + nothing
    first, last = mask.argmax(1), mask.shape[1] - 1 - mask[:, ::-1].argmax(1)
    out["first"] = np.take_along_axis(filled, first[:, None], 1)[:, 0] + nothing
    out["last"] = np.take_along_axis(filled, last[:, None], 1)[:, 0] + nothing
    out["since_last"] = end[:, None] - np.take_along_axis(hours, last, 1) + nothing
    return out
