"""A run folder with every kind of input, whose model was never trained, and names made of HTML."""

import json

import keras
import numpy as np
import pandas as pd
from factories import cohort_tables, make_cohort
from tiny import CONFIG

from hybrid_zoo import InputSpec, build_hybrid
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.digests import sample_digests
from hybrid_zoo.saving import save
from hybrid_zoo.studies.artefacts import prediction_rows, write_settings
from hybrid_zoo.studies.checksums import write_checksums
from hybrid_zoo.studies.settings import Settings

EVIL = "<b onload=x>&amp;"
NAME = "Zebulon"
SITE = "northern"
NOTE = f"Short of breath {EVIL} since 12.03.2021, seen by {NAME} in {SITE}"
VARIABLES = {
    "HR": {"unit": EVIL, "range": [0, 300], "normal": [60, 100]},
    EVIL: None,
    "Vent": {"kind": "event"},
    "Never": {"unit": "g"},
}


def tables(samples=40):
    """The tables of `factories`, with HTML where text goes and what may name a patient."""
    found = cohort_tables(samples)
    table = found["samples"]
    table["sex"] = table["sex"].replace("f", EVIL)
    table["hospital"] = SITE
    table["admitted"] = "2021-03-12"
    found["events"]["variable"] = found["events"]["variable"].replace("Lactate", EVIL)
    ids = table["sample_id"][::2]
    text = [NOTE if k == "0002" else "Short of breath, better since" for k in ids]
    found["notes"] = pd.DataFrame({"sample_id": ids, "text": text, "hours": 3.0})
    return found


def make_patient_run(folder, *, only_columns=False, **model):
    """Return the run and its cohort; sample 0002 has everything, 0033 columns alone.

    Args:
        folder: Where both go.
        only_columns: Leave out images, series and notes, and the multiclass target.
        model: Arguments of `build_hybrid`.
    """
    events = {"start_hours": 0, "end_hours": 12, "step_hours": 1, "variables": VARIABLES}
    inputs = {"events": events, "notes": {"max_tokens": 9}}
    if only_columns:
        inputs = {"events": None, "notes": None, "images": None, "shortcuts": []}
        inputs["targets"] = {"death": {"kind": "binary"}}
    cohort = make_cohort(folder / "cohort", tables=tables(), **inputs)
    found = Cohort.read(cohort)
    arrays = found.to_arrays()
    spec = InputSpec.from_arrays(arrays.inputs, columns=arrays.columns, kinds=arrays.kinds)
    classes = {name: len(arrays.classes[name]) or 1 for name in arrays.labels}
    keras.utils.set_random_seed(0)  # the same words weigh each time
    net = build_hybrid(spec, targets=classes, **CONFIG | model)
    run = folder / "run"
    run.mkdir()
    save(net, run / "model.keras")
    write_settings(run, found, arrays, Settings(resamples=100))
    _write_results(run, arrays, net.predict(arrays.inputs, verbose=0))
    write_checksums(run)
    return run, cohort


def _write_results(run, arrays, outputs):
    threshold = float(np.median(outputs["death"]))
    blocks = {
        "death": {"kind": "binary", "threshold": threshold},
        "stage": {"kind": "multiclass", "threshold": None},
    }
    blocks = {name: blocks[name] for name in arrays.labels}
    metrics = {"targets": blocks, "cohort": "tiny", "simulated": False}
    (run / "metrics.json").write_text(json.dumps(metrics))
    scored = pd.concat(
        prediction_rows(arrays, t, outputs[t], model="hybrid", split="test") for t in arrays.labels
    )
    scored.to_csv(run / "predictions.csv", index=False)
    splits = pd.DataFrame({"sample_id": arrays.sample_ids, "patient_id": arrays.patient_ids})
    splits["content"], splits["split"] = sample_digests(arrays), "test"
    splits.loc[splits["patient_id"] == "p0", "split"] = "train"
    splits.to_csv(run / "splits.csv", index=False)
