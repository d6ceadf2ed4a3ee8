"""Whether a run folder is as the study wrote it."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from hybrid_zoo.errors import CorruptArtifactError

CHECKSUMS = "SHA256SUMS"
_OPEN_TO_EDIT = ("MODEL_CARD.md", "TRIPOD.md", "run.log", CHECKSUMS)


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 of every file of a run folder, as `sha256sum --check` reads them.

    Args:
        folder: The run folder. Model card and checklist are left out, since their author
            completes them.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    lines = [f"{_hash(folder / name)}  {name}" for name in names if name not in _OPEN_TO_EDIT]
    (folder / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def require_unchanged(folder: Path, names: tuple[str, ...]) -> None:
    """Refuse files of a run folder that are not as the study wrote them.

    Args:
        folder: The run folder.
        names: Its files that are about to be believed.

    Raises:
        CorruptArtifactError: If one was changed, or the checksums are missing.
    """
    known = read_checksums(folder)
    for name in names:
        if not (folder / name).is_file():
            raise CorruptArtifactError(
                f"{folder.name}: no {name} in this folder: the run is incomplete. Copy it again."
            )
        if known.get(name) != _hash(folder / name):
            raise CorruptArtifactError(
                f"{folder.name}: {name} is not the file that the study wrote (its SHA-256 differs "
                f"from {CHECKSUMS}). Copy the run again, or repeat the study."
            )


def read_checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a run folder, as the study wrote it.

    Args:
        folder: The run folder.

    Raises:
        CorruptArtifactError: If the checksums are missing.
    """
    path = folder / CHECKSUMS
    if not path.is_file():
        raise CorruptArtifactError(
            f"{folder.name}: no {CHECKSUMS} in this folder, by which its files are checked; it is "
            "incomplete, or another version wrote it. Repeat the study with this version."
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def update_checksums(folder: Path, names: Collection[str]) -> None:
    """Note files of a run folder that were written after the study; the others stay as they were.

    Args:
        folder: The run folder.
        names: Of the files, relative to it.
    """
    known = read_checksums(folder)
    gone = {name for name in names if not (folder / name).is_file()}
    known |= {name: _hash(folder / name) for name in set(names) - gone}
    lines = [f"{known[name]}  {name}" for name in sorted(set(known) - gone)]
    (folder / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
