"""Measured values, hours and contributions, as a page about a patient writes them."""

import math

from hybrid_zoo.studies.words_numbers import number, signed


def value_of(x: float) -> str:
    """Write a measured value: four digits, no exponent.

    Args:
        x: The value.
    """
    if not math.isfinite(x):
        return number(None)
    digits = 0 if abs(x) >= 1000 else 3 - math.floor(math.log10(abs(x))) if x else 0
    text = number(x, min(max(digits, 0), 6))
    return text.rstrip("0").rstrip(".") if "." in text else text


def contribution(x: float) -> str:
    """Write a contribution in logits.

    Args:
        x: The contribution.
    """
    return signed(x, 3)


def hours_of(hour: float, end: float | None) -> str:
    """Write when something was recorded.

    Args:
        hour: In the cohort's own hours.
        end: The hour of prediction, if stated.
    """
    if not math.isfinite(hour):
        return "hour not recorded"
    if end is None:
        return f"hour {value_of(round(hour, 1))} of the record"
    return f"{value_of(round(end - hour, 1))} h before prediction"


def hours_axis(end: float | None) -> str:
    """Say what hours are counted from.

    Args:
        end: The hour of prediction, if stated.
    """
    return "hours before prediction" if end is not None else "hours from the sample's own zero"
