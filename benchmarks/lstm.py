"""How long does a training step of two LSTM layers take, here and in Keras?

usage: lstm.py [--units 64] [--features 37] [--quick]

Steps of the same batch through two models of the same weights, in turn, in one process; medians of
wall time and of CPU time, and their ratios. Outputs and gradients are compared by the tests.
"""

import argparse
import json
import os
import time

import keras
import numpy as np
import tensorflow as tf
from _tuning_figures import at_most

from hybrid_zoo.layers.lstm import LSTM

ROUNDS, TOGETHER = 11, 3
BATCHES = (1, 4, 16, 32, 48, 64, 128, 256)


def make_model(layer: type, features: int, units: int) -> keras.Model:
    """Return two layers, their mean over time and a number."""
    x = inputs = keras.Input((None, features))
    for _ in range(2):
        x = layer(units, return_sequences=True)(x)
    x = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, x)
    model.compile("adam", "mse", jit_compile=False)
    return model


def measure(models: dict[str, keras.Model], x: np.ndarray, rounds: int) -> dict[str, np.ndarray]:
    """Return the median milliseconds of a training step, wall and CPU, of each model."""
    batch = tf.data.Dataset.from_tensors((x, np.ones((len(x), 1), "float32"))).repeat()
    batches = {name: iter(batch) for name in models}
    taken: dict[str, list] = {name: [] for name in models}
    for model in models.values():
        model.make_train_function()
    for number in range(rounds + 1):
        for name, model in models.items():
            before = time.perf_counter(), time.process_time()
            for _ in range(TOGETHER):
                model.train_function(batches[name])
            after = time.perf_counter(), time.process_time()
            if number:  # the first is traced
                taken[name].append(np.subtract(after, before) / TOGETHER * 1000)
    return {name: np.median(found, axis=0) for name, found in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--features", type=int, default=37)
    parser.add_argument("--quick", action="store_true", help="50 steps and few rounds")
    given = parser.parse_args()
    models = {
        name: make_model(layer, given.features, given.units)
        for name, layer in (("keras", keras.layers.LSTM), ("own", LSTM))
    }
    models["own"].set_weights(models["keras"].get_weights())
    print(
        f"{len(os.sched_getaffinity(0))} cores; wall/CPU ms of a step\nsteps batch keras own ratio"
    )
    ratios = {}
    for steps in (50,) if given.quick else (50, 200):
        for rows in BATCHES:
            x = np.random.default_rng(0).normal(size=(rows, steps, given.features))
            found = measure(models, x.astype("float32"), 3 if given.quick else ROUNDS)
            ratios[steps, rows] = found["own"] / found["keras"]
            cells = ["/".join(f"{v:.1f}" for v in found[name]) for name in models]
            print(
                steps, rows, *cells, "/".join(f"{v:.2f}" for v in ratios[steps, rows]), flush=True
            )
    at_32 = {steps: ratio for (steps, rows), ratio in ratios.items() if rows == 32}
    bars = {f"wall_at_32_of_{steps}": at_most(r[0], 0.6) for steps, r in at_32.items()}
    bars |= {f"cpu_at_32_of_{steps}": at_most(r[1], 0.4) for steps, r in at_32.items()}
    worst = max(ratio[0] for ratio in ratios.values())
    print(json.dumps(bars | {"worst_wall": at_most(worst, 1.05)}))


if __name__ == "__main__":
    main()
