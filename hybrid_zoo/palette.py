"""The colours of every figure, and how its axes look."""

from typing import Any

INK, MUTED, GRID, BAND = "#1b1f24", "#5d6673", "#d5dae1", "#e9edf2"
COLOURS = ("#0072b2", "#c24e00", "#00825f", "#a8468f", "#9a6a00", "#3286b8", "#70757d")
"""After Okabe and Ito, darkened until each has a contrast of 3 to 1 on white."""

AXES: dict[Any, Any] = {
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
"""Settings of matplotlib."""
