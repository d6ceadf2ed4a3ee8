"""A dictionary of builders that names the alternatives when a name is unknown."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from hybrid_zoo.errors import ConfigError

Builder = TypeVar("Builder", bound=Callable[..., Any])


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the sentence ` Did you mean 'x'?` for the closest known name, or an empty string.

    Args:
        name: What the user wrote.
        known: The names that exist.
    """
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


class Registry(dict[str, Callable[..., Any]]):
    """A dict filled by the `register` decorator; a miss names the alternatives.

    Args:
        kind: What the entries are, for messages: "image encoder", "fusion".
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def register(self, builder: Builder) -> Builder:
        """Add `builder` under its own function name.

        Args:
            builder: A function named after the architecture.

        Returns:
            The same function, so that this can be used as a decorator.

        Raises:
            ConfigError: If the name is taken.
        """
        name = builder.__name__
        if name in self:
            raise ConfigError(f"{self.kind} {name!r} is already registered.")
        self[name] = builder
        return builder

    def __missing__(self, name: str) -> NoReturn:
        raise ConfigError(
            f"Unknown {self.kind} {name!r}.{nearest(name, self)} Known: {sorted(self)}."
        )
