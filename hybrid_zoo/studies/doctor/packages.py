"""Which packages are installed, held against what this one declares that it needs."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import TYPE_CHECKING

from hybrid_zoo.studies.doctor.finding import FINE, OPTIONAL, WRONG, Finding

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement

DISTRIBUTION = "hybrid-zoo"
PART = "Packages"
ABSENT = "not installed"
ROWS = {"tensorflow", "keras", "keras-tuner", "numpy", "pandas", "scikit-learn"}
"""Packages with a row of their own; others share one, unless something is wrong with them."""


def package_findings() -> Iterator[Finding]:
    """Yield Python, this package, what it needs at first and second hand, and its extras."""
    try:
        own = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        yield Finding(PART, DISTRIBUTION, ABSENT, WRONG, "pip install .")
        return
    yield _python(own.metadata["Requires-Python"] or "")
    yield Finding(PART, DISTRIBUTION, own.version)
    yield from _needed(DISTRIBUTION)
    for extra in own.metadata.get_all("Provides-Extra") or ():
        yield _extra(extra)


def requirements(name: str, extras: frozenset[str] = frozenset()) -> list["Requirement"]:
    """Return what an installed distribution says it needs here.

    Args:
        name: The distribution.
        extras: Its extras that are wanted.

    Returns:
        Those whose markers hold for this Python and system; of an extra only its own.
    """
    from packaging.requirements import Requirement

    wanted = sorted(extras) or [""]
    found = [Requirement(line) for line in distribution(name).requires or ()]
    plain = [r for r in found if r.marker is None and not extras]
    return plain + [r for r in found if r.marker and _holds(r.marker, wanted)]


def _holds(marker: "Marker", extras: list[str]) -> bool:
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def trouble(requirement: "Requirement") -> str:
    """Say in words what is wrong with a requirement's distribution; empty if nothing is.

    Args:
        requirement: What is needed.
    """
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return ABSENT
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{found}, but {requirement.specifier} is needed"


def _python(needed: str) -> Finding:
    from packaging.specifiers import SpecifierSet

    found = platform.python_version()
    if SpecifierSet(needed).contains(found, prereleases=True):
        return Finding("Python", "Python", found)
    mend = "make a virtual environment with a Python of that version"
    return Finding("Python", "Python", f"{found}, but {needed} is needed", WRONG, mend)


def _needed(name: str) -> Iterator[Finding]:
    """Yield what `name` needs, and what that needs in turn."""
    others: list[str] = []
    wrong: dict[str, list[tuple[str, Requirement]]] = {}
    for owner, requirement in _closure(name):
        needed = _normal(requirement.name)
        if trouble(requirement):
            wrong.setdefault(needed, []).append((owner, requirement))
        elif needed in ROWS:
            yield Finding(PART, needed, version(needed))
        elif owner == name:
            others.append(f"{needed} {version(needed)}")
    for needed, demands in wrong.items():
        yield _wrong(needed, demands)
    if others:
        yield Finding(PART, "others", ", ".join(others))


def _wrong(needed: str, demands: list[tuple[str, "Requirement"]]) -> Finding:
    first, *more = [requirement for _, requirement in demands]
    for requirement in more:
        first.specifier &= requirement.specifier
    owners = ", ".join(dict.fromkeys(owner for owner, _ in demands))
    found = f"{trouble(first)} (by {owners})"
    return Finding(PART, needed, found, WRONG, f"pip install '{needed}{first.specifier}'")


def _closure(name: str) -> Iterator[tuple[str, "Requirement"]]:
    """Yield who needs what, each package once, and again where somebody is not content with it."""
    seen: set[str] = set()
    waiting = [(name, requirement) for requirement in requirements(name)]
    while waiting:
        owner, requirement = waiting.pop(0)
        needed, wrong = _normal(requirement.name), trouble(requirement)
        if wrong or needed not in seen:
            yield owner, requirement
        if needed not in seen and wrong != ABSENT:
            waiting += [(needed, further) for further in _with_extras(requirement)]
        seen.add(needed)


def _with_extras(requirement: "Requirement") -> list["Requirement"]:
    plain = requirements(requirement.name)
    if not requirement.extras:
        return plain
    return plain + requirements(requirement.name, frozenset(requirement.extras))


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _extra(extra: str) -> Finding:
    name = f"{DISTRIBUTION}[{extra}]"
    lacking = sorted(set(_lacking(extra)))
    if not lacking:
        return Finding("Optional extras", name, "installed", FINE)
    found = "without " + ", ".join(lacking[:4]) + (" and more" if len(lacking) > 4 else "")
    return Finding("Optional extras", name, found, OPTIONAL, f"pip install '{name}'")


def _lacking(extra: str) -> Iterator[str]:
    for requirement in requirements(DISTRIBUTION, frozenset({extra})):
        if requirement.name == DISTRIBUTION:
            for further in requirement.extras:
                yield from _lacking(further)
        elif trouble(requirement):
            yield requirement.name
