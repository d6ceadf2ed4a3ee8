"""Do explanations find a lesion of which the simulator wrote a mask, and a planted time window?

usage: explain_planted.py [--patients 1200] [--quick]

- lesions: a study of a simulated cohort, as `hybrid-zoo simulate` and `hybrid-zoo study` make it;
  `check_explainer` on its held-out patients, for the target in which the pictures matter most.
- window: made-up patients with 48 hours of six variables, of which one is raised during six hours
  in the ill; the default options of `attention_lstm` learn it. Is a step of the window among the
  top 10 % of steps (5 of 48; by chance in half of the patients), by attention, and by what hiding
  six hours of all variables changes? Also, whether the window as a whole has the highest weight:
  the attention of an LSTM may rest on the steps behind it, whose states still hold it.

The bars: the highest place of a class activation map lies in a lesion of 0.8 of the patients, where
the AUROC is above 0.9; attention and occlusion find the window in 0.9.
"""

import argparse
import json
import tempfile
from pathlib import Path

import keras
import numpy as np
from _tuning_figures import at_least, bare
from sklearn.metrics import roc_auc_score

from hybrid_zoo import HybridOptions, InputSpec, build_hybrid
from hybrid_zoo.explain import CheckOptions, check_explainer, explain
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.lesions import lesion_masks
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.studies.runner import run_study
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.trained import read_trained

TARGET = "cardiovascular"
METHODS = ("grad_cam", "hires_cam", "occlusion", "integrated_gradients", "smooth_grad")
STEPS, VARIABLES, WINDOW, RAISED = 48, 6, 6, 3.0
AUROC, FOUND = 0.9, {"lesions": 0.8, "window": 0.9}


def of_lesions(patients: int) -> dict:
    """Figures of the simulated cohort."""
    with tempfile.TemporaryDirectory() as folder:
        cohort = Cohort.read(simulate(Path(folder) / "cohort", patients=patients))
        run = run_study(cohort, Settings(trials=1, seeds=1), Path(folder) / "run")
        trained = read_trained(run)
        auroc = trained.metrics["targets"][TARGET]["models"]["hybrid"]["auroc"]["value"]
        arrays, masks = cohort.to_arrays(), lesion_masks(cohort)
        held_out = np.flatnonzero((cohort.samples["split"] == "test").to_numpy())
        x = trained.inputs_of(arrays, held_out)
    figures = {f"{TARGET}: AUROC": at_least(auroc, AUROC)}
    for name in METHODS:
        options = CheckOptions(result="image", patients=50, draws=10)
        verdict = check_explainer(
            trained.model, x, name, target=TARGET, lesions=masks[held_out], options=options
        )
        print(verdict.words, {k: round(c.value, 2) for k, c in verdict.checks.items()}, flush=True)
        points = verdict.checks["pointing"].value
        bar = FOUND["lesions"] if name in ("grad_cam", "hires_cam") else None
        figures[f"{name}: in a lesion"] = at_least(points, bar) if bar else bare(points)
    return figures


def with_window(patients: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Inputs, who is ill, and in whom when: `(patients, steps)` bool."""
    rng = np.random.default_rng(0)
    ill = np.arange(patients) % 2 == 1
    first = WINDOW * rng.integers(0, STEPS // WINDOW, patients)
    during = np.arange(STEPS) // WINDOW == first[:, None] // WINDOW
    series = rng.normal(0, 1, (patients, STEPS, VARIABLES))
    series[:, :, 0] += RAISED * (during & ill[:, None])
    series[rng.random(series.shape) < 0.2] = np.nan
    tabular = rng.normal(60, 9, (patients, 4)).astype("float32")
    x = {"sequence": (80 + 12 * series).astype("float32"), "tabular": tabular}
    return x, ill.astype("float32"), during


def of_window(patients: int, epochs: int) -> dict:
    """Figures of the planted window."""
    x, ill, during = with_window(patients)
    cut = patients * 3 // 4
    train = {name: values[:cut] for name, values in x.items()}
    rest = {name: values[cut:] for name, values in x.items()}
    keras.utils.set_random_seed(0)
    options = HybridOptions(metrics=False)
    spec = InputSpec.from_arrays(train)
    model = build_hybrid(spec, targets=["ill"], sequence="attention_lstm", options=options)
    model.fit(train, {"ill": ill[:cut]}, epochs=epochs, batch_size=32, verbose=0)
    risk = model.predict(rest, verbose=0)["ill"][:, 0]
    found: dict[str, list[bool]] = {}
    for row in np.flatnonzero((ill[cut:] == 1) & (risk > 0.5))[:100]:
        sample = {name: values[row] for name, values in rest.items()}
        told = explain(model, sample, methods=["attention", "occlusion"])
        weights = {
            "attention": told["attention"].values["sequence"],
            "occlusion": told["occlusion"].values["sequence/steps"],
        }
        for name, values in weights.items():
            top = np.argsort(-values, kind="stable")[: round(0.1 * STEPS)]
            whole = values.reshape(-1, WINDOW).sum(axis=1).argmax() * WINDOW
            found.setdefault(name, []).append(during[cut + row, top].any())
            found.setdefault(f"{name}, whole", []).append(during[cut + row, whole])
    figures = {"window: AUROC": bare(float(roc_auc_score(ill[cut:], risk)))}
    for name, hits in found.items():
        value, bar = float(np.mean(hits)), FOUND["window"]
        print(f"{name:17s} found in {value:.2f} of {len(hits)}")
        known = bare(value) if "whole" in name else at_least(value, bar)
        figures[f"window by {name}"] = known
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1200, help="of the simulated cohort")
    parser.add_argument("--quick", action="store_true", help="few patients: no figure holds")
    arguments = parser.parse_args()
    quick = arguments.quick
    figures = of_lesions(200 if quick else arguments.patients)
    figures |= of_window(400 if quick else 1600, epochs=3 if quick else 12)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
