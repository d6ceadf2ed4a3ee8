"""How long does one patient wait? `model.predict`, `predictor` and ONNX Runtime, side by side.

usage: latency.py [--calls 200] [--images 1] [--quick]

One patient with a picture of 128x128, 48 steps of 12 variables, 10 columns and a note of 64
tokens, answered by a hybrid of the default encoders; some of the values are missing. All sides
answer in turn in one process, so that the machine's moods meet all of them; wall time per call, p50
and p99.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _tuning_figures import at_most, bare

from hybrid_zoo import InputSpec, build_hybrid, export, predictor

SEED, PATIENTS = 0, 64
PREDICTOR, SAME = 0.1, {"predictor": 1e-6, "ONNX Runtime": 1e-5}


def patients(images: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    sequence = rng.normal(80, 12, (PATIENTS, 48, 12))
    sequence[rng.random(sequence.shape) < 0.5] = np.nan
    tabular = rng.normal(60, 9, (PATIENTS, 10))
    tabular[rng.random(tabular.shape) < 0.2] = np.nan
    return {
        "image": rng.uniform(0, 255, (PATIENTS, images, 128, 128, 1)).astype("float32"),
        "sequence": sequence.astype("float32"),
        "tabular": tabular.astype("float32"),
        "tokens": rng.integers(1, 8192, (PATIENTS, 64)).astype("int32"),
    }


def sides(model, x: dict[str, np.ndarray]) -> dict[str, Callable]:
    """Name to a function of one patient with a batch axis."""
    found = {"model.predict": lambda one: model.predict(one, verbose=0)}
    found["predictor"] = predictor(model)
    try:
        import onnxruntime
    except ImportError:
        print("ONNX Runtime is left out: pip install 'hybrid-zoo[export]'", file=sys.stderr)
        return found
    with tempfile.TemporaryDirectory() as folder:
        path = export(model, Path(folder) / "model.onnx", format="onnx", rows=x)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))  # it counts others' cores too
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found["ONNX Runtime"] = lambda one: dict(zip(names, session.run(None, one), strict=True))
    return found


def measure(functions: dict[str, Callable], x: dict[str, np.ndarray], calls: int) -> dict:
    """Milliseconds of every call, and the largest difference from the first side's answers."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    worst = dict.fromkeys(functions, 0.0)
    for call in range(-3, calls):  # three to warm up
        one = {name: values[[call % PATIENTS]] for name, values in x.items()}
        answers = {}
        for name, function in functions.items():
            start = time.perf_counter()
            answers[name] = function(one)["death"]
            if call >= 0:
                times[name].append(1000 * (time.perf_counter() - start))
        wanted = answers["model.predict"]
        for name, found in answers.items():
            worst[name] = max(worst[name], float(np.abs(found - wanted).max()))
    return {name: (np.array(times[name]), worst[name]) for name in functions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--images", type=int, default=1, help="pictures per patient")
    parser.add_argument("--quick", action="store_true", help="50 calls")
    given = parser.parse_args()
    x = patients(given.images)
    model = build_hybrid(InputSpec.from_arrays(x), targets=["death"])
    measured = measure(sides(model, x), x, 50 if given.quick else given.calls)
    print(f"{'one patient':16}{'p50 ms':>9}{'p99 ms':>9}{'of predict':>12}{'differs by':>12}")
    whole = float(np.median(measured["model.predict"][0]))
    found = {}
    for name, (times, worst) in measured.items():
        p50, p99 = np.percentile(times, [50, 99])
        print(f"{name:16}{p50:9.2f}{p99:9.2f}{p50 / whole:12.3f}{worst:12.1e}")
        found |= figures(name, times, worst, whole)
    print(json.dumps(found))


def figures(name: str, times: np.ndarray, worst: float, whole: float) -> dict[str, dict]:
    """What is said of one side; `whole` is the median of `model.predict`."""
    p50, p99 = np.percentile(times, [50, 99])
    found = {f"{name} p50 ms": bare(p50), f"{name} p99 ms": bare(p99)}
    if name in SAME:
        share = p50 / whole
        found[f"{name} of predict"] = (
            at_most(share, PREDICTOR) if name == "predictor" else bare(share)
        )
        found[f"{name} differs by"] = at_most(worst, SAME[name])
    return found


if __name__ == "__main__":
    main()
