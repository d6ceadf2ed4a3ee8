"""Keeps decoded images and long series in files that all folds, trials and processes map."""

import contextlib
import errno
import getpass
import hashlib
import json
import math
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.formats import quiet_decoders
from hybrid_zoo.pipelines.images import read_image
from hybrid_zoo.pipelines.schema import Images

VERSION = 1  # of what `fit` and `decode` make of a file
VARIABLE = "HYBRID_ZOO_STORE"
KEPT = 16  # files of a folder: its modalities, other sizes, other versions of the cohort
_THREADS = min(8, os.cpu_count() or 1)
_MOST_FILES = 32  # that one thread decodes at a time ...
_BLOCK = 2**22  # ... while they have no more pixels than this
_SMALL = 2**26  # bytes that an array may keep in the memory
_PARTIAL = ".partial"
_STALE = 24 * 3600.0  # seconds without a write after which a builder is dead


def image_store(files: pd.DataFrame, folder: Path, options: Images, where: Path) -> np.ndarray:
    """Return the pixels of image files, decoded now or by an earlier call with the same content.

    Args:
        files: Manifest of the files, in order; files of one content have one entry in the store.
        folder: Where paths start.
        options: Size, channels, resize and window.
        where: Folder of the store, made if need be.

    Returns:
        `(contents, *size, channels)` as a read-only memory map of uint8, uint16, int16 or float32,
        in order of first appearance.

    Raises:
        DataError: If a file is not what the manifest says.
        OSError: If the disk is full; an older store is left as it was.

    Source:
        Own design: the file's name is a hash of what is in it, and it gets that name when it is
        whole, so no reader ever sees half of it and two builders cannot disagree.
    """
    unique = files[~files["sha256"].duplicated()]
    dtype = stored_dtype(unique["dtype"], options)
    content = [VERSION, options.size, options.channels, options.resize, options.window, dtype.name]
    content.append(list(unique["sha256"]))
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
    target = where / f"{key}.npy"
    shape = (len(unique), *options.size, options.channels)
    return stored(target, dtype, shape, decoded(unique, folder, options))


def array_store(values: np.ndarray, where: Path) -> np.ndarray:
    """Move an array out of the memory, where it is large enough to matter.

    Args:
        values: Any array.
        where: Folder of the store, made if need be.

    Returns:
        A read-only memory map of equal content; `values` themselves below 64 MB.

    Raises:
        OSError: If the disk is full.
    """
    if values.nbytes < _SMALL:
        return values
    values = np.ascontiguousarray(values)
    key = hashlib.sha256(f"{values.dtype.str} {values.shape}".encode())
    key.update(values.data)
    target = where / f"{key.hexdigest()[:32]}.npy"
    return stored(target, values.dtype, values.shape, iter([values]))


def stored(
    target: Path, dtype: np.dtype, shape: tuple[int, ...], blocks: Iterator[np.ndarray]
) -> np.ndarray:
    """Map a file, which is written from its blocks unless it is there.

    Args:
        target: The file, named after its content.
        dtype: Of the whole.
        shape: Of the whole.
        blocks: Its parts along the first axis, in order.

    Returns:
        A read-only memory map.

    Raises:
        OSError: If the disk is full; nothing is left behind.
    """
    if target.is_file():
        with contextlib.suppress(OSError):  # another user's file says when it was built
            os.utime(target)
    else:
        _write(target, dtype, shape, blocks)
    return np.load(target, mmap_mode="r")


def stored_dtype(sources: pd.Series, options: Images) -> np.dtype:
    """Return the narrowest dtype that holds every file's values as they are.

    Args:
        sources: Names of the files' own dtypes.
        options: Those of the modality; a window makes everything uint16.
    """
    if options.window is not None:
        return np.dtype(np.uint16)
    common = np.result_type(*map(np.dtype, sources.unique() if len(sources) else ["uint8"]))
    return common if common.itemsize <= 2 else np.dtype(np.float32)


def _write(
    target: Path, dtype: np.dtype, shape: tuple[int, ...], blocks: Iterator[np.ndarray]
) -> None:
    """Write a file beside its place, and move it there when it is whole and on the disk."""
    _make_room(target.parent, int(np.prod(shape)) * dtype.itemsize)
    partial = target.with_suffix(f".{secrets.token_hex(8)}{_PARTIAL}")
    try:
        with partial.open("xb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": dtype.str, "fortran_order": False, "shape": shape}
            )
            for block in blocks:
                file.write(np.ascontiguousarray(block, dtype=dtype).data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def decoded(files: pd.DataFrame, folder: Path, options: Images) -> Iterator[np.ndarray]:
    """Decode files, several at a time; few are in memory at once, and nothing is stored.

    Args:
        files: Manifest of the files, in order.
        folder: Where paths start.
        options: Size, channels, resize and window.

    Yields:
        `(some files, *size, channels)`, in order.

    Raises:
        DataError: If a file is not what the manifest says.
    """

    def read(jobs: Sequence[tuple[str, str]]) -> np.ndarray:
        return np.stack([read_image(folder, *job, options) for job in jobs])

    size = math.prod(options.size) * options.channels
    several = max(1, min(_MOST_FILES, _BLOCK // size))
    jobs = list(zip(files.index, files["sha256"], strict=True))
    waiting: deque[Future[np.ndarray]] = deque()
    # The decoders release the interpreter lock; the next files are decoded while some are written.
    with quiet_decoders(), ThreadPoolExecutor(_THREADS) as pool:
        try:
            for start in range(0, len(jobs), several):
                waiting.append(pool.submit(read, jobs[start : start + several]))
                if len(waiting) > 2 * _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _make_room(where: Path, needed: int) -> None:
    """Make the folder, remove what killed builders and earlier contents left, look for space."""
    where.mkdir(parents=True, exist_ok=True)
    for left in where.glob(f"*{_PARTIAL}"):
        if time.time() - _modified(left) > _STALE:
            left.unlink(missing_ok=True)
    stores = sorted(where.glob("*.npy"), key=_modified, reverse=True)
    for old in stores[KEPT:]:
        old.unlink(missing_ok=True)
    free = shutil.disk_usage(where).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f"the store needs {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free. "
            f"Make room, or set {VARIABLE} to a folder with room",
            str(where),
        )


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another builder was faster
        return time.time()


def store_folder(cohort: Path) -> Path:
    """Return where a cohort's store goes: beside its files, since it needs their protection.

    Args:
        cohort: The cohort folder.

    Returns:
        The folder that the environment variable `HYBRID_ZOO_STORE` names; else `.store` in the
        cohort folder; a private folder of temporary files where that cannot be written.

    Raises:
        PermissionError: If others may read or replace that private folder.
    """
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    if os.access(cohort, os.W_OK):
        return cohort / ".store"
    private = Path(tempfile.gettempdir()) / f"hybrid_zoo-{getpass.getuser()}"
    private.mkdir(mode=0o700, exist_ok=True)
    if os.name == "posix" and not _is_private(private.lstat()):
        raise PermissionError(
            f"{private} is open to others, and decoded images are patient data. Remove it, or set "
            f"{VARIABLE} to a folder of your own"
        )
    return private


def _is_private(found: os.stat_result) -> bool:
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return own and not found.st_mode & 0o077
