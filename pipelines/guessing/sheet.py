"""A table as it was found, and what was done to read it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import pandas as pd


@dataclass(frozen=True, eq=False)
class Sheet:
    """One table of text cells.

    Args:
        name: The file, and after a colon the sheet of a workbook, as messages call it.
        frame: Every cell as text, NaN where it is empty.
        notes: One sentence for everything that was done to it.
    """

    name: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name without folders and suffixes."""
        file, _, tab = self.name.rpartition("/")[2].partition(":")
        return tab or file.split(".")[0]

    def noted(self, *notes: str, frame: pd.DataFrame | None = None) -> Self:
        """Return the sheet with further notes, and its frame changed.

        Args:
            notes: Sentences; empty ones are left out.
            frame: Its new frame; None leaves it.
        """
        whole = (*self.notes, *(note for note in notes if note))
        return replace(self, notes=whole, frame=self.frame if frame is None else frame)


def listed(names: Iterable[object], most: int = 5) -> str:
    """List a few names, and say how many more there are.

    Args:
        names: Any iterable.
        most: How many are named.
    """
    items = [str(name) for name in names]
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def prefixed(name: str, notes: Iterable[str]) -> list[str]:
    """Say of each note what it is about; empty ones are left out.

    Args:
        name: What they are about.
        notes: Sentences.
    """
    return [f"{name}: {note}" for note in notes if note]


def counted(number: int, what: str) -> str:
    """Say how many there are: `1 row`, `2 rows`.

    Args:
        number: How many.
        what: One of them.
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
