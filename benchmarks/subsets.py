"""The truth about not fusing: noise beside a signal, an additive truth, any subset of modalities.

usage: subsets.py [--seeds 5] [--set OPTION=VALUE ...] [--quick]

Simulated patients, 800 to learn from, 1,600 scored. AUROC of the hybrid minus: the single net, when
pictures of other patients are added (target diabetes, which only labs tell); the late average
(target cancer, whose truth is additive); and, with modalities taken away at test, the net that was
trained for just those that are left.
"""

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
from _options import add_set, chosen
from sklearn.metrics import roc_auc_score

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.tuning.folds import hold_back
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

LEARN = 800


def arrays_of(seed: int, patients: int):
    with tempfile.TemporaryDirectory() as folder:
        path = simulate(Path(folder) / "cohort", patients=patients, seed=seed)
        return Cohort.read(path).to_arrays()


class Contest:
    """Nets over one cohort, all trained on the same rows."""

    def __init__(self, arrays, seed: int, given: list[str]) -> None:
        options, names = chosen(given)
        self.arrays, self.seed, self.options = arrays, seed, options
        self.space = Space({part: [name] for part, name in names.items()})
        rows = np.random.default_rng(seed).permutation(len(arrays))
        self.train, self.test = rows[: len(rows) // 3], rows[len(rows) // 3 :]

    def fit(self, modalities):
        network = Network(self.arrays, modalities, space=self.space, options=self.options)
        labels, patients = self.arrays.labels, self.arrays.patient_ids
        rows, watched = hold_back(self.train, labels, patients, seed=self.seed)
        return network.fit(network.default, rows, watched, seed=self.seed).model

    def logits(self, model, absent=()) -> dict[str, np.ndarray]:
        inputs = {k: self.arrays.inputs[k][self.test] for k in model.input}
        for name in absent:
            inputs[name] = np.full_like(inputs[name], np.nan)
        found = model.logits.predict(inputs, batch_size=256, verbose=0)
        return {target: values[:, 0] for target, values in found.items()}

    def auroc(self, logits, target: str) -> float:
        label = self.arrays.labels[target][self.test]
        known = np.isfinite(label)
        return roc_auc_score(label[known], logits[target][known])


def one_seed(seed: int, patients: int, given: list[str]) -> dict[str, float]:
    """What was asked to the difference in AUROC."""
    arrays = arrays_of(seed, patients)
    this = Contest(arrays, seed, given)
    modalities = list(arrays.inputs)
    hybrid = this.fit(modalities)
    found, nets = {}, {}
    for size in range(1, len(modalities) + 1):
        for left in itertools.combinations(modalities, size):
            model = hybrid if size == len(modalities) else this.fit(left)
            nets[left] = this.logits(model)
            fused = this.logits(hybrid, set(modalities) - set(left))
            for target in arrays.labels:
                gap = this.auroc(fused, target) - this.auroc(nets[left], target)
                found[f"{'+'.join(left)} {target}"] = gap
    singles = [nets[(name,)] for name in modalities]
    late = {"cancer": sum(logits["cancer"] for logits in singles)}
    whole = nets[tuple(modalities)]
    found["additive"] = this.auroc(whole, "cancer") - this.auroc(late, "cancer")
    order = np.random.default_rng(seed).permutation(len(arrays))
    arrays.inputs["image"] = arrays.inputs["image"][order]
    noisy = this.logits(this.fit(["image", "sequence"]))
    found["noise"] = this.auroc(noisy, "diabetes") - this.auroc(nets[("sequence",)], "diabetes")
    return found | {f"whole {t}": this.auroc(whole, t) for t in arrays.labels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one seed of 300 patients")
    add_set(parser)
    given = parser.parse_args()
    seeds, patients = (1, 300) if given.quick else (given.seeds, 3 * LEARN)
    rows = []
    for seed in range(seeds):
        rows.append(one_seed(seed, patients, given.set))
        shown = {k: round(v, 3) for k, v in rows[-1].items() if " " not in k or "whole" in k}
        print(f"seed {seed}: {shown}", flush=True)
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    whole = {key: value for key, value in mean.items() if key.startswith("whole")}
    gaps = {k: v for k, v in mean.items() if k not in whole and k not in ("noise", "additive")}
    for key, value in sorted(gaps.items(), key=lambda pair: pair[1])[:8]:
        print(f"  {key}: {value:+.3f}")
    figures = {
        "noise": {"value": mean["noise"], "bar": -0.01},
        "additive_against_late": {"value": mean["additive"], "bar": -0.01},
        "worst_subset": {"value": min(gaps.values()), "bar": -0.02},
    }
    for figure in figures.values():
        figure["holds"] = figure["value"] >= figure["bar"]
    print(json.dumps(figures | {key: {"value": value} for key, value in whole.items()}))


if __name__ == "__main__":
    main()
