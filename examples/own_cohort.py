"""From pandas tables to a study and its verdict, and the same cohort as a folder on disk.

Everything here is simulated, and far too small and too briefly trained to conclude anything from.
Run: python examples/own_cohort.py
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo import Cohort, study

STAYS, HOURS = 120, 12
rng = np.random.default_rng(0)
ids = [f"stay-{k:03d}" for k in range(STAYS)]
died = rng.uniform(size=STAYS) < 0.4

# One row per stay, two stays per patient. An empty cell is "not recorded"; an impossible age is
# quarantined, with its row and reason, and counts as not recorded.
samples = pd.DataFrame(
    {
        "sample_id": ids,
        "patient_id": [f"patient-{k // 2:03d}" for k in range(STAYS)],
        "died": died.astype(float),
        "age": rng.normal(60, 12, STAYS).round() + 6 * died,
        "ward": rng.choice(["east", "west"], STAYS),
        "split": ["test" if k // 2 % 3 == 0 else "train" for k in range(STAYS)],
    }
)
samples.loc[3, "age"] = 430
samples.loc[5, "age"] = np.nan

# One row per measurement, in long format; a third of them was never taken.
events = pd.DataFrame(
    [
        (sample, hour, "heart_rate", rng.normal(80 + 10 * sick, 9))
        for sample, sick in zip(ids, died, strict=True)
        for hour in range(HOURS)
        if rng.uniform() < 0.67
    ],
    columns=["sample_id", "hours", "variable", "value"],
)

cohort = Cohort.from_frames(
    samples,
    events=events,
    name="simulated-stays",
    simulated=True,
    targets=["died"],
    tabular={"age": {"kind": "numeric", "range": [0, 120]}, "ward": {"kind": "categorical"}},
    events_options={"start_hours": 0, "end_hours": HOURS, "step_hours": 1},
    groups=["ward"],
    split="split",  # without it, so few patients would mean repeated cross-validation
)
print("\n".join(cohort.summary()))
print(cohort.quarantine.to_string(index=False))

with tempfile.TemporaryDirectory() as folder:
    # The same as a folder, for `hybrid-zoo validate` and `hybrid-zoo study`; it reads back equal.
    cohort.write(Path(folder) / "stays")
    print(f"reads back equal: {Cohort.read(Path(folder) / 'stays').equals(cohort)}")

    quick = {"trials": 1, "folds": 2, "seeds": 1, "epochs": 2, "resamples": 200}
    result = study(cohort, out=Path(folder) / "run", progress=False, **quick)
    print("run folder:", *sorted(path.name for path in result.folder.iterdir()))
    print(result.table()["auroc"].round(3).to_string())
    print(result)
