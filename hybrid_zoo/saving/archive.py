"""The zip archive of a model: its digest, what it may hold, and how large that may be."""

import hashlib
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LARGEST = {CONFIG: 16 * 2**20, METADATA: 64 * 2**10, WEIGHTS: 8 * 2**30}
"""The members of a model file to the most bytes that each may unpack to."""

HARMLESS = 64 * 2**20
MOST_EXPANSION = 20
"""Bytes unpacked per byte stored, beyond `HARMLESS`; weights hardly shrink, a bomb does."""

END = struct.Struct("<4s4H2LH")
END_SIGNATURE, LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
LARGEST_DIRECTORY = 16 * 2**10
"""Bytes that the list of three members stays far below."""

MARK = b"hybrid_zoo sha256 "
DIGITS = 64
SEALED = len(MARK) + DIGITS

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises for archives that are not as they should be."""


def seal(path: Path) -> str:
    """Write the SHA-256 of an archive into its comment, the last bytes of the file.

    Args:
        path: An archive without a comment.

    Returns:
        The digest in 64 hexadecimal digits.

    Source:
        Own design, because a digest that covers the archive's own lists too leaves no bit
        unguarded, and in the comment it disturbs no other reader.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = MARK + b"0" * DIGITS
    with open(path, "r+b") as file:
        found = hash_of(file)
        file.seek(-DIGITS, os.SEEK_END)
        file.write(found.encode())
        file.flush()
        os.fsync(file.fileno())
    return found


def hash_of(file: BinaryIO) -> str:
    """Return the SHA-256 of everything before the digest itself; of all bytes where there is none.

    Args:
        file: An open archive.
    """
    left = file.seek(0, os.SEEK_END) - (DIGITS if recorded(file) is not None else 0)
    file.seek(0)
    found = hashlib.sha256()
    while left > 0 and (chunk := file.read(min(left, 2**20))):
        found.update(chunk)
        left -= len(chunk)
    return found.hexdigest()


def recorded(file: BinaryIO) -> str | None:
    """Return the digest that `seal` wrote, or None.

    Args:
        file: An open archive.
    """
    file.seek(max(0, file.seek(0, os.SEEK_END) - SEALED))
    found = re.fullmatch(re.escape(MARK) + rb"([0-9a-f]{64})", file.read())
    return found[1].decode() if found else None


def check_digest(file: BinaryIO, name: str) -> str:
    """Refuse an archive that is cut or not as it was sealed.

    Args:
        file: An open archive.
        name: Of the file, for messages.

    Returns:
        The digest, which is only computed, not compared, where none was recorded.

    Raises:
        CorruptArtifactError: If the digests differ or the archive's end is missing.
        UnsafeArtifactError: If the list of members is longer than a model's.
    """
    expected = recorded(file)
    if expected is None:
        _check_end(file, name, comment=0)
        return hash_of(file)
    found = hash_of(file)
    if found != expected:
        raise CorruptArtifactError(
            f"{name} is damaged: its SHA-256 is {found}, but {expected} was recorded when it was "
            "saved. Copy it again from its source."
        )
    _check_end(file, name, comment=SEALED)
    return found


def check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive that holds anything but the parts of a model, each of a sane size.

    Args:
        archive: An open archive.
        name: Of the file, for messages.

    Raises:
        UnsafeArtifactError: For a member that is foreign, repeated, hidden or too large.
        CorruptArtifactError: For a missing member.
    """
    seen: set[str] = set()
    for entry in archive.infolist():
        flaw = _flaw(entry, seen)
        if flaw:
            raise UnsafeArtifactError(
                f"{name}: member {entry.orig_filename!r} {flaw}; expected exactly "
                f"{sorted(LARGEST)}, as Keras writes them. Do not load this file."
            )
        seen.add(entry.filename)
    missing = sorted(LARGEST.keys() - seen)
    if missing:
        raise CorruptArtifactError(
            f"{name} lacks {missing}; expected {sorted(LARGEST)}. Save the model again."
        )


def unpack(archive: zipfile.ZipFile, member: str, path: Path, name: str) -> None:
    """Copy one checked member to a file.

    Args:
        archive: An archive that passed `check_members`.
        member: Its name.
        path: Where to.
        name: Of the archive, for messages.

    Raises:
        CorruptArtifactError: If the member is damaged.
    """
    try:
        with archive.open(member) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 2**20)
    except DAMAGE as error:
        raise CorruptArtifactError(
            f"{name} is damaged at {member} ({type(error).__name__}: {error}). "
            "Copy it again from its source."
        ) from error


def _check_end(file: BinaryIO, name: str, comment: int) -> None:
    """Look at the archive's last record, before its list of members is read."""
    size = file.seek(0, os.SEEK_END)
    start = size - comment - END.size
    if start >= 0:
        file.seek(start)
        signature, *_, directory, _, stated = END.unpack(file.read(END.size))
    if start < 0 or signature != END_SIGNATURE or stated != comment:
        raise CorruptArtifactError(
            f"{name} is truncated or no archive. Copy it again from its source."
        )
    file.seek(max(0, start - 20))
    longer = file.read(4) == LOCATOR and size < 2**31  # a second list, which small files lack
    if directory > LARGEST_DIRECTORY or longer:
        raise UnsafeArtifactError(
            f"{name}: its list of members has {directory} bytes or is not where it should be; "
            f"expected {len(LARGEST)} members. Do not load this file."
        )


def _flaw(entry: zipfile.ZipInfo, seen: set[str]) -> str:
    """Say what is wrong with a member; an empty string if nothing is."""
    largest = LARGEST.get(entry.filename, 0)
    expansion = entry.file_size / max(entry.compress_size, 1)
    flaws = {
        "is no part of a model": entry.orig_filename not in LARGEST,
        "is there twice": entry.filename in seen,
        "is encrypted": entry.flag_bits & 0x41,
        "is no regular file": stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG),
        f"is packed by method {entry.compress_type}": entry.compress_type
        not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
        f"unpacks to {entry.file_size} bytes, more than {largest}": entry.file_size > largest,
        f"unpacks to {expansion:.0f} times its size": entry.file_size > HARMLESS
        and expansion > MOST_EXPANSION,
        "starts before the file": entry.header_offset < 0,
    }
    return next((flaw for flaw, holds in flaws.items() if holds), "")
