"""Is a cross-validated search fast, honest, and safe from whatever ends it?

usage: tuning.py [--quick] [--only PART ...]

speed: 8 trials x 5 folds x 5 epochs on 600 simulated patients (a 64x64 picture, series up to 50
steps) by the loop that a KerasTuner user writes (a new model per fold, files decoded in every
epoch), by this package, and by this package with racing; all else is the same.
kills: the search is killed with SIGKILL at random moments and started again; no fold may be fitted
twice, and the result must be that of a search that was left alone.
regret: 20 searches in full and raced, on other simulated patients each; both winners are refitted
and tested on 10,000 more.
canaries: what says nothing must score like a coin, and what a leak would tell must be audible where
there is one: a column that gives patients away, and feature selection on noise.
workers: a chief with two workers against a chief with one, as processes of their own.
"""

import argparse
import importlib
import json
import os

PARTS = {
    "speed": {"patients": 600, "trials": 8, "epochs": 5},
    "kills": {"number": 20, "patients": 120, "trials": 8, "epochs": 2},
    "regret": {"searches": 20, "patients": 400, "tested": 10_000, "trials": 8, "epochs": 12},
    "canaries": {"seeds": 10, "patients": 2000, "columns": 4000},
    "workers": {"repeats": 3, "patients": 600, "trials": 12, "epochs": 5},
}
"""Part to its sizes. Each is the function of its name in the file `_tuning_PART.py`."""

QUICK = {
    "speed": {"patients": 60, "trials": 1, "epochs": 1},
    "regret": {"searches": 2, "patients": 60, "tested": 300, "trials": 2, "epochs": 1},
    # These take longer than a minute at any size: only where they are asked for.
    "canaries": {"seeds": 1, "patients": 100, "columns": 500},
    "kills": {"number": 2, "patients": 120, "trials": 4, "epochs": 2},
    "workers": {"repeats": 1, "patients": 100, "trials": 4, "epochs": 1},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, within a minute")
    parser.add_argument("--only", nargs="+", choices=PARTS)
    given = parser.parse_args()
    chosen = given.only or (list(QUICK)[:2] if given.quick else PARTS)
    found = {}
    for part in chosen:
        print(f"--- {part}", flush=True)
        run = getattr(importlib.import_module(f"_tuning_{part}"), part)
        found |= run(**(QUICK if given.quick else PARTS)[part])
    print(f"{len(os.sched_getaffinity(0))} cores")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
