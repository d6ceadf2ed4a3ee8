"""Simulated wards that are honest, each hard for an alarm in its own way, and leaks to plant."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.writing import write_cohort

SIDE = 64
LABS = {"lactate": 1.5, "crp": 60.0, "sodium": 140.0, "urea": 6.0, "platelets": 240.0}
NORMAL = (
    "Heart size is normal. The lungs are clear. No pleural effusion and no pneumothorax is seen. "
    "The mediastinal contours are unremarkable and the bones are intact."
)
SHORT = "Normal chest."
WORDS = (
    "patient reports cough since days fever dyspnoea on exertion oxygen given by mask saturation "
    "improved antibiotics started fluid balance positive mobilised with help family informed pain "
    "controlled wound dry diet tolerated catheter removed blood culture pending chest drain left"
).split()


class Ward:
    """Tables, pictures and cohort.yaml of simulated patients, before they are written.

    `share` of the patients have the event; `samples` is how many each has at most.
    """

    def __init__(self, seed: int, patients: int = 300, samples: int = 1) -> None:
        self.rng = rng = np.random.default_rng(seed)
        owner = np.repeat(np.arange(patients), rng.integers(1, samples + 1, patients))
        ill = rng.standard_normal(patients)[owner]
        self.event = (rng.random(patients) < 0.35)[owner].astype(int)
        self.patients, self.size = patients, len(owner)
        self.ids = np.array([f"s{k:05d}" for k in range(self.size)])
        self.samples = pd.DataFrame(
            {
                "sample_id": self.ids,
                "patient_id": [f"p{k:05d}" for k in owner],
                "sepsis": np.where(rng.random(self.size) < 0.05, np.nan, self.event),
                "age": (62 + 12 * rng.standard_normal(patients)[owner]).clip(18, 100).round(1),
                "sex": rng.choice(["f", "m"], patients)[owner],
                # The distance of the means that makes an AUROC of .90.
                "marker": np.exp(1.812 * self.event + rng.standard_normal(self.size)).round(3),
                "ward": [f"w{k}" for k in rng.integers(0, max(20, patients // 5), patients)[owner]],
            }
        )
        self.ill = ill
        self.config: dict = {
            "version": 1,
            "name": "ward",
            "simulated": True,
            "targets": {"sepsis": {"kind": "binary"}},
            "tabular": {
                "age": {"kind": "numeric"},
                "sex": {"kind": "categorical"},
                "marker": {"kind": "numeric"},
                "ward": {"kind": "categorical"},
            },
        }
        self.tables: dict[str, pd.DataFrame] = {}
        self.files: dict[str, bytes] = {}

    def add_series(self, missing: float = 0.0, hours: float = 48.0) -> "Ward":
        """Laboratory values; `missing` is how much rarer they are without the event, in logits."""
        rng, rows = self.rng, []
        for name, mean in LABS.items():
            rate = 4 / (1 + np.exp(-0.3 * self.ill - missing * self.event))
            sample = np.repeat(np.arange(self.size), rng.poisson(rate))
            value = mean * np.exp(0.2 * rng.standard_normal(len(sample)) + 0.1 * self.event[sample])
            rows.append(
                pd.DataFrame(
                    {
                        "sample_id": self.ids[sample],
                        "hours": rng.uniform(0, hours, len(sample)).round(2),
                        "variable": name,
                        "value": value.round(3),
                    }
                )
            )
        self.tables["events"] = pd.concat(rows, ignore_index=True)
        self.config["events"] = {"start_hours": 0, "end_hours": 48, "step_hours": 2}
        return self

    def add_notes(self) -> "Ward":
        """Free text, a normal report that many share, and two words."""
        rng = self.rng
        kind = rng.random(self.size)
        texts = [
            NORMAL if k < 0.2 else SHORT if k < 0.4 else " ".join(rng.choice(WORDS, 40))
            for k in kind
        ]
        self.tables["notes"] = pd.DataFrame(
            {"sample_id": self.ids, "text": texts, "hours": rng.uniform(0, 24, self.size).round(1)}
        )
        self.config["notes"] = {"max_tokens": 64, "end_hours": 48}
        return self

    def add_pictures(self, alike: float = 1.0, blank: int = 3) -> "Ward":
        """Chests of one anatomy; the larger `alike`, the less they differ; a few are blank."""
        rng, own = self.rng, {}
        for owner in self.samples["patient_id"].unique():
            own[owner] = rng.standard_normal((6, 6)) * 14 / alike, rng.normal(0, 1.5 / alike, 4)
        names = [f"images/{k}.png" for k in self.ids]
        for row, (name, owner) in enumerate(zip(names, self.samples["patient_id"], strict=True)):
            self.files[name] = png(
                np.zeros((SIDE, SIDE)) if row < blank else chest(*own[owner], rng)
            )
        self.tables["images"] = pd.DataFrame({"sample_id": self.ids, "path": names, "hours": 1.0})
        self.config["images"] = {"size": [SIDE, SIDE], "channels": 1, "end_hours": 48}
        return self

    def write(self, folder: Path) -> Cohort:
        """Write the cohort and read it as `validate` does."""
        write_cohort(folder, self.config, {"samples": self.samples, **self.tables})
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return Cohort.read(folder, rescan=True)


def chest(field: np.ndarray, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paint two lungs, a heart and what is a patient's own; `(64, 64)`."""
    down, across = np.mgrid[:SIDE, :SIDE].astype(float)
    canvas = np.full((SIDE, SIDE), 150.0)
    for centre in (18 + shift[0], 46 + shift[1]):
        canvas -= 90 * np.exp(-((((down - 32) / 20) ** 2 + ((across - centre) / 10) ** 2) ** 2))
    heart = ((down - 40 - shift[2]) / 9) ** 2 + ((across - 36 - shift[3]) / 9) ** 2
    canvas += 70 * np.exp(-(heart**2))
    smooth = Image.fromarray(field.astype(np.float32)).resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC
    )
    return canvas + np.asarray(smooth) + rng.normal(0, 3, canvas.shape)


def png(canvas: np.ndarray, kind: str = "PNG", **options: int) -> bytes:
    """Encode `(height, width)` grey levels."""
    stream = io.BytesIO()
    Image.fromarray(np.clip(np.rint(canvas), 0, 255).astype(np.uint8)).save(stream, kind, **options)
    return stream.getvalue()


CLEAN: dict[str, Callable[[int], Ward]] = {
    "an honest predictor of AUROC .90": lambda s: Ward(s).add_series(),
    "labs ordered for the sick, AUROC .70": lambda s: Ward(s, 600).add_series(missing=0.5),
    "several stays per patient": lambda s: Ward(s, 200, samples=4).add_series().add_notes(),
    "chests that look alike": lambda s: Ward(s).add_pictures(alike=2.0),
    "sixty patients": lambda s: Ward(s, 60).add_series(missing=0.5).add_notes().add_pictures(),
}
"""Name to a ward without a leak, drawn by seed."""
