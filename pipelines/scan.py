"""Scans image files in parallel, each in a process that it may take down."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import IO, cast

from hybrid_zoo.pipelines.inspection import READY, Inspected

Progress = Callable[[int, int], None]
Job = tuple[str, str]
"""Path and expected SHA-256, which may be empty."""

MEMORY = 2**30  # bytes one worker may use
SECONDS = 60  # one file may take
_BATCH = 32  # files a worker is given at a time
_WORTH = 250  # files for which starting one more worker takes less time than it saves
_WORKER = "hybrid_zoo.pipelines.scan_worker"


def scan(root: Path, jobs: Sequence[Job], progress: Progress | None = None) -> list[Inspected]:
    """Inspect every file once.

    Args:
        root: The cohort folder.
        jobs: Paths and the hashes they should have.
        progress: Called with the number of files scanned and of all files.

    Returns:
        What was found, in the order of the jobs. A file that kills its worker is the one to blame;
        the others of its batch are given to a new worker.

    Source:
        Own design, because a decoder fed with noise may crash, hang or ask for a terabyte.
    """
    if not jobs:
        return []
    batches = [list(jobs[i : i + _BATCH]) for i in range(0, len(jobs), _BATCH)]
    workers = min(os.cpu_count() or 1, 1 + len(jobs) // _WORTH)
    free: SimpleQueue[_Worker] = SimpleQueue()
    for _ in range(workers):
        free.put(_Worker(root.resolve()))
    found: list[Inspected] = []
    try:
        with ThreadPoolExecutor(workers) as pool:
            answers = pool.map(lambda batch: _with_worker(free, batch), batches)
            for answer in itertools.chain.from_iterable(answers):
                found.append(answer)
                if progress is not None:
                    progress(len(found), len(jobs))
    finally:
        for _ in range(free.qsize()):
            free.get().close()
    return found


def _with_worker(free: "SimpleQueue[_Worker]", batch: list[Job]) -> list[Inspected]:
    worker = free.get()
    try:
        return list(worker.answers(batch))
    finally:
        free.put(worker)


class _Worker:
    """A process that inspects files, replaced when it dies."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._start()

    def answers(self, batch: list[Job]) -> Iterator[Inspected]:
        """Yield one answer per job."""
        while batch:
            done = 0
            for answer in self._ask(batch):
                yield answer
                done += 1
            batch = batch[done:]
            if batch:  # the worker died on the first file without an answer
                yield Inspected("decoder crashed, hung or ran out of memory", batch[0][0])
                batch = batch[1:]
                self.close()
                self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _start(self) -> None:
        # One thread per worker: the workers are the parallelism.
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", _WORKER, str(self._root), str(MEMORY), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **single},
            text=True,
            encoding="utf-8",
        )
        self._questions = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)
        if self._answers.readline().strip() != READY:
            self.close()
            raise OSError(
                f"The process that scans image files does not start. Try: {sys.executable} -m "
                f"{_WORKER} . {MEMORY} {SECONDS}"
            )

    def _ask(self, batch: list[Job]) -> Iterator[Inspected]:
        """Yield answers until the batch is done or the worker is dead."""
        try:
            self._questions.write(json.dumps(batch) + "\n")
            self._questions.flush()
        except OSError:
            return
        for _ in batch:
            line = self._answers.readline()
            if not line.endswith("\n"):
                return
            yield Inspected(*json.loads(line))
