"""Writes simulated cohorts whose best possible AUROC is known: the check of the instrument."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.images import LESION
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.simulation_tables import (
    HOURS,
    IMAGES,
    LABS,
    SIDE,
    WEARABLES,
    lab_events,
    pictures,
    wearable_events,
)
from hybrid_zoo.pipelines.simulation_truth import (
    EFFECTS,
    SHORTCUT_EFFECTS,
    UNKNOWN_SHARE,
    Latents,
    draw_labels,
    draw_latents,
    draw_portable,
    oracle,
)
from hybrid_zoo.pipelines.writing import write_cohort

FEWEST = 60
CEILINGS = {"cardiovascular": 0.9171, "cancer": 0.8356, "diabetes": 0.8242}
SHORTCUT_CEILINGS = {"icu": 0.8316}
_SITES = ("north", "harbour", "university")
_WINDOW = {"start_hours": 0, "end_hours": HOURS}
_WORDS = {
    "name": "three-hospitals",
    "title": "Simulated cohort",
    "description": (
        "Simulated patients, no real person. cardiovascular: picture and laboratory interact on "
        "top of main effects, so that fusing must help. cancer: both add up, so that averaging two "
        "single-modality models is enough. diabetes: laboratory only, so that fusing must not help."
    ),
}
_SHORTCUT_WORDS = {
    "name": "portable-view",
    "title": "Simulated cohort with a shortcut",
    "description": (
        "Simulated patients, no real person. A trap: those who get intensive care are mostly "
        "pictured with a portable device, which shows in the picture; the illness itself adds "
        "little. A model that scores well here has read how the picture was taken."
    ),
}


def simulate(
    out: Path,
    *,
    patients: int = 1200,
    seed: int = 0,
    shortcut: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a simulated cohort whose limits are known.

    Every patient has three 48x48 pictures, laboratory series over 48 hours, age and sex; half have
    a wearable too. Three sites, 8 % unknown labels per target, two thirds of the patients declared
    as the training part. `ceilings.json` beside the tables holds the best possible AUROC of each
    target; column `lesion` of the images names the mask of a picture's patches, which
    `lesion_masks` reads.

    Args:
        out: A new or empty folder.
        patients: At least 60.
        seed: The same seed writes the same bytes.
        shortcut: Write the trap instead: one target, `icu`, which the way the picture was taken
            (column `view`) gives away; no wearables.
        progress: Called with the number of patients painted and of all patients.

    Returns:
        `out`.

    Raises:
        ConfigError: If there are too few patients.
        CohortError: If `out` holds something already.

    Source:
        Own design, because the claim "fusing helped" can only be checked where the truth is known.
    """
    if patients < FEWEST:
        raise ConfigError(f"simulate: patients={patients}; expected at least {FEWEST}.")
    out = require_empty(Path(out))
    rng = np.random.default_rng([seed, int(shortcut)])
    latents = draw_latents(patients, rng, wearables=not shortcut)
    samples, portable = _samples(latents, rng, shortcut=shortcut)
    events = [lab_events(latents, rng)]
    if not shortcut:
        events.append(wearable_events(latents, rng))
    tables = {
        "samples": samples,
        "events": _with_ids(pd.concat(events), samples),
        "images": pd.DataFrame(_paint(out, samples, latents, portable, rng, progress)),
    }
    stated = SHORTCUT_CEILINGS if shortcut else CEILINGS
    (out / "ceilings.json").write_text(json.dumps(stated, indent=1) + "\n", encoding="utf-8")
    write_cohort(out, _config(shortcut=shortcut), tables)
    return out


