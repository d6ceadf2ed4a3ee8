"""Files that are either whole or not there."""

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, and move it there when it is whole and on the disk.

    Args:
        path: Where to; its folder exists.
        content: All of it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
