"""The test part that a cohort declares or a user asks for: a split, a site, the latest patients."""

from dataclasses import replace

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.registry import nearest
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.tuning.folds import read_split
from hybrid_zoo.tuning.plan import HoldOut

LATEST = 0.2
"""Share of the patients in the test part where only a column of dates is given."""


def declared_test(cohort: Cohort, arrays: CohortArrays, settings: Settings) -> HoldOut | None:
    """Return the test part that is not ours to draw.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        settings: The user's options, which win over the cohort's declaration.

    Returns:
        The part; None where neither asks for one.

    Raises:
        ConfigError: For an unknown site or column, dates that cannot be read, or an empty side.
        CohortError: If the cohort's own split is broken.
    """
    if settings.hold_out_site is not None:
        part = _site(cohort, arrays, settings.hold_out_site)
    elif settings.hold_out_after is not None:
        part = _after(cohort, arrays, settings.hold_out_after)
    elif cohort.config.split is not None:
        values = cohort.samples.loc[arrays.sample_ids, cohort.config.split]
        rows = read_split(values, arrays.patient_ids, cohort.config.split)
        return HoldOut(rows=rows, why="The cohort declares its split.")
    else:
        return None
    ignored = [name for name in ("split", "folds") if getattr(cohort.config, name) is not None]
    if ignored:
        part = replace(part, why=f"{part.why} This wins over the cohort's {' and '.join(ignored)}.")
    return part


def _site(cohort: Cohort, arrays: CohortArrays, site: str) -> HoldOut:
    column = cohort.config.site
    if column is None:
        raise ConfigError(
            "--hold-out-site: cohort.yaml has no `site`. Name the column of samples that holds the "
            "institution, such as `site: hospital`."
        )
    values = cohort.samples.loc[arrays.sample_ids, column]
    sites = sorted(values.dropna().unique())
    if site not in sites:
        raise ConfigError(
            f"--hold-out-site: no sample has the site {site!r}.{nearest(site, sites)} Column "
            f"{column!r} holds {sites[:20]}."
        )
    known = values.notna().to_numpy()
    test = (values == site).to_numpy()
    why = f"Hold-out of the site {site!r} (column {column!r}), as asked for."
    return _part(test, known, arrays, why, "without a site")


def _after(cohort: Cohort, arrays: CohortArrays, asked: str) -> HoldOut:
    column, _, date = asked.partition("=")
    if column not in cohort.samples:
        columns = [str(name) for name in cohort.samples]
        raise ConfigError(
            f"--hold-out-after: samples has no column {column!r}.{nearest(column, columns)}"
        )
    times = _times(cohort.samples.loc[arrays.sample_ids, column], column)
    known = np.isfinite(times)
    if not known.any():
        raise ConfigError(f"--hold-out-after: column {column!r} of samples is empty.")
    if date:
        cut = float(_times(pd.Series([date]), "--hold-out-after")[0])
        why = f"Hold-out of what is dated after {date} (column {column!r}), as asked for."
    else:
        cut, share = _latest(pd.Series(times).groupby(arrays.patient_ids).max().dropna())
        why = f"Hold-out of the latest {share:.0%} of the patients by {column!r}, as asked for."
    test = known & (times > cut)
    return _part(test, known, arrays, why, "without a date")


def _latest(dates: pd.Series) -> tuple[float, float]:
    """Return the date after which about a fifth of the patients came, and how many: dates tie."""
    cuts = np.unique(dates)
    shares = np.array([(dates > cut).mean() for cut in cuts[:-1]])
    if not len(shares):
        raise ConfigError("--hold-out-after: all patients have the same date.")
    best = int(np.abs(shares - LATEST).argmin())
    return float(cuts[best]), float(shares[best])


def _times(values: pd.Series, column: str) -> np.ndarray:
    """Return dates as seconds, numbers such as years as they are; NaN where there is none."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() == values.notna().sum():
        return numbers.to_numpy(dtype=float)
    dates = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True)
    unread = np.flatnonzero(dates.isna().to_numpy() & values.notna().to_numpy())
    if len(unread):
        raise ConfigError(
            f"--hold-out-after: {column!r}: {len(unread)} values are no date, the first in rows "
            f"{(unread[:5] + 1).tolist()}; expected numbers or dates like 2024-03-31."
        )
    seconds = dates.dt.as_unit("s").astype("int64").to_numpy(dtype=float)
    return np.where(dates.isna(), np.nan, seconds)


def _part(
    test: np.ndarray, known: np.ndarray, arrays: CohortArrays, why: str, lacking: str
) -> HoldOut:
    """Keep the patients of the test part, and what cannot be placed, out of the training part."""
    patients = np.isin(arrays.patient_ids, arrays.patient_ids[test])
    both, unplaced = int((patients & ~test & known).sum()), int((~known).sum())
    train = known & ~patients
    if not test.any() or not train.any():
        side = "training" if test.any() else "test"
        raise ConfigError(f"{why} The {side} part would be empty; choose another cut.")
    for count, reason in ((both, "of patients who are in the test part"), (unplaced, lacking)):
        why += f" Left out: {count} samples {reason}." if count else ""
    return HoldOut(rows=test, left_out=~test & ~train, why=why)
