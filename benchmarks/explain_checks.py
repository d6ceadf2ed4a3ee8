"""Does `check_explainer` tell sound explanations from broken ones?

usage: explain_checks.py [--seeds 20] [--quick]

For each seed other patients, whose outcome one bright spot of a picture of 32x32 decides, and
another hybrid of the default encoders that has learned it. Each sound method is checked, and
three that are broken on purpose: Grad-CAM transposed, a constant, the pixels themselves; all with
the checks that need no truth. The bars: a broken one is caught, and a sound one passes, in at least
19 of 20 seeds.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from _tuning_figures import at_least, bare
from sklearn.metrics import roc_auc_score

from hybrid_zoo.explain import METHODS, CheckOptions, check_explainer

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from broken_methods import BROKEN
from spots import spotted, trained_on_spots

SOUND = ("grad_cam", "hires_cam", "occlusion", "integrated_gradients", "smooth_grad")
PATIENTS, TRAIN, SHARE = 600, 400, 0.95


def verdicts(seed: int) -> tuple[float, dict[str, dict]]:
    """AUROC; and method to what each check measured and whether all were passed."""
    x, ill, _ = spotted(PATIENTS, seed)
    rest = {name: values[TRAIN:] for name, values in x.items()}
    model = trained_on_spots({k: v[:TRAIN] for k, v in x.items()}, ill[:TRAIN], epochs=8, seed=seed)
    auroc = roc_auc_score(ill[TRAIN:], model.predict(rest, verbose=0)["ill"][:, 0])
    found = {}
    for name in (*SOUND, *BROKEN):
        options = CheckOptions(result="image", seed=seed)
        verdict = check_explainer(model, rest, name, options=options)
        found[name] = {check: c.value for check, c in verdict.checks.items()}
        found[name]["passed"] = verdict.passed
    return float(auroc), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    arguments = parser.parse_args()
    seeds = range(2 if arguments.quick else arguments.seeds)
    for method in BROKEN.values():
        METHODS.register(method)
    every = []
    for seed in seeds:
        start = time.perf_counter()
        auroc, found = verdicts(seed)
        every.append(found)
        wrong = [name for name, x in found.items() if x["passed"] != (name in SOUND)]
        took = time.perf_counter() - start
        print(f"seed {seed}: AUROC {auroc:.3f}, wrong {wrong}, {took:.0f} s", flush=True)
    figures = {}
    for name in (*SOUND, *BROKEN):
        for check in [c for c in every[0][name] if c != "passed"]:
            values = np.array([found[name][check] for found in every])
            print(
                f"{name:21s} {check:14s} mean {values.mean():5.2f}  {values.min():5.2f} to "
                f"{values.max():5.2f}"
            )
            figures[f"{name}: {check}"] = bare(float(values.mean()))
        right = np.mean([found[name]["passed"] == (name in SOUND) for found in every])
        what = "passes" if name in SOUND else "is caught"
        figures[f"{name} {what}"] = at_least(float(right), SHARE)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
