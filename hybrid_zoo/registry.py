"""A dictionary of builders that names the alternatives when a name is unknown."""

import difflib
from collections.abc import Callable, Iterable
from functools import partial
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
        self.spaces: dict[str, dict[str, tuple]] = {}

    def register(self, builder: Builder | None = None, /, **space: tuple) -> Any:
        """Add `builder` under its own function name; a decorator, with or without arguments.

        Args:
            builder: A function named after the architecture.
            space: The component's own small search space: option to the values that a search may
                choose from, the default among them.

        Returns:
            The same function; without one, a decorator.

        Raises:
            ConfigError: If the name is taken.
        """
        if builder is None:
            return partial(self.register, **space)
        name = builder.__name__
        if name in self:
            raise ConfigError(f"{self.kind} {name!r} is already registered.")
        self[name], self.spaces[name] = builder, space
        return builder

    def __missing__(self, name: str) -> NoReturn:
        raise ConfigError(
            f"Unknown {self.kind} {name!r}.{nearest(name, self)} Known: {sorted(self)}."
        )
