"""Everything that is looked at, and the same without what would name a person or a folder."""

import dataclasses
import getpass
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hybrid_zoo.studies.doctor.finding import WRONG, Finding
from hybrid_zoo.studies.doctor.machine import machine_findings
from hybrid_zoo.studies.doctor.packages import package_findings
from hybrid_zoo.studies.doctor.trial import trial_findings


def examine(*, check: bool) -> Iterator[Finding]:
    """Yield findings, those that take no time first.

    Args:
        check: Build, train, save and load a tiny model too.
    """
    yield from package_findings()
    yield from machine_findings()
    yield from trial_findings(check=check)


def report(findings: list[Finding]) -> dict[str, object]:
    """Return findings for a report of a fault, without user name and folders.

    Args:
        findings: What was found.

    Returns:
        Whether all that is needed is there, and one dict per finding.
    """
    rows = [{k: nameless(v) for k, v in dataclasses.asdict(f).items()} for f in findings]
    return {"ready": all(f.state != WRONG for f in findings), "findings": rows}


def nameless(text: str) -> str:
    """Return a text without the user's name and folders.

    Args:
        text: What a library may have printed.
    """
    named = {
        sys.prefix: "<environment>",
        os.getcwd(): "<here>",
        tempfile.gettempdir(): "<temporary>",
        str(Path.home()): "~",
    }
    for folder in sorted(named, key=len, reverse=True):
        if len(folder) > 1:  # "/" stays
            text = re.sub(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])", named[folder], text)
    return re.sub(rf"(?<=[/\\]){re.escape(_user())}(?=[/\\]|$)", "<user>", text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container without an entry for this user
        return "nobody"
