"""Real studies from published data, their tables and verdicts written to docs/results.md.

usage: real.py DATA [--only NAME ...] [--runs DIR] [--seeds N] [--quick]
DATA holds the folders hannover, physionet2012 and digits, or folders whose names begin so.
"""

import argparse
import json
import time
from pathlib import Path

from _options import cores
from _sources import NAMES, prepared

from hybrid_zoo.studies.runner import run_study
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.tables import markdown_results

RESULTS = Path(__file__).parent.parent / "docs" / "results.md"
HEAD = """# Results on real data

Written by `make bench-real DATA=folder` (`benchmarks/real.py`); no figure here was typed by hand.
Networks and baselines ran with their prespecified configurations (`--trials 1`), so that the tables
can be made again in about an hour. Seconds are of {cores}.
"""


def run_one(name: str, data: Path, runs: Path, settings: Settings) -> Path:
    with prepared(name, data) as cohort:
        start = time.perf_counter()
        run = run_study(
            cohort,
            settings,
            runs / name,
            overwrite=True,
            command=f"hybrid-zoo study {name} --trials 1 --seeds {settings.seeds}",
        )
    print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return run


def figures(run: Path) -> dict:
    metrics = json.loads((run / "metrics.json").read_text())
    found = {}
    for target, block in metrics["targets"].items():
        for model, values in block["models"].items():
            found[f"{metrics['cohort']}/{target}/{model}"] = values["auroc"]
        found[f"{metrics['cohort']}/{target}/verdict"] = {
            "value": block["verdict"],
            "flags": block["flags"],
            "recommended": block["recommended"],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", default=list(NAMES), choices=list(NAMES))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one epoch, nothing is written")
    options = parser.parse_args()
    settings = Settings(trials=1, seeds=options.seeds, epochs=1 if options.quick else 50)
    runs = [run_one(name, options.data, options.runs, settings) for name in options.only]
    if not options.quick:
        done = [options.runs / name for name in NAMES]
        parts = [markdown_results(run) for run in done if (run / "metrics.json").is_file()]
        RESULTS.parent.mkdir(exist_ok=True)
        head = HEAD.format(cores=cores())
        RESULTS.write_text("\n".join([head, *parts]), encoding="utf-8")
    print(json.dumps({key: value for run in runs for key, value in figures(run).items()}))


if __name__ == "__main__":
    main()
