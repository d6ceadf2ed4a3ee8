"""What of a run folder predict and evaluate read, with a model that was never trained."""

import json

import pandas as pd
from factories import make_cohort
from tiny import CONFIG

from hybrid_zoo import InputSpec, build_hybrid
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.digests import sample_digests
from hybrid_zoo.saving import save
from hybrid_zoo.studies.artefacts import write_settings
from hybrid_zoo.studies.checksums import write_checksums
from hybrid_zoo.studies.settings import Settings

TEST = [f"{k:04d}" for k in range(30, 40)]


def make_run(folder):
    """The run, whose last ten samples are its test part, and its predictions of both targets."""
    cohort = Cohort.read(make_cohort(folder / "cohort", images=None, notes=None, shortcuts=[]))
    arrays = cohort.to_arrays()
    spec = InputSpec.from_arrays(arrays.inputs, columns=arrays.columns, kinds=arrays.kinds)
    model = build_hybrid(spec, targets={"death": 1, "stage": 3}, **CONFIG)
    run = folder / "run"
    run.mkdir()
    save(model, run / "model.keras")
    write_settings(run, cohort, arrays, Settings(resamples=100))
    blocks = {name: {"threshold": t} for name, t in (("death", 0.25), ("stage", None))}
    metrics = {"targets": blocks, "cohort": "tiny", "simulated": False}
    (run / "metrics.json").write_text(json.dumps(metrics))
    splits = pd.DataFrame(
        {
            "sample_id": arrays.sample_ids,
            "patient_id": arrays.patient_ids,
            "content": sample_digests(arrays),
            "split": ["test" if name in TEST else "train" for name in arrays.sample_ids],
        }
    )
    splits.to_csv(run / "splits.csv", index=False)
    (run / "predictions.csv").write_text("sample_id,target,class,model,split,label,probability\n")
    write_checksums(run)
    expected = model.predict(arrays.inputs, verbose=0)
    return run, pd.Series(expected["death"][:, 0], arrays.sample_ids), expected["stage"]
