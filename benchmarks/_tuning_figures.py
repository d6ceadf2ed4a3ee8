"""The figures of the tuner's benchmark, and whether they hold."""


def at_least(value: float, bar: float) -> dict:
    """A figure that must not be below its bar."""
    return _figure(value, bar, value >= bar) | {"bound": "least"}


def at_most(value: float, bar: float, interval: tuple[float, float] | None = None) -> dict:
    """A figure that must not be above its bar."""
    return _figure(value, bar, value <= bar, interval) | {"bound": "most"}


def within(value: float, aim: float, tolerance: float, interval: tuple[float, float]) -> dict:
    """A figure that must be near an aim; its bar is written as the two ends."""
    ends = [_rounded(aim - tolerance), _rounded(aim + tolerance)]
    return _figure(value, ends, abs(value - aim) <= tolerance, interval)


def bare(value: float) -> dict:
    """A figure without a bar."""
    return {"value": _rounded(value)}


def _figure(value: float, bar, holds: bool, interval: tuple[float, float] | None = None) -> dict:
    ends = {} if interval is None else {"low": _rounded(interval[0]), "high": _rounded(interval[1])}
    return {"value": _rounded(value), **ends, "bar": bar, "holds": bool(holds)}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
