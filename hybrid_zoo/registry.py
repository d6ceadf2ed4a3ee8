"""A dictionary of builders that names the alternatives when a name is unknown."""

import difflib
import importlib
from collections import UserDict
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


class Registry(UserDict[str, Callable[..., Any]]):
    """A dict filled by the `register` decorator; a miss names the alternatives.

    Args:
        kind: What the entries are, for messages: "image encoder", "fusion".
        folder: The package whose files register here; it is imported when somebody looks.
    """

    def __init__(self, kind: str, folder: str = "") -> None:
        self.kind, self._folder = kind, folder
        self._builders: dict[str, Callable[..., Any]] = {}
        self._spaces: dict[str, dict[str, tuple]] = {}

    @property
    def data(self) -> dict[str, Callable[..., Any]]:  # type: ignore[override]
        """The entries, which every method of a dict reads here."""
        self._fill()
        return self._builders

    @property
    def spaces(self) -> dict[str, dict[str, tuple]]:
        """Name to the component's own search space: option to the values to choose from."""
        self._fill()
        return self._spaces

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
        if not builder.__module__.startswith(self._folder):
            self._fill()  # so that a name which is taken is refused here
        name = builder.__name__
        if name in self._builders:
            raise ConfigError(f"{self.kind} {name!r} is already registered.")
        self._builders[name], self._spaces[name] = builder, space
        return builder

    def get(self, name: str, default: Any = None) -> Any:
        """Return an entry, or the default."""
        return self[name] if name in self else default

    def __missing__(self, name: str) -> NoReturn:
        raise ConfigError(
            f"Unknown {self.kind} {name!r}.{nearest(name, self)} Known: {sorted(self)}."
        )

    def _fill(self) -> None:
        if self._folder:
            importlib.import_module(self._folder)
