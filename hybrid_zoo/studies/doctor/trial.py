"""Asks a process of its own what TensorFlow sees, and whether a tiny model works."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from hybrid_zoo.studies.doctor.finding import ADVICE, FINE, WRONG, Finding

SECONDS = 300  # a slow disk's first import of TensorFlow took under a minute
SAME = 1e-6  # by which saving and loading may move a probability
_MARK = "hybrid-zoo-doctor "
_PROBE = "hybrid_zoo.studies.doctor.probe"
_MENDS = {
    "No module named": "install what is missing above",
    "SIGILL": "TensorFlow's builds need a processor with AVX: use another machine",
    "SIGKILL": "the system ended it, most likely for want of memory: close other programs",
    "not done": "try again, and look at the disk",
}
_REINSTALL = "pip install --force-reinstall --no-deps tensorflow keras"
_REPORT = "report it, with what hybrid-zoo doctor --json prints"


def trial_findings(*, check: bool) -> Iterator[Finding]:
    """Yield whether TensorFlow can be imported, its backend and GPUs, and whether a model works.

    Args:
        check: Build, train, save and load a tiny model too.
    """
    answers, failure = _ask(check)
    if not answers:
        mend = _mend(failure)
        yield Finding("TensorFlow", "import", failure, WRONG, mend)
        if check:
            found = "not tried, since TensorFlow cannot be imported"
            yield Finding("Self-test", "tiny model", found, WRONG, mend)
        return
    yield from _seen(answers[0])
    if check:
        yield _checked(answers[1:], failure)


def _ask(check: bool) -> tuple[list[dict[str, Any]], str]:
    """Return the steps' answers, and why the process failed, if it did."""
    command = [sys.executable, "-P", "-m", _PROBE, *(["--check"] if check else [])]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as late:
        output = late.stdout if isinstance(late.stdout, bytes) else b""
        return _answers(output.decode(errors="replace")), f"not done after {SECONDS} s"
    if done.returncode == 0:
        return _answers(done.stdout), ""
    if done.returncode < 0:
        return _answers(done.stdout), f"ended by {signal.Signals(-done.returncode).name}"
    last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
    return _answers(done.stdout), (last or ["failed without a word"])[0].strip()


def _answers(output: str) -> list[dict[str, Any]]:
    return [
        json.loads(line.removeprefix(_MARK))
        for line in output.splitlines()
        if line.startswith(_MARK)
    ]


def _mend(failure: str) -> str:
    lacking = re.search(r"No module named '(jax|torch|openvino)", failure)
    if lacking:
        return f"export KERAS_BACKEND=tensorflow, or pip install {lacking[1]}"
    return next((mend for sign, mend in _MENDS.items() if sign in failure), _REINSTALL)


def _seen(answer: dict[str, Any]) -> Iterator[Finding]:
    """Yield what the first step saw."""
    part = "TensorFlow"
    yield Finding(part, "import", f"works: {answer['tensorflow']}, Keras {answer['keras']}")
    backend, given = answer["backend"], os.environ.get("KERAS_BACKEND")
    said = f"{backend} (KERAS_BACKEND {'is ' + given if given else 'not set'})"
    yield Finding(part, "backend", said)
    if answer["gpus"]:
        yield Finding(part, "GPU", ", ".join(answer["gpus"]))
    elif shutil.which("nvidia-smi"):
        found = "none seen by TensorFlow, though nvidia-smi is here"
        yield Finding(part, "GPU", found, ADVICE, "pip install 'tensorflow[and-cuda]'")
    else:
        yield Finding(part, "GPU", "none, and none is needed")


def _checked(answers: list[dict[str, Any]], failure: str) -> Finding:
    part, name = "Self-test", "tiny model"
    if not answers:
        mends = [mend for sign, mend in _MENDS.items() if sign in failure]
        return Finding(part, name, failure, WRONG, (mends or [_REPORT])[0])
    seconds, change = answers[0]["seconds"], answers[0]["change"]
    if change > SAME:
        found = f"saving and loading moves a probability by {change:.1g}"
        return Finding(part, name, found, WRONG, _REPORT)
    return Finding(part, name, f"works ({seconds} s)", FINE)
