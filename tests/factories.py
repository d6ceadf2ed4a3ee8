"""Makes small valid cohorts with every kind of input, for tests."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from hybrid_zoo.pipelines.writing import write_cohort

CONFIG = {
    "version": 1,
    "name": "tiny",
    "targets": {
        "death": {"kind": "binary"},
        "stage": {"kind": "multiclass", "classes": ["a", "b", "c"]},
    },
    "tabular": {"age": {"kind": "numeric", "range": [0, 120]}, "sex": {"kind": "categorical"}},
    "events": {
        "start_hours": 0,
        "end_hours": 12,
        "step_hours": 1,
        "variables": {
            "HR": {"unit": "bpm", "range": [0, 300]},
            "Lactate": None,
            "Vent": {"kind": "event"},
        },
    },
    "images": {"size": [12, 16], "channels": 1, "max_per_sample": 2},
    "notes": {"max_tokens": 8},
    "groups": ["sex"],
    "site": "hospital",
    "scores": ["sofa"],
    "shortcuts": ["view"],
}


def cohort_tables(samples: int = 40, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return the four tables of a cohort whose samples each lack some of their inputs."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"{k:04d}" for k in range(samples)])
    table = pd.DataFrame(
        {
            "sample_id": ids,
            "patient_id": [f"p{k // 2}" for k in range(samples)],
            "death": np.where(np.arange(samples) % 9 == 8, np.nan, np.arange(samples) // 2 % 2),
            "stage": rng.permutation(np.resize(["a", "b", "c"], samples)),
            "age": rng.integers(20, 90, samples).astype(float),
            "sex": rng.choice(["f", "m"], samples),
            "hospital": rng.choice(["north", "south"], samples),
            "sofa": rng.integers(0, 20, samples).astype(float),
        }
    )
    table.loc[3, "age"] = np.nan
    rows = samples * 20
    events = pd.DataFrame(
        {
            "sample_id": rng.choice(ids[: samples * 3 // 4], rows),
            "hours": rng.uniform(0, 12, rows).round(2),
            "variable": rng.choice(["HR", "Lactate", "Vent"], rows),
            "value": rng.uniform(1, 200, rows).round(1),
        }
    )
    names = [f"images/{k}_{n}.png" for k in ids[::2] for n in range(1 + int(k) % 3)]
    images = pd.DataFrame({"sample_id": [name[7:11] for name in names], "path": names})
    images["hours"] = rng.uniform(-9, 9, len(names)).round(1)
    images["view"] = rng.choice(["ap", "pa"], len(names))
    notes = pd.DataFrame({"sample_id": ids[::3], "text": "Short of breath, café", "hours": 1.0})
    return {"samples": table, "events": events, "images": images, "notes": notes}


def make_cohort(
    folder: Path,
    *,
    samples: int = 40,
    suffix: str = ".csv",
    tables: dict | None = None,
    **config: object,
) -> Path:
    """Write a cohort folder and return it; `tables` and keys of cohort.yaml replace the defaults."""
    content = cohort_tables(samples) | (tables or {})
    merged = {key: value for key, value in (CONFIG | config).items() if value is not None}
    write_cohort(folder, merged, content, suffix)
    rng = np.random.default_rng(1)
    (folder / "images").mkdir(exist_ok=True)
    for name in cohort_tables(samples)["images"]["path"]:
        pixels = rng.integers(0, 256, (14, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder
