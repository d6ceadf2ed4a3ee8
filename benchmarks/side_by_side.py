"""Are two networks of a study trained at a time faster than one after the other, and the same?

usage: side_by_side.py [--patients 800] [--rounds 2] [--quick]

Every network of a study of simulated patients (two kinds of series, pictures, a table), three folds
and a final fit, in processes of half of the cores each and in one process of all of them, in turn,
each time from the start. Baselines, which have a process of their own, are left out.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _tuning_figures import at_most, bare
from scipy.stats import spearmanr

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.studies import side_by_side
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.entries import Entry
from hybrid_zoo.studies.parts import make_rounds, plan_study
from hybrid_zoo.studies.settings import Settings


def train(cohort: Cohort, settings: Settings, *, together: bool) -> tuple[float, dict[str, Entry]]:
    """Return seconds, and what every network predicted."""
    side_by_side.ROWS = 0 if together else float("inf")
    arrays = cohort.to_arrays()
    contest, plan = Contest(cohort, arrays), plan_study(cohort, arrays, settings)
    with tempfile.TemporaryDirectory() as workspace:
        this, *_ = make_rounds(
            cohort,
            arrays,
            settings,
            plan,
            workspace=Path(workspace),
            on_fit=lambda name: None,
            deadline=None,
        )
        start = time.perf_counter()
        with side_by_side.SideBySide(contest.networks, [this]) as trained:
            entries = trained.enter(this)
    return time.perf_counter() - start, entries


def agreement(one: dict[str, Entry], other: dict[str, Entry]) -> float:
    """The least rank correlation of a network's predictions with those made the other way."""
    found = []
    for name, entry in one.items():
        for target, logits in entry.scored.items():
            pair = np.stack([logits, other[name].scored[target]])
            found.append(spearmanr(*pair[:, np.isfinite(pair).all(axis=0)])[0])
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="60 patients, one epoch, one round")
    given = parser.parse_args()
    patients, rounds, epochs = (60, 1, 1) if given.quick else (given.patients, given.rounds, 50)
    settings = Settings(trials=1, seeds=1, folds=3, epochs=epochs)
    ratios, ranks = [], []
    with tempfile.TemporaryDirectory() as folder:
        cohort = Cohort.read(simulate(Path(folder) / "cohort", patients=patients))
        for _ in range(rounds):
            (alone, known), (seconds, entries) = (
                train(cohort, settings, together=together) for together in (False, True)
            )
            print(f"  one after the other {alone:.0f} s, two at a time {seconds:.0f} s", flush=True)
            ratios.append(seconds / alone)
            ranks.append(agreement(entries, known))
    told = {"wall": at_most(statistics.median(ratios), 0.8), "agreement": bare(min(ranks))}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
