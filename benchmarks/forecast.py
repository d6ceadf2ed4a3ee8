"""Is the time that a study foretells after its first fold the time that it takes?

usage: forecast.py [--quick]

Five simulated cohorts of other sizes and kinds, with and without a search.
"""

import argparse
import json
import os
import re
import tempfile
import time
from pathlib import Path

from _tuning_figures import at_most

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.studies.runner import run_study
from hybrid_zoo.studies.settings import Settings

COHORTS = {
    "three targets, five modalities": ({"patients": 300}, {"trials": 1, "seeds": 1}),
    "a shortcut, 200 patients": ({"patients": 200, "shortcut": True}, {"trials": 1, "seeds": 3}),
    "a search of two": ({"patients": 150}, {"trials": 2, "seeds": 1}),
    "many patients": ({"patients": 900}, {"trials": 1, "seeds": 1}),
    "few epochs": ({"patients": 300}, {"trials": 1, "seeds": 2, "epochs": 6}),
}
_UNITS = {"second": 1, "minute": 60, "hour": 3600}


def measure(folder: Path, simulated: dict, options: dict) -> float:
    """Return the larger of foretold / taken and its inverse."""
    cohort = Cohort.read(simulate(folder / "cohort", **simulated))
    start = time.perf_counter()
    run = run_study(cohort, Settings(folds=3, **options), folder / "run")
    taken = time.perf_counter() - start
    log = (run / "run.log").read_text()
    number, unit = re.search(r"about ([\d.]+) (second|minute|hour)s? in all", log).groups()
    told = float(number) * _UNITS[unit]
    print(f"  told {told:.0f} s, taken {taken:.0f} s", flush=True)
    return max(told / taken, taken / told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small cohort, within a minute")
    quick = parser.parse_args().quick
    chosen = dict([("small", ({"patients": 60, "shortcut": True}, {"trials": 1, "seeds": 1}))])
    found = {}
    for name, (simulated, options) in (chosen if quick else COHORTS).items():
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            found[name] = measure(Path(temporary), simulated, options)
    print(f"{len(os.sched_getaffinity(0))} cores")
    print(json.dumps({"worst_ratio": at_most(max(found.values()), 1.5)}))


if __name__ == "__main__":
    main()
