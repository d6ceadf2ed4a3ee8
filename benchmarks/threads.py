"""Do TensorFlow's or OpenMP's thread settings make training or prediction faster on a CPU?

usage: threads.py [--rounds 9] [--quick]

A training step and a prediction of the default hybrid (picture 64x64, series, table; 32 patients)
and both of a series alone, each setting in a process of its own, as settings are read once. The
processes are asked in turn, one at a time; medians over rounds of the ratio to the process that has
no setting. Pin it to the cores you mean: `taskset -c 0,1 python benchmarks/threads.py`.
"""

import argparse
import json
import os
import subprocess
import sys
from functools import partial

import numpy as np
from _tuning_figures import bare

PLAIN = "default"
SETTINGS: dict[str, dict[str, str]] = {
    PLAIN: {},
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


def tasks() -> dict:
    """Name to a function that does it once, waiting for the result."""
    from _steps import stepper

    from hybrid_zoo import HybridOptions, InputSpec, build_hybrid, predictor

    x, y = arrays(), {"death": (np.arange(ROWS) % 2).astype("float32")[:, None]}
    found, options = {}, HybridOptions(metrics=False)
    for name, read in (("hybrid", list(x)), ("series", ["sequence"])):
        inputs = {modality: x[modality] for modality in read}
        model = build_hybrid(InputSpec.from_arrays(inputs), targets=["death"], options=options)
        found[f"{name} step"] = stepper(model, (inputs, y))
        found[f"{name} prediction"] = partial(predictor(model), inputs)
    return found


def answer() -> None:
    """Whenever a line is read, time every task; what this process does for a setting."""
    from _steps import seconds

    own = tasks()
    for task in own.values():
        task()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps({name: seconds(task) for name, task in own.items()}), flush=True)


def started(setting: dict[str, str]) -> subprocess.Popen:
    env = {name: value for name, value in os.environ.items() if name not in READ} | setting
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    command = [sys.executable, __file__, "--answer"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )
    if process.stdout.readline() != "ready\n":
        sys.exit(f"A process with {setting} ended before it was ready.")
    return process


def asked(process: subprocess.Popen) -> dict[str, np.ndarray]:
    print(file=process.stdin, flush=True)
    return {name: np.array(pair) for name, pair in json.loads(process.stdout.readline()).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="one setting, three rounds")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        answer()
        return
    rounds, names = (3, QUICK) if given.quick else (given.rounds, tuple(SETTINGS)[1:])
    processes = {name: started(SETTINGS[name]) for name in (PLAIN, *names)}
    told = [{name: asked(p) for name, p in processes.items()} for _ in range(rounds)]
    for process in processes.values():
        process.kill()  # it would take seconds to end by itself
        process.communicate()
    print(f"{len(os.sched_getaffinity(0))} cores; wall and CPU time, of that without a setting")
    figures = {}
    for task in told[0][PLAIN]:
        usual = np.median([each[PLAIN][task] for each in told], axis=0)
        print(f"{task}: {1000 * usual[0]:.1f} ms wall, {1000 * usual[1]:.1f} ms CPU")
        for name in names:
            wall, cpu = np.median([each[name][task] / each[PLAIN][task] for each in told], axis=0)
            print(f"  {name:20}{wall:6.2f}{cpu:6.2f}")
            figures |= {f"{task}, {name}": bare(wall), f"{task}, {name}, CPU": bare(cpu)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
