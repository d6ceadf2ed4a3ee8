"""Where a cohort may be written."""

from pathlib import Path

from hybrid_zoo.errors import CohortError


def require_empty(folder: Path) -> Path:
    """Make a folder, or accept an empty one.

    Args:
        folder: Where a cohort is to be written.

    Returns:
        The same folder.

    Raises:
        CohortError: If something is there already, which files of two cohorts would then share.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CohortError(f"{folder} holds something already; give a new or an empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