def ceilings(n: int = 1_000_000, seed: int = 1, *, shortcut: bool = False) -> dict[str, float]:
    """Measure the best possible AUROC per target again, on patients drawn independently.

    `CEILINGS` and `SHORTCUT_CEILINGS` state the same figures; they are what a cohort carries. They
    are the AUROC of the true risk given the latent illness of every modality that a patient has
    (and the view, in the trap); pictures and series show that illness almost without loss.

    Args:
        n: Patients to draw.
        seed: Of the draw.
        shortcut: Measure the trap's target.

    Returns:
        Target name to AUROC.
    """
    effects = SHORTCUT_EFFECTS if shortcut else EFFECTS
    return oracle(effects, n, np.random.default_rng(seed), shortcut=shortcut)


def _samples(
    latents: Latents, rng: np.random.Generator, *, shortcut: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the samples table, and who is pictured with the portable device."""
    count = len(latents.age)
    columns: dict[str, Any] = {
        "sample_id": [f"p{number:05d}" for number in range(count)],
        "age": np.clip(62.0 + 12.0 * latents.age, 18.0, 100.0).round(1),
        "sex": rng.choice(["female", "male"], count),
        "site": rng.choice(_SITES, count),
        "split": np.where(rng.permutation(count) < round(count * 2 / 3), "train", "test"),
    }
    portable = np.zeros(count, dtype=bool)
    for name, effects in (SHORTCUT_EFFECTS if shortcut else EFFECTS).items():
        labels = draw_labels(effects, latents, rng)
        if shortcut:
            portable = draw_portable(labels, rng)
            columns["view"] = np.where(portable, "AP", "PA")
        unknown = rng.permutation(count) < round(count * UNKNOWN_SHARE)
        columns[name] = pd.array(np.where(unknown, -1, labels), dtype="Int64")
        columns[name][unknown] = pd.NA
    return pd.DataFrame(columns), portable


def _paint(
    out: Path,
    samples: pd.DataFrame,
    latents: Latents,
    portable: np.ndarray,
    rng: np.random.Generator,
    progress: Progress | None,
) -> Iterator[dict[str, Any]]:
    """Write the pictures of every patient and yield their rows."""
    for kind in ("images", "lesions"):
        (out / kind).mkdir(parents=True)
    for patient, name in enumerate(samples["sample_id"]):
        views = pictures(latents.image[patient], rng, portable=bool(portable[patient]))
        for number, picture in enumerate(views):
            path, lesion = (f"{kind}/{name}_{number}.png" for kind in ("images", "lesions"))
            picture.image.save(out / path, compress_level=1)
            picture.lesion.save(out / lesion, compress_level=1)
            hours = number * HOURS / IMAGES
            yield {"sample_id": name, "path": path, "hours": hours, LESION: lesion}
        if progress is not None:
            progress(patient + 1, len(samples))


def _with_ids(events: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    ids = samples["sample_id"].to_numpy()[events.pop("patient").to_numpy()]
    events.insert(0, "sample_id", ids)
    return events


def _config(*, shortcut: bool) -> dict[str, Any]:
    config: dict[str, Any] = {
        "version": 1,
        **(_SHORTCUT_WORDS if shortcut else _WORDS),
        "license": "CC0-1.0",
        "citation": "hybrid_zoo simulator",
        "prediction_time": "48 hours after admission",
        "simulated": True,
        "targets": {n: {"kind": "binary"} for n in (SHORTCUT_EFFECTS if shortcut else EFFECTS)},
        "tabular": {
            "age": {"kind": "numeric", "range": [0, 120]},
            "sex": {"kind": "categorical"},
        },
        "events": {"sequence": _grid(LABS)},
        "images": {"size": [SIDE, SIDE], "channels": 1, "max_per_sample": IMAGES, **_WINDOW},
        "groups": ["sex"],
        "site": "site",
        "split": "split",
    }
    if shortcut:
        return config | {"shortcuts": ["view"]}
    config["events"]["sequence_wearable"] = _grid(WEARABLES)
    return config


def _grid(variables: dict[str, tuple[str, float, float, float]]) -> dict[str, Any]:
    units = {name: {"unit": unit} for name, (unit, *_) in variables.items()}
    return {**_WINDOW, "step_hours": 2, "variables": units}
