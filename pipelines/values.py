"""Turns the cells of a column into text or numbers; says which cells cannot be."""

import numpy as np
import pandas as pd

_NUMBER = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"
_INFINITE = r"(?i)\s*[+-]?inf(inity)?\s*"


def as_text(column: pd.Series) -> pd.Series:
    """Turn a column into text; an empty text is missing.

    Args:
        column: `(rows,)`; whole numbers lose a trailing `.0`, since a column of whole numbers
            with gaps is one of floats in pandas.

    Returns:
        `(rows,)` of dtype str, NaN where missing.
    """
    if pd.api.types.is_float_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        known = values[~np.isnan(values)]
        if np.isfinite(known).all() and (known == np.round(known)).all():
            column = pd.Series(values, index=column.index).astype("Int64")
    if isinstance(column.dtype, pd.StringDtype):
        text = column.astype("str")
    else:
        text = column.astype(object).where(column.notna(), None)
        text = text.map(str, na_action="ignore").astype("str")
    return text.where(text != "", np.nan)


def as_numbers(column: pd.Series) -> tuple[pd.Series, dict[str, pd.Index]]:
    """Turn a column into float64; what is not a finite number becomes NaN and is reported.

    Args:
        column: `(rows,)` numbers or text.

    Returns:
        `(rows,)` float64, and reason to the index labels of the cells at fault.
    """
    bad: dict[str, pd.Index] = {}
    if column.dtype == object:  # whole numbers or booleans with gaps, as Parquet gives them
        column = column.convert_dtypes()
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan, copy=True)
    else:
        values, not_numbers = _parse_numbers(as_text(column))
        bad["not a number"] = column.index[not_numbers]
    bad["not finite"] = column.index[np.isinf(values)]
    values[np.isinf(values)] = np.nan
    numbers = pd.Series(values, index=column.index, name=column.name)
    return numbers, {reason: rows for reason, rows in bad.items() if len(rows)}


def _parse_numbers(text: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 values and which cells hold text that is no number."""
    known = text.notna().to_numpy()
    number = text.str.fullmatch(_NUMBER).fillna(False).to_numpy(dtype=bool)
    infinite = np.zeros(len(text), dtype=bool)
    rest = known & ~number
    infinite[rest] = text[rest].str.fullmatch(_INFINITE).to_numpy(dtype=bool)
    values = np.full(len(text), np.nan)
    # Through Python's float: the value read is the value written, to the last bit.
    values[number] = text[number].to_numpy(dtype=object).astype(float)
    values[infinite] = np.inf
    return values, rest & ~infinite


def out_of_range(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which known values lie outside inclusive bounds.

    Args:
        values: `(rows,)`, NaN where missing.
        low: `(rows,)` or scalar.
        high: `(rows,)` or scalar.

    Returns:
        `(rows,)` bool.
    """
    return (values < low) | (values > high)
