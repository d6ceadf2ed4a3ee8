"""The arguments of methods, checked in one place."""

from hybrid_zoo.errors import ConfigError


def check_at_least(who: str, least: float, **arguments: float) -> None:
    """Refuse arguments that are too small.

    Args:
        who: Name of the method, for the message.
        least: What is expected.
        arguments: Name to value.

    Raises:
        ConfigError: For a smaller value.
    """
    for name, value in arguments.items():
        if not value >= least:
            raise ConfigError(f"{who}: {name}={value} is impossible; expected at least {least}.")
