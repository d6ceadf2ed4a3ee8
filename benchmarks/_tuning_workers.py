"""How much sooner do two workers finish a search than one?

usage: _tuning_workers.py FOLDER PATIENTS TRIALS EPOCHS CORES, one process of a search

A chief that hands out trials and workers that run them, on 127.0.0.1, each a process of its own.
Measured is the wall time from the start of the first worker to the end of the last one, imports,
simulation and tracing included; the chief is up and listening before, and only sleeps. The single
worker has both cores, as TensorFlow takes them by default; of two workers each is pinned to a core
of its own, which TensorFlow then finds alone and starts one thread for. The other two ways, both
workers on both cores and the single worker on one, are shown beside them, from the first repeat.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from _tuning_figures import at_most, bare

BAR = 0.65


def workers(repeats: int, patients: int, trials: int, epochs: int) -> dict:
    """Run one search in several ways; the ratio of the medians, and of single repeats."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("two workers need two cores, and this process may run on one: not measured")
        return {}
    ways = {
        "one worker, both cores": [cores],
        "two workers, a core each": [cores[:1], cores[1:]],
        "one worker, one core": [cores[:1]],
        "two workers, both cores": [cores, cores],
    }
    sizes, seconds = (patients, trials, epochs), {way: [] for way in ways}
    scores: dict[str, list] = {}
    for repeat in range(repeats):
        for way, places in list(ways.items())[: None if repeat == 0 else 2]:
            found, scores[way] = one_search(places, cores, sizes)
            seconds[way].append(found)
            print(f"{repeat + 1}: {way}: {found:.0f} s", flush=True)
    gap = max(
        float(np.abs(np.subtract(a, b)).max()) for a in scores.values() for b in scores.values()
    )
    return _figures(seconds, gap)


def _figures(seconds: dict[str, list[float]], gap: float) -> dict:
    medians = {way: float(np.median(found)) for way, found in seconds.items()}
    print("medians: " + ", ".join(f"{way} {found:.0f} s" for way, found in medians.items()))
    one, pinned, pinned_one, free = seconds
    every = np.divide(seconds[pinned], seconds[one])
    ratio, ends = medians[pinned] / medians[one], (float(every.min()), float(every.max()))
    print(f"two to one worker: {ratio:.2f} ({ends[0]:.2f} to {ends[1]:.2f} in single repeats)")
    print(f"largest difference of a fold's score {gap:.1e}")
    return {
        "two_workers_to_one": at_most(ratio, BAR, ends),
        "two_workers_to_one_pinned": bare(seconds[pinned][0] / seconds[pinned_one][0]),
        "two_workers_to_one_unpinned": bare(seconds[free][0] / seconds[one][0]),
        "workers_score_gap": at_most(gap, 1e-4),
    }


def one_search(places: list[list[int]], cores: list[int], sizes) -> tuple[float, list]:
    """Seconds of a search with a worker per place, and what its folds scored by configuration."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        started = [start("chief", port, folder, sizes, cores)]
        try:
            wait_for(started[0], port)
            begun = time.perf_counter()
            started += [start(f"tuner{k}", port, folder, sizes, p) for k, p in enumerate(places)]
            for worker in started[1:]:
                finish(worker)
            seconds = time.perf_counter() - begun
            finish(started[0])
        finally:  # a chief would wait for ever for a worker that failed
            for process in started:
                process.kill()
        return seconds, np.load(Path(folder) / "scores.npy").tolist()


def start(name: str, port: int, folder: str, sizes, cores: list[int]) -> subprocess.Popen:
    env = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
    }
    places = ",".join(map(str, cores))
    return subprocess.Popen(
        [sys.executable, __file__, folder, *map(str, sizes), places],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a process of the search failed:\n{errors[-3000:]}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(chief: subprocess.Popen, port: int) -> None:
    """Wait until the chief listens."""
    while chief.poll() is None:
        with closing(socket.socket()) as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    finish(chief)


def be_one(folder: Path, patients: int, trials: int, epochs: int) -> None:
    """Be the chief or a worker, as the environment says."""
    from _tuning_speed import folds_of, searched, setting  # TensorFlow counts cores when imported

    arrays, protocol = setting(patients, epochs)
    tuner = searched(arrays, protocol, trials, folder / "search")
    if os.environ["KERASTUNER_TUNER_ID"] == "chief":
        # Workers end in any order: the trials are sorted by what they scored.
        np.save(folder / "scores.npy", np.array(sorted(folds_of(tuner).tolist())))


if __name__ == "__main__":
    os.sched_setaffinity(0, map(int, sys.argv[5].split(",")))
    be_one(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
