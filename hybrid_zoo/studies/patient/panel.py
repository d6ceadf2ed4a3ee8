"""One variable over time, as the numbers of a small drawing; the template draws it."""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from hybrid_zoo.studies.patient.numbers import value_of

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 308, 10, 122
"""The drawing and, within it, its axes."""
MARGIN = 0.08
"""Of the range of values, above and below."""
STEPS = (0.1, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720, 2160, 8760)
"""Hours between ticks."""
THINNEST = 2.0
"""Width of a window of no length, such as one of a single irregular step."""


def draw_panel(
    hours: np.ndarray,
    values: np.ndarray | None,
    *,
    span: tuple[float, float],
    windows: list[tuple[float, float]],
    normal: tuple[float, float] | None,
    end: float | None,
) -> dict[str, Any]:
    """Lay a variable out.

    Args:
        hours: Of its values, in order.
        values: What was measured; None for an event, of which only the time is known.
        span: First and last hour of the axis.
        windows: Hours to shade.
        normal: The normal range, if declared.
        end: The hour of prediction, from which the axis counts back; None counts from 0.

    Returns:
        `points`, `windows` and `normal` in units of the drawing, and the ticks of both axes.
    """
    low, high = _range(values, normal)

    def across(x: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (x - span[0]) / (span[1] - span[0]), 1)

    def down(y: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (y - low) / (high - low), 1)

    ys = np.full(len(hours), (low + high) / 2) if values is None else values
    places = [(across(max(a, span[0])), across(min(b, span[1]))) for a, b in windows]
    ticks = [] if values is None else _ticks(low, high, 3)
    return {
        "size": (WIDTH, HEIGHT),
        "axes": (LEFT, RIGHT, TOP, BOTTOM),
        "points": list(zip(map(across, hours.tolist()), map(down, ys.tolist()), strict=True)),
        "is_event": values is None,
        "windows": [(a, max(round(b - a, 1), THINNEST)) for a, b in places],
        "band": normal and (down(normal[1]), round(down(normal[0]) - down(normal[1]), 1)),
        "across": [(across(x), text) for x, text in _hour_ticks(span, end)],
        "down": list(zip(map(down, ticks), map(value_of, ticks), strict=True)),
    }


def _range(values: np.ndarray | None, normal: tuple[float, float] | None) -> tuple[float, float]:
    if values is None:
        return 0.0, 1.0
    some = np.concatenate([values, normal or ()])
    low, high = float(some.min()), float(some.max())
    margin = MARGIN * (high - low) or max(abs(high) * MARGIN, 1e-6)
    return low - margin, high + margin


def _ticks(low: float, high: float, most: int) -> list[float]:
    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(x) for x in ticks if low <= x <= high]


def _hour_ticks(span: tuple[float, float], end: float | None) -> list[tuple[float, str]]:
    """Round hours, counted back from the prediction where its hour is known."""
    step = next((s for s in STEPS if span[1] - span[0] <= 5 * s), (span[1] - span[0]) / 4)
    zero = 0.0 if end is None else end
    first, last = np.ceil((span[0] - zero) / step), np.floor((span[1] - zero) / step)
    hours = zero + step * np.arange(first, last + 1)
    sign = 1 if end is None else -1
    return [(float(h), value_of(round(sign * float(h - zero), 3))) for h in hours]
