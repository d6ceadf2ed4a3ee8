"""Settings of the quickest studies, and what the tests of studies read in a run folder."""

import json

from hybrid_zoo.studies.settings import Settings

QUICK = Settings(trials=1, seeds=1, folds=2, epochs=1, resamples=200)
NETS = {"hybrid", "image_only", "sequence_only", "tabular_only"}
SIMPLE = {"logistic_regression", "svm", "random_forest", "gradient_boosting"}
FILES = """config.yaml environment.json splits.csv quarantine.csv model.keras baselines metrics.json
predictions.csv figures report.html MODEL_CARD.md TRIPOD.md table1.csv run.log search
SHA256SUMS""".split()


def metrics_of(run):
    return json.loads((run / "metrics.json").read_text())
