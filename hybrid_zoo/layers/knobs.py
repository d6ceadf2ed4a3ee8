"""The knobs that every component takes, checked in one place."""

from hybrid_zoo.errors import ConfigError

RANGES = {
    "units": ("at least 1", lambda value: value >= 1),
    "layers": ("at least 1", lambda value: value >= 1),
    "dropout": ("0 to below 1", lambda value: 0 <= value < 1),
    "l2": ("at least 0", lambda value: value >= 0),
}
"""Knob to what is expected of it, in words and as a test."""


def check_knobs(who: str, **knobs: float) -> None:
    """Refuse impossible values.

    Args:
        who: Name of the component, for the message.
        knobs: Any of `units`, `layers`, `dropout` and `l2`.

    Raises:
        ConfigError: For a value out of its range.
    """
    for name, value in knobs.items():
        expected, fine = RANGES[name]
        if not fine(value):
            raise ConfigError(f"{who}: {name}={value} is impossible; expected {expected}.")
