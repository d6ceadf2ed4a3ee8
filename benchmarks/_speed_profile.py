"""Where a program's time goes: py-spy's samples of its main thread, and the stage of each.

py-spy looks on from outside. A hook inside, such as pyinstrument's, is called at every call of the
Python that it measures, and tracing would seem dearer than it is. Sleeping is sampled too: the main
thread sleeps while TensorFlow's threads, or the process that fits baselines, work for it.
"""

import re
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

Samples = Counter[tuple[str, ...]]
"""Stacks, outermost frame first, each frame as "file:function", to how often they were seen."""

RATE = 25  # a second: on two cores more of it would be felt
STAGES = {
    "importing": ("<frozen importlib._bootstrap>:_find_and_load",),
    "tracing and building": (
        "tensorflow/python/eager/polymorphic_function/tracing_compilation.py:trace_function",
        "hybrid_zoo/hybrid.py:build_hybrid",
        "tuning/networks.py:Network._fresh",
        "tuning/networks.py:Network.__init__",
    ),
    "features": ("tuning/features.py:", "tuning/shortcuts.py:", "tuning/frozen.py:encode"),
    "baselines": ("hybrid_zoo/studies/rivals.py:", "tuning/worker.py:"),
    "reading": ("pipelines/cohort.py:", "pipelines/store.py:", "tuning/identity.py:"),
    "checks of every epoch": (
        "hybrid_zoo/training.py:FiniteWeights",
        "hybrid_zoo/training.py:VaryingPredictions",
    ),
    "validation": ("keras/src/backend/tensorflow/trainer.py:TensorFlowTrainer.evaluate",),
    "prediction": (
        "keras/src/backend/tensorflow/trainer.py:TensorFlowTrainer.predict",
        "tuning/networks.py:Network.logits",
    ),
    "training steps": ("hybrid_zoo/training.py:fit",),
    "bootstrap and scoring": (
        "hybrid_zoo/evaluation/",
        "hybrid_zoo/studies/scoring.py:",
        "hybrid_zoo/studies/calibrated.py:",
        "hybrid_zoo/studies/ensembles.py:",
        "hybrid_zoo/studies/late.py:",
        "tuning/ranking.py:",
    ),
    "report": (
        "hybrid_zoo/studies/report.py:",
        "hybrid_zoo/studies/table1.py:",
        "hybrid_zoo/studies/artefacts.py:",
        "hybrid_zoo/studies/search_files.py:",
        "tuning/search.py:CrossValidatedTuner.write_report",
    ),
    "saving": ("hybrid_zoo/studies/final.py:", "hybrid_zoo/saving/", "tuning/journal.py:"),
}
"""Stage to parts of frames; where a stack has frames of several, the first stage counts."""

ENDS, REST = "start and end of Python", "everything else"
OWN = ("hybrid_zoo/", "pipelines/", "tuning/")


def record(program: Sequence[str | Path], folder: Path, rate: int = RATE) -> Samples:
    """Run a Python program to its end and return what its main thread did.

    Args:
        program: A script and its arguments.
        folder: Where py-spy may write.
        rate: Samples a second.

    Raises:
        RuntimeError: If py-spy may not look, or the program failed.
    """
    out, spy = folder / "stacks.txt", Path(sysconfig.get_path("scripts")) / "py-spy"
    options = ["--rate", str(rate), "--format", "raw", "--idle", "--threads", "--output", out]
    done = subprocess.run(
        [spy, "record", *options, "--", sys.executable, *program], capture_output=True, text=True
    )
    if done.returncode or not out.is_file():
        raise RuntimeError(f"py-spy: exit {done.returncode}: {done.stderr[-2000:]}")
    return read_stacks(out.read_text(encoding="utf-8"))


def read_stacks(text: str) -> Samples:
    """Read py-spy's raw format.

    Args:
        text: A line for every stack: `thread;frame (file:line);... count`.
    """
    samples: Samples = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if thread.endswith("MainThread"):
            samples[tuple(_label(frame) for frame in frames)] += int(count)
    return samples


@cache
def stage_of(stack: tuple[str, ...]) -> str:
    """Return the stage that a stack belongs to.

    Args:
        stack: Frames as "file:function".
    """
    if not stack:  # no frame of Python yet, or no longer
        return ENDS
    whole = ";".join(stack)
    for stage, parts in STAGES.items():
        if any(part in whole for part in parts):
            return stage
    return REST


def shares(samples: Samples) -> dict[str, float]:
    """Return stage to its share of all samples, the largest first.

    Args:
        samples: From `record`.
    """
    found: Counter[str] = Counter()
    for stack, count in samples.items():
        found[stage_of(stack)] += count
    return {stage: count / found.total() for stage, count in found.most_common()}


def mostly(samples: Samples, stage: str) -> str:
    """Name the function of this package in which a stage spends most of its time, if there is one.

    Args:
        samples: From `record`.
        stage: Its name.
    """
    found: Counter[str] = Counter()
    for stack, count in samples.items():
        own = own_frames(stack)
        if own and stage_of(stack) == stage:
            found[own[-1]] += count
    return f"`{found.most_common(1)[0][0]}`" if found else ""


def own_frames(stack: Sequence[str]) -> list[str]:
    """Return this package's functions of a stack; its modules and comprehensions are left out.

    Args:
        stack: Frames as "file:function".
    """
    return [frame for frame in stack if frame.startswith(OWN) and not frame.endswith(">")]


def _label(frame: str) -> str:
    """`fit (hybrid_zoo/training.py:181)` becomes `hybrid_zoo/training.py:fit`."""
    match = re.fullmatch(r"(.*) \((.*?)(?::\d+)?\)", frame)
    return f"{match[2]}:{match[1]}" if match else frame
