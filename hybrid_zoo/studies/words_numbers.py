"""Numbers as a reader of medicine expects them: signs, intervals, p-values, thousands."""

import math
from collections.abc import Mapping

MISSING = "\u2013"
_MINUS = "\u2212"

Metric = Mapping[str, float | None]


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with fixed decimals.

    Args:
        value: The number; None and NaN are undefined.
        digits: Decimals.

    Returns:
        The text, with a true minus sign; a dash where undefined.
    """
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:.{digits}f}"
    if not float(text):
        text = text.removeprefix("-")
    return text.replace("-", _MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign.

    Args:
        value: The difference; None is undefined.
        digits: Decimals.

    Returns:
        The text; a plus sign where the rounded value is above zero.
    """
    text = number(value, digits)
    positive = value is not None and value > 0 and float(f"{value:.{digits}f}") > 0
    return f"+{text}" if positive else text


def brackets(metric: Metric | None, digits: int = 3) -> str:
    """Write an interval in square brackets.

    Args:
        metric: Something with `low` and `high`, or None.
        digits: Decimals.

    Returns:
        Such as `[0.841, 0.883]`; empty where either bound is undefined.
    """
    bounds = [(metric or {}).get(bound) for bound in ("low", "high")]
    texts = [number(bound, digits) for bound in bounds]
    return "" if MISSING in texts else f"[{', '.join(texts)}]"


def with_interval(metric: Metric | None, digits: int = 3) -> str:
    """Write a value and its interval, as a table does.

    Args:
        metric: `value`, `low` and `high`, or None.
        digits: Decimals.

    Returns:
        Such as `0.862 [0.841, 0.883]`.
    """
    return f"{number((metric or {}).get('value'), digits)} {brackets(metric, digits)}".strip()


def in_prose(metric: Metric | None) -> str:
    """Write a value and its interval, as a sentence does.

    Args:
        metric: `value`, `low` and `high`, or None.

    Returns:
        Such as `0.862 (95 % CI 0.841 to 0.883)`.
    """
    metric = metric or {}
    return (
        f"{number(metric.get('value'))} (95 % CI {between(metric.get('low'), metric.get('high'))})"
    )


def between(low: float | None, high: float | None) -> str:
    """Write two bounds in words.

    Args:
        low: The lower bound, or None.
        high: The upper bound, or None.
    """
    return f"{number(low)} to {number(high)}"


def p_value(p: float | None) -> str:
    """Write a p-value.

    Args:
        p: Between 0 and 1, or None.

    Returns:
        Three decimals, `< 0.001` below that.
    """
    return "< 0.001" if p is not None and p < 0.001 else number(p)


def whole(count: float | None) -> str:
    """Write a count with thousands separated.

    Args:
        count: A whole number, or None.
    """
    return MISSING if count is None else f"{count:,.0f}"


def percent(share: float | None) -> str:
    """Write a share as a percentage.

    Args:
        share: Between 0 and 1, or None.
    """
    if share is None:
        return MISSING
    return "< 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun.

    Args:
        count: How many.
        one: The noun for one.
        many: The noun for several; `one` with an s where not given.
    """
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """Write a list as a sentence does.

    Args:
        items: One or more texts.

    Returns:
        Such as `a, b and c`.
    """
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def tied(text: str) -> str:
    """Tie a number to its sign, so that no line begins with a per cent or an equals sign.

    Args:
        text: A sentence.
    """
    return text.replace(" %", "\u00a0%").replace("n = ", "n\u00a0=\u00a0")


def times(count: int) -> str:
    """Write how often.

    Args:
        count: How many times.
    """
    return {1: "once", 2: "twice"}.get(count, f"{whole(count)} times")


def capital(text: str) -> str:
    """Return a text with a capital first letter.

    Args:
        text: Any.
    """
    return text[:1].upper() + text[1:]
