"""Do TensorFlow's or OpenMP's thread settings make training or prediction faster on a CPU?

usage: threads.py [--repeats 1] [--quick]

A training step and a prediction of the default hybrid (picture 64x64, series, table; 32 patients)
and a training step of a series alone, each setting in a process of its own, as settings are read
once; medians, wall and CPU time, as ratios to what is measured without any setting before, between
and after. Pin it to the cores you mean: `taskset -c 0,1 python benchmarks/threads.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
from _tuning_figures import bare

SETTINGS = {
    **{
        f"intra {intra}, inter {inter}": {
            "TF_NUM_INTRAOP_THREADS": str(intra),
            "TF_NUM_INTEROP_THREADS": str(inter),
        }
        for intra, inter in ((1, 1), (2, 1), (1, 2), (2, 2))
    },
    "OMP 1": {"OMP_NUM_THREADS": "1"},
    "OMP 2": {"OMP_NUM_THREADS": "2"},
}
QUICK = ("intra 1, inter 1",)
READ = {name for setting in SETTINGS.values() for name in setting}
ROWS = 32


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    series = rng.normal(80, 12, (ROWS, 48, 12))
    series[rng.random(series.shape) < 0.5] = np.nan
    return {
        "image": rng.uniform(0, 255, (ROWS, 1, 64, 64, 1)).astype("float32"),
        "sequence": series.astype("float32"),
        "tabular": rng.normal(60, 9, (ROWS, 10)).astype("float32"),
    }


def measure(rounds: int) -> dict[str, list[float]]:
    """Return wall and CPU seconds of each task in this process."""
    from _steps import seconds_of_steps

    from hybrid_zoo import HybridOptions, InputSpec, build_hybrid, predictor

    x, y = arrays(), {"death": (np.arange(ROWS) % 2).astype("float32")[:, None]}
    found = {}
    for name, read in (("hybrid_step", list(x)), ("series_step", ["sequence"])):
        inputs = {modality: x[modality] for modality in read}
        options = HybridOptions(metrics=False)
        model = build_hybrid(InputSpec.from_arrays(inputs), targets=["death"], options=options)
        found |= seconds_of_steps({name: model}, (inputs, y), rounds)
        if name == "hybrid_step":
            answer, taken = predictor(model), []
            for _ in range(rounds + 2):
                before = time.perf_counter(), time.process_time()
                for _ in range(3):
                    answer(inputs)
                taken.append(np.subtract((time.perf_counter(), time.process_time()), before) / 3)
            found["hybrid_prediction"] = np.median(taken[2:], axis=0)
    return {name: list(map(float, values)) for name, values in found.items()}


def in_a_process(setting: dict[str, str], rounds: int) -> dict[str, np.ndarray]:
    env = {name: value for name, value in os.environ.items() if name not in READ} | setting
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    command = [sys.executable, __file__, "--measure", str(rounds)]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return {name: np.array(values) for name, values in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one setting, few rounds")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return
    rounds, names = (3, QUICK) if given.quick else (9, tuple(SETTINGS))
    ratios: dict[str, list] = {}
    print(
        f"{len(os.sched_getaffinity(0))} cores; wall/CPU time as a share of that without a setting"
    )
    for _ in range(given.repeats):
        usual = [in_a_process({}, rounds)]
        taken = {}
        for name in names:
            taken[name] = in_a_process(SETTINGS[name], rounds)
            if name in (names[len(names) // 2 - 1], names[-1]):
                usual.append(in_a_process({}, rounds))
        for task in usual[0]:
            plain = np.median([each[task] for each in usual], axis=0)
            spread = max(each[task][0] for each in usual) / min(each[task][0] for each in usual)
            print(f"{task}: {1000 * plain[0]:.1f} ms, between runs up to x{spread:.2f}", flush=True)
            for name, of in taken.items():
                ratios.setdefault(f"{task}: {name}", []).append(of[task] / plain)
    figures = {}
    for key, found in ratios.items():
        wall, cpu = np.median(found, axis=0)
        print(f"{key:40}{wall:6.2f}{cpu:6.2f}")
        figures |= {f"{key}, wall": bare(wall), f"{key}, CPU": bare(cpu)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
