"""What does `HybridOptions(dtype="mixed_bfloat16")` do to the time and to the scores?

usage: bfloat16.py [--patients 400] [--epochs 12] [--seeds 2] [--quick]

Simulated patients with a picture of 64x64 and a series of up to 50 steps, as in tuning.py. Seconds:
training steps of the same batch in float32 and in bfloat16, in turn, in one process; medians and
their ratio. Scores: AUROC on the same five folds, trained from the same seeds and in the same order
of batches, and the differences between the two.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from _steps import in_turn, stepper
from _tuning_figures import bare
from _tuning_speed import simulate
from sklearn.metrics import roc_auc_score

from hybrid_zoo import HybridOptions, build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import DTYPES
from hybrid_zoo.tuning.folds import hold_back, make_folds
from hybrid_zoo.tuning.networks import BATCH, Network

UNITS = ("amx_bf16", "avx512_bf16")


def units_for_bfloat16() -> list[str]:
    """Which instructions for bfloat16 the processor names; only Linux tells."""
    told = Path("/proc/cpuinfo")
    words = set(told.read_text().split()) if told.is_file() else set()
    return [unit for unit in UNITS if unit in words]


def options(dtype: str) -> HybridOptions:
    return HybridOptions(metrics=False, dtype=dtype)


def step_seconds(arrays, names: list[str], rounds: int) -> dict[str, np.ndarray]:
    inputs = {name: np.asarray(arrays.inputs[name][:BATCH], "float32") for name in names}
    spec = InputSpec.from_arrays(inputs)
    models = {d: build_hybrid(spec, targets=["y"], options=options(d)) for d in DTYPES}
    batch = inputs, {"y": arrays.labels["y"][:BATCH, None]}
    return in_turn({d: stepper(model, batch) for d, model in models.items()}, rounds)


def scores(arrays, dtype: str, seeds: int, epochs: int) -> np.ndarray:
    """Return AUROC of every seed and fold."""
    network = Network(arrays, list(arrays.inputs), options=options(dtype))
    config, found = network.default, []
    for seed in range(seeds):
        for train, test in make_folds(arrays.labels, arrays.patient_ids, 5, 0):
            rows, watched = hold_back(train, arrays.labels, arrays.patient_ids)
            network.fit(config, rows, watched, epochs=epochs, seed=seed)
            found.append(roc_auc_score(arrays.labels["y"][test], network.logits(config, test)["y"]))
        print(f"{dtype} seed {seed}: AUROC {np.mean(found[-5:]):.3f}", flush=True)
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="60 patients, one epoch and seed")
    given = parser.parse_args()
    patients, epochs, seeds = (
        (60, 1, 1) if given.quick else (given.patients, given.epochs, given.seeds)
    )
    arrays, figures = simulate(patients), {}
    has = ", ".join(units_for_bfloat16()) or "none"
    print(f"{len(os.sched_getaffinity(0))} cores; instructions for bfloat16: {has}")
    for names in (["image", "sequence"], ["image"], ["sequence"]):
        taken = step_seconds(arrays, names, 3 if given.quick else 7)
        ratios = np.median(taken["mixed_bfloat16"] / taken["float32"], axis=0)
        milliseconds = {d: 1000 * np.median(taken[d], axis=0)[0] for d in DTYPES}
        key = "_and_".join(names)
        print(key, {d: round(value) for d, value in milliseconds.items()}, "ms a step", flush=True)
        figures |= {f"step_ms_{key}_{d}": bare(value) for d, value in milliseconds.items()}
        figures |= {f"step_ratio_{key}": bare(ratios[0]), f"step_cpu_ratio_{key}": bare(ratios[1])}
    found = {dtype: scores(arrays, dtype, seeds, epochs) for dtype in DTYPES}
    apart = found["mixed_bfloat16"] - found["float32"]
    figures |= {f"auroc_{dtype}": bare(values.mean()) for dtype, values in found.items()}
    figures |= {
        "auroc_difference": bare(apart.mean()),
        "auroc_difference_standard_error": bare(apart.std(ddof=1) / len(apart) ** 0.5),
        "auroc_largest_difference_of_a_fold": bare(np.abs(apart).max()),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
