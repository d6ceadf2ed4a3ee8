"""The study whose time is looked into: five kinds of data, some hundred simulated patients.

usage: _speed_study.py COHORT RUN [--quick]

A program of its own, so that a profiler sees nothing but a study.
"""

import argparse
from pathlib import Path

NOTE_WORDS, WORDS_KNOWN = 40, 400


def simulate_with_notes(folder: Path, patients: int) -> Path:
    """Write a simulated cohort, and a note of chance words for four patients in five."""
    import numpy as np
    import pandas as pd
    import yaml

    from hybrid_zoo.pipelines.simulation import simulate

    simulate(folder, patients=patients)
    rng = np.random.default_rng(1)
    ids = pd.read_csv(folder / "samples.csv")["sample_id"].to_numpy()
    ids = ids[rng.random(len(ids)) < 0.8]
    drawn = rng.integers(WORDS_KNOWN, size=(len(ids), NOTE_WORDS))
    texts = [" ".join(f"word{number}" for number in row) for row in drawn]
    pd.DataFrame({"sample_id": ids, "text": texts, "hours": 1.0}).to_csv(
        folder / "notes.csv", index=False
    )
    config = yaml.safe_load((folder / "cohort.yaml").read_text(encoding="utf-8"))
    config["notes"] = {"max_tokens": NOTE_WORDS}
    (folder / "cohort.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--quick", action="store_true", help="two epochs, no search")
    given = parser.parse_args()
    # As the command line does: nothing heavy is imported before a study begins.
    from hybrid_zoo.pipelines.cohort import Cohort
    from hybrid_zoo.studies import side_by_side
    from hybrid_zoo.studies.runner import run_study
    from hybrid_zoo.studies.settings import Settings

    side_by_side.ROWS = float("inf")  # the profiler sees one process
    options = {"trials": 1, "epochs": 2} if given.quick else {"trials": 2, "epochs": 20}
    settings = Settings(seeds=1, folds=3, **options)
    run_study(Cohort.read(given.cohort), settings, given.run)


if __name__ == "__main__":
    main()
