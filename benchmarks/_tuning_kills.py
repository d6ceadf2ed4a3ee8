"""A search is killed at random moments and started again: is any fold fitted twice?

usage: _tuning_kills.py FOLDER PATIENTS TRIALS EPOCHS, one search, which may be killed
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _tuning_figures import at_most
from _tuning_speed import folds_of, searched, setting

from hybrid_zoo.tuning.journal import Journal


def one_search(folder: Path, patients: int, trials: int, epochs: int) -> None:
    """Search, writing a line per fold that is fitted; then the result."""
    arrays, protocol = setting(patients, epochs)
    write = Journal.write

    def told(journal, config, number, fold):
        write(journal, config, number, fold)
        with (folder / "fits.txt").open("a") as file:
            file.write(f"{sorted(config.items())} {number}\n")

    Journal.write = told  # a fold is finished when it is on the disk
    tuner = searched(arrays, protocol, trials, folder / "search")
    (folder / "result.json").write_text(json.dumps(folds_of(tuner).tolist()))


def kills(number: int, patients: int, trials: int, epochs: int) -> dict:
    """Kill a search at random moments, until so many kills are done; then let it finish."""
    rng, done = np.random.default_rng(0), 0
    with tempfile.TemporaryDirectory() as temporary:
        alone, killed = Path(temporary) / "alone", Path(temporary) / "killed"
        numbers = [str(n) for n in (patients, trials, epochs)]
        for folder in (alone, killed):
            folder.mkdir()
        env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}

        def start(folder):
            command = [sys.executable, __file__, str(folder), *numbers]
            return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)

        def finish(folder):
            if start(folder).wait():
                raise RuntimeError(f"a search in {folder} failed")

        finish(alone)
        ready = seconds_to_start(start, Path(temporary) / "ready")
        while done < number:
            search = start(killed)
            try:
                search.wait(ready + rng.uniform(0, 6))
                break  # it finished
            except subprocess.TimeoutExpired:
                search.send_signal(signal.SIGKILL)
                search.wait()
                done += 1
        finish(killed)
        results = [json.loads((f / "result.json").read_text()) for f in (alone, killed)]
        fits = (killed / "fits.txt").read_text().splitlines()
        gap = float(np.abs(np.subtract(*results)).max())
    twice = len(fits) - len(set(fits))
    print(
        f"{done} kills, {len(fits)} folds fitted, {twice} of them twice, scores differ by {gap:.1e}"
    )
    return {
        "kills": {"value": done},
        "folds_fitted_twice": at_most(twice, 0),
        "killed_score_gap": at_most(gap, 0),
    }


def seconds_to_start(start, folder: Path) -> float:
    """Time until the first fold of a search is on the disk."""
    folder.mkdir()
    before, search = time.perf_counter(), start(folder)
    while not list(folder.glob("search/folds/*.npz")):
        time.sleep(0.2)
    search.kill()
    search.wait()
    return time.perf_counter() - before - 3


if __name__ == "__main__":
    one_search(Path(sys.argv[1]), *map(int, sys.argv[2:]))
