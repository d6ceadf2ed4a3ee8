"""Turns long event rows into series: on a regular grid, or of irregular steps."""

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.schema import Events
from hybrid_zoo.pipelines.series import RaggedSeries

LONGEST = 100_000  # steps: a mistyped hour must not ask for a terabyte
_SLACK = 1e-9  # 0.3 hours at 0.1 hours per step is step 3, though 0.3 / 0.1 < 3 in binary


def sequence_arrays(
    events: pd.DataFrame, sample_ids: pd.Index, options: Events
) -> tuple[RaggedSeries, RaggedSeries | None, tuple[str, ...]]:
    """Lay the events of one modality out as steps by variables.

    With `step_hours`, step `floor((hours - start) / step_hours)`, the last one closed at
    `end_hours`; without `start_hours` the grid starts at 0, or at the cohort's earliest whole step
    if that is before 0. All steps of the window if both bounds are given, else those of the longest
    sample. Without `step_hours`, one step per distinct time stamp of a sample.
    A cell is the mean of its values; a variable of kind `event` is 1 where it has a row.

    Args:
        events: Rows `sample_id, hours, variable, value` of this modality, inside the window.
        sample_ids: All samples, in order.
        options: Window, step and variables.

    Returns:
        `(samples, steps, variables)`, NaN where not measured; `(samples, steps)` hours, None for a
        regular grid; the variables in order. A sample is kept up to its last step with a row.

    Raises:
        CohortError: If there would be more than 100,000 steps.
    """
    known = options.variables
    variables = tuple(known) if known is not None else tuple(sorted(events["variable"].unique()))
    sample = sample_ids.get_indexer(pd.Index(events["sample_id"]))
    variable = pd.Index(variables, dtype=object).get_indexer(
        pd.Index(events["variable"], dtype=object)
    )
    hours = events["hours"].to_numpy(dtype=float)
    if options.step_hours is None:
        step, steps = _stamps(sample, hours)
    else:
        step, steps = _steps(hours, options, options.step_hours)
    value = events["value"].to_numpy(dtype=float).copy()
    kinds = variable_kinds(variables, options)
    value[np.array([kind == "event" for kind in kinds], dtype=bool)[variable]] = 1.0
    lengths = np.zeros(len(sample_ids), dtype=np.int64)
    np.maximum.at(lengths, sample, step + 1)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    place = starts[sample] + step
    shape = (int(starts[-1]), len(variables))
    series = RaggedSeries(_mean_per_cell((place, variable), value, shape), starts, steps)
    if options.step_hours is not None:
        return series, None, variables
    time = np.full(shape[0], np.nan, dtype=np.float32)
    time[place] = hours
    return series, RaggedSeries(time, starts, steps), variables


def grid_start(hours: np.ndarray, options: Events) -> float:
    """Return where a regular grid starts.

    Args:
        hours: Of every row of the modality.
        options: Window and step.
    """
    if options.start_hours is not None or options.step_hours is None:
        return options.start_hours or 0.0
    return float(np.floor(hours.min(initial=0.0) / options.step_hours) * options.step_hours)


def variable_kinds(variables: tuple[str, ...], options: Events) -> tuple[str, ...]:
    """Return the kind of each variable.

    Args:
        variables: Names in order.
        options: Where kinds are declared; an undeclared variable is numeric.
    """
    known = options.variables or {}
    return tuple(known[name].kind if name in known else "numeric" for name in variables)


def _steps(hours: np.ndarray, options: Events, width: float) -> tuple[np.ndarray, int]:
    """Return each row's step and the number of steps."""
    start = grid_start(hours, options)
    step = np.floor((hours - start) / width + _SLACK)
    if options.end_hours is not None:
        last = max(1.0, np.ceil((options.end_hours - start) / width - _SLACK)) - 1
        step = np.minimum(step, last)
    whole = options.start_hours is not None and options.end_hours is not None
    steps = last + 1 if whole else step.max(initial=0.0) + 1
    if steps > LONGEST:
        raise CohortError(
            f"events: {steps:.0f} steps of {width} hours; expected at most {LONGEST}. "
            "Set start_hours and end_hours, or a larger step_hours."
        )
    return step.astype(np.int64), int(steps)


def _stamps(sample: np.ndarray, hours: np.ndarray) -> tuple[np.ndarray, int]:
    """Return each row's step among the distinct hours of its sample, and the most steps."""
    order = np.lexsort((hours, sample))
    ordered_sample, ordered_hours = sample[order], hours[order]
    new_sample = np.diff(ordered_sample, prepend=-1) != 0
    fresh = new_sample | (np.diff(ordered_hours, prepend=np.nan) != 0)
    count = np.cumsum(fresh) - 1
    first = np.maximum.accumulate(np.where(new_sample, count, 0)) if len(count) else count
    step = np.empty(len(hours), dtype=np.int64)
    step[order] = count - first
    steps = int(step.max(initial=0)) + 1
    if steps > LONGEST:
        raise CohortError(f"events: {steps} time stamps in one sample; set step_hours.")
    return step, steps


def _mean_per_cell(
    place: tuple[np.ndarray, ...], value: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Average the values that share a cell; the order of the rows does not change a bit."""
    grid = np.full(shape, np.nan, dtype=np.float32)
    if not len(value):
        return grid
    cell = np.ravel_multi_index(place, shape)
    order = np.lexsort((value, cell))
    cell, value = cell[order], value[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    counts = np.diff(starts, append=len(cell))
    grid.ravel()[cell[starts]] = np.add.reduceat(value, starts) / counts
    return grid
