"""Is the verdict right? Simulated cohorts, many seeds: fused and single networks, same rule.

usage: verdicts.py [--seeds 20] [--quick]

For each seed a cohort of 1,200 simulated patients is drawn (800 to learn from, 400 scored). The
hybrid and every single-modality network are trained once, with early stopping on 15 % of the
training patients, and judged on the test part by the study's own rule. Baselines and searches are
left out: the verdict `helped` does not depend on them.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from hybrid_zoo.evaluation.evaluate import evaluate
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.simulation import CEILINGS, ceilings, simulate
from hybrid_zoo.tuning.folds import hold_back, read_split
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.ranking import mean_auroc


def one_seed(seed: int, patients: int) -> dict[str, tuple[str, float, float]]:
    """Target to verdict, the hybrid's AUROC and its gain over the best single network."""
    with tempfile.TemporaryDirectory() as folder:
        cohort = Cohort.read(simulate(Path(folder) / "cohort", patients=patients, seed=seed))
        arrays = cohort.to_arrays()
    column = cohort.samples.loc[arrays.sample_ids, "split"]
    test = read_split(column, arrays.patient_ids, "split")
    train, scored = np.flatnonzero(~test), np.flatnonzero(test)
    rows, watched = hold_back(train, arrays.labels, arrays.patient_ids, seed=seed)
    modalities = list(arrays.inputs)
    nets = {"hybrid": modalities} | {f"{m}_only": [m] for m in modalities}
    logits, watched_auroc = {}, {}
    for name, inputs in nets.items():
        network = Network(arrays, inputs)
        network.fit(network.default, rows, watched, seed=seed)
        logits[name] = network.logits(network.default, scored)
        found = network.logits(network.default, watched)
        for target, values in found.items():
            known = {"": arrays.labels[target][watched]}
            watched_auroc[name, target] = mean_auroc({"": values}, known)
    return {t: judge(t, arrays, scored, logits, watched_auroc, seed) for t in arrays.labels}


def judge(target, arrays, scored, logits, watched_auroc, seed) -> tuple[str, float, float]:
    known = np.isfinite(arrays.labels[target][scored])
    rows = scored[known]
    probabilities = {n: 1 / (1 + np.exp(-of[target][known])) for n, of in logits.items()}
    scores = Scores(
        labels=arrays.labels[target][rows],
        patients=arrays.patient_ids[rows],
        samples=arrays.sample_ids[rows],
        folds=np.zeros(len(rows), int),
        probabilities=probabilities,
        decisions={name: p >= 0.5 for name, p in probabilities.items()},
    )
    block = evaluate(
        scores,
        out_of_fold_auroc={name: watched_auroc[name, target] for name in logits},
        singles=tuple(n for n in logits if n.endswith("_only")),
        seed=seed,
        resamples=200,
    )
    value = {n: m["auroc"]["value"] for n, m in block["models"].items()}
    gain = value["hybrid"] - max(v for n, v in value.items() if n != "hybrid")
    return block["verdict"], value["hybrid"], gain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="one seed of 240 patients")
    options = parser.parse_args()
    seeds, patients = (1, 240) if options.quick else (options.seeds, 1200)
    found: dict[str, list] = {}
    for seed in range(seeds):
        start = time.perf_counter()
        for target, outcome in one_seed(seed, patients).items():
            found.setdefault(target, []).append(outcome)
        line = {t: f"{o[-1][0]} {o[-1][1]:.3f} {o[-1][2]:+.3f}" for t, o in found.items()}
        print(f"seed {seed}: {line} {time.perf_counter() - start:.0f} s", flush=True)
    figures = {}
    for target, outcomes in found.items():
        helped = sum(verdict == "helped" for verdict, _, _ in outcomes)
        mean, gain = (float(np.mean([o[i] for o in outcomes])) for i in (1, 2))
        print(f"{target}: helped {helped} of {seeds}, hybrid {mean:.3f}, gain {gain:+.3f}")
        figures[f"helped_{target}"] = {"value": helped, "of": seeds}
        figures[f"auroc_{target}"] = {"value": mean, "ceiling": CEILINGS[target]}
    figures["helped_diabetes"] |= {"bar": "<= 2 of 20"}
    figures["helped_diabetes"]["holds"] = figures["helped_diabetes"]["value"] <= seeds / 10
    figures["helped_cardiovascular"] |= {"bar": ">= 18 of 20"}
    figures["helped_cardiovascular"]["holds"] = (
        figures["helped_cardiovascular"]["value"] >= 0.9 * seeds
    )
    measured = ceilings(200_000 if options.quick else 1_000_000, seed=7)
    for target, value in measured.items():
        gap = abs(value - CEILINGS[target])
        print(f"ceiling {target}: stated {CEILINGS[target]:.4f}, Monte Carlo {value:.4f}")
        figures[f"ceiling_gap_{target}"] = {"value": gap, "bar": 0.005, "holds": gap <= 0.005}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
