"""Finished folds on disk: whatever ends a search, none of them is fitted twice."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.tuning.files import write_whole

_IDENTITY = "search.json"
_ABOUT, _OF = "about", "output/"  # names in a fold's file


@dataclass(frozen=True, kw_only=True)
class Fold:
    """What one fit on one fold gave.

    Args:
        predictions: Output to the predictions of the scored rows, in their order.
        metrics: Name to value, on the scored rows.
        epochs: Best epoch.
        seconds: Wall time of the fit.
        history: The fit's learning curves: name to its value after each epoch.
    """

    predictions: dict[str, np.ndarray]
    metrics: dict[str, float]
    epochs: int
    seconds: float
    history: dict[str, list[float]]


class Journal:
    """The folds that a search has finished, by configuration and number.

    Args:
        folder: Where they are kept, made if need be; None keeps nothing.
        identity: What makes two searches the same: space, data, folds, seed, versions; as JSON.
        new: Forget an earlier search in this folder.

    Raises:
        ConfigError: If the folder holds another search, it is named what differs; or folds of which
            nothing says what search they are of.

    Source:
        Own design: seeded oracles draw the same trials again, so that the folds alone are the state
        of a search, and each is a file that is either whole or not there.
    """

    def __init__(
        self, folder: Path | None, identity: Mapping[str, Any], *, new: bool = False
    ) -> None:
        self._folder = folder
        if folder is None:
            return
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = json.loads(json.dumps(identity))
        kept = _identity(folder)
        if kept is None:
            write_whole(folder / _IDENTITY, json.dumps(wanted, indent=1).encode())
        elif kept != wanted:
            differ = [k for k in {**kept, **wanted} if kept.get(k) != wanted.get(k)]
            raise ConfigError(
                f"{folder} holds a search with another {', '.join(sorted(differ))}. Choose another "
                "folder, or pass new=True (--new) to forget that search."
            )

    def read(self, config: Mapping[str, Any], number: int) -> Fold | None:
        """Return a finished fold; None if it is not there, or not whole.

        Args:
            config: The configuration.
            number: Of the fold.
        """
        if self._folder is None:
            return None
        try:
            content = BytesIO((self._folder / _name(config, number)).read_bytes())
            with np.load(content, allow_pickle=False) as file:
                about = json.loads(str(file[_ABOUT]))
                names = [name for name in file.files if name.startswith(_OF)]
                found = {name.removeprefix(_OF): file[name] for name in names}
                return Fold(predictions=found, **about)
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile):
            return None

    def write(self, config: Mapping[str, Any], number: int, fold: Fold) -> None:
        """Keep a finished fold.

        Args:
            config: The configuration.
            number: Of the fold.
            fold: What it gave.
        """
        if self._folder is None:
            return
        about = {name: value for name, value in vars(fold).items() if name != "predictions"}
        content = BytesIO()
        outputs = {_OF + name: values for name, values in fold.predictions.items()}
        np.savez(content, allow_pickle=False, **{_ABOUT: json.dumps(about)}, **outputs)
        write_whole(self._folder / _name(config, number), content.getvalue())


def _name(config: Mapping[str, Any], number: int) -> str:
    text = json.dumps(sorted(config.items()), default=str)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}-{number}.npz"


def _identity(folder: Path) -> dict[str, Any] | None:
    """Return what search a folder holds; None if it is empty."""
    path = folder / _IDENTITY
    if not path.exists() and not any(folder.glob("*.npz")):
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read ({type(error).__name__}), so that nothing says which search "
            "the folds there are of. Pass new=True (--new) to forget them."
        ) from error
