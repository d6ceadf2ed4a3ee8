"""Cores, memory, disk and settings of this machine, by the standard library alone."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hybrid_zoo.studies.doctor.finding import ADVICE, FINE, WRONG, Finding

MEMORY = 4  # GB available; a study of 200 patients with pictures of 48x48 alone takes 1.3
DISK = 2  # GB free below which a store of decoded images soon fills the disk
STORE = "HYBRID_ZOO_STORE"
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
_UNLIMITED = 2**60  # bytes; version 1 of cgroups writes a number beyond this for "no limit"


def machine_findings() -> Iterator[Finding]:
    """Yield system, cores, thread settings, memory, disk, temporary folder."""
    yield Finding("Machine", "system", f"{platform.system()} {platform.machine()}")
    cores = usable_cores()
    yield Finding("Machine", "cores", f"{cores:g} usable of {os.cpu_count()}")
    yield from _threads(cores)
    yield _memory()
    yield _disk("current folder", Path())
    if os.environ.get(STORE):
        yield _disk(STORE, Path(os.environ[STORE]))
    else:
        yield Finding("Machine", STORE, "not set: decoded images go beside the cohort")
    yield _temporary()


def usable_cores() -> float:
    """Return the cores that this process may use: affinity, and a container's quota."""
    allowed = float(os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        allowed = float(len(os.sched_getaffinity(0)))
    quota, period = (_read(_CGROUP / "cpu.max").split() or ["max", ""])[:2]
    if quota == "max":
        quota = _read(_CGROUP / "cpu/cpu.cfs_quota_us")
        period = _read(_CGROUP / "cpu/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(quota) > 0:
        allowed = min(allowed, round(int(quota) / int(period), 2))
    return allowed


def memory() -> tuple[int, int] | None:
    """Return total and available bytes, within a container's limit; None if not told."""
    try:
        total, free = _told()
    except (AttributeError, ValueError, OSError):  # Windows; macOS tells the total only
        return None
    for limit, used in _LIMITS:
        most, now = _read(_CGROUP / limit), _read(_CGROUP / used)
        if most.isdigit() and now.isdigit() and int(most) < min(total, _UNLIMITED):
            total, free = int(most), min(free, int(most) - int(now))
    return total, max(free, 0)


def _told() -> tuple[int, int]:
    lines = [line.split() for line in _read(Path("/proc/meminfo")).splitlines()]
    told = {words[0].rstrip(":"): 1024 * int(words[1]) for words in lines if len(words) > 1}
    if "MemTotal" in told and "MemAvailable" in told:
        return told["MemTotal"], told["MemAvailable"]
    size = os.sysconf("SC_PAGE_SIZE")
    return size * os.sysconf("SC_PHYS_PAGES"), size * os.sysconf("SC_AVPHYS_PAGES")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _threads(cores: float) -> Iterator[Finding]:
    given = {name: os.environ[name] for name in THREADS if os.environ.get(name)}
    if not given:
        yield Finding("Machine", "threads", "not set: every usable core")
    for name, value in given.items():
        many = value.isdigit() and int(value) > max(cores, 1)
        mend = f"export {name}={max(int(cores), 1)}" if many else ""
        yield Finding("Machine", name, value, ADVICE if many else FINE, mend)


def _memory() -> Finding:
    sizes = memory()
    if sizes is None:
        return Finding("Machine", "memory", "not told by this system")
    total, free = (size / 1e9 for size in sizes)
    found = f"{free:.1f} GB available of {total:.1f}"
    if free >= MEMORY:
        return Finding("Machine", "memory", found)
    mend = "close other programs, or declare smaller images in cohort.yaml"
    return Finding("Machine", "memory", found, ADVICE, mend)


def _disk(name: str, folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(_existing(folder)).free / 1e9
    except OSError as error:
        return Finding("Machine", name, str(error.strerror), WRONG, "choose another folder")
    if not os.access(_existing(folder), os.W_OK):
        state = WRONG if name == STORE else ADVICE
        return Finding("Machine", name, "not writable", state, "choose another folder")
    few = free < DISK
    mend = f"make room, or set {STORE} to a folder with room" if few else ""
    return Finding("Machine", name, f"{free:.1f} GB free", ADVICE if few else FINE, mend)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    whole = folder.absolute()
    return next((place for place in (whole, *whole.parents) if place.exists()), whole)


def _temporary() -> Finding:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"1")
            file.flush()
    except OSError as error:
        mend = "export TMPDIR=FOLDER, one with room that you may write"
        return Finding("Machine", "temporary folder", str(error.strerror), WRONG, mend)
    return Finding("Machine", "temporary folder", "writable")
