"""A cohort as it is guessed, before anything is written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.labels import Labels
from hybrid_zoo.pipelines.guessing.roles import Role


@dataclass(kw_only=True, eq=False)
class Draft:
    """What `init` has found.

    Args:
        name: Of the cohort.
        sources: Files that it was drafted from.
        tables: Table name to its frame, as it will be written.
        columns: The columns of samples, ids left out.
        roles: What they are for.
        targets: The targets.
        guessed: Name of every table that was read to what its columns are.
        modalities: Key of cohort.yaml, its options, and why.
        image_shortcuts: Columns of images that no model may live on, with the reason.
        files: Path inside the cohort to where each image file is now.
        unmatched: Image file to why it belongs to no row.
        did: What was done to the files, in sentences.
        changed: Those of them that changed cells, which a folder in place would not have.
        look: What somebody should look at.
        found: Rows of the table that is printed: what, and how much.
    """

    name: str
    sources: list[str]
    tables: dict[str, pd.DataFrame]
    columns: dict[str, Column]
    roles: dict[str, Role]
    targets: list[Labels]
    guessed: dict[str, dict[str, Column]] = field(default_factory=dict)
    modalities: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    image_shortcuts: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    found: list[tuple[str, str]] = field(default_factory=list)

    def of_role(self, *roles: str) -> dict[str, Role]:
        """Return the columns of samples that have one of some roles.

        Args:
            roles: Names of roles.
        """
        return {name: role for name, role in self.roles.items() if role.role in roles}

    def shortcuts(self) -> dict[str, str]:
        """Return all shortcuts, those of images too, with their reasons."""
        own = {name: role.why for name, role in self.of_role("shortcut").items()}
        return own | {n: why for n, why in self.image_shortcuts.items() if n not in own}
