"""Does a search gain by computing a frozen encoder's features once?

usage: frozen.py [--patients 300] [--trials 10] [--epochs 6] [--small] [--quick]

Ten configurations on five folds of a hybrid of a frozen backbone with ImageNet's weights and of
series; once as a search runs them, and once with the backbone run again for every picture of every
epoch. Same seeds, same folds. Pictures are 224x224, the size that those weights were trained on;
--small leaves them at 64x64, where a backbone has little to do.
"""

import argparse
import json
import time
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from _tuning_figures import at_least, at_most
from _tuning_speed import simulate

from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.tuning import networks
from hybrid_zoo.tuning.folds import hold_back, make_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

SPACE = Space({"image": {"efficientnet_lite0": {"weights": "imagenet", "trainable": False}}})


def enlarged(arrays):
    """Four times as wide and high, without the margin."""
    pixels = arrays.inputs["image"].pixels.repeat(4, axis=1).repeat(4, axis=2)[:, 16:-16, 16:-16]
    image = ImageBags(pixels, arrays.inputs["image"].slots)
    return replace(arrays, inputs=arrays.inputs | {"image": image})


def search(arrays, trials: int, epochs: int) -> tuple[float, np.ndarray]:
    """Return the seconds of a search, and the logits of every configuration out of fold."""
    network = Network(arrays, list(arrays.inputs), space=SPACE)
    rng, found = np.random.default_rng(0), []
    start = time.perf_counter()
    for _ in range(trials):
        drawn = {"dropout": rng.uniform(0.1, 0.6), "units": int(rng.choice([32, 64]))}
        config = network.default | drawn
        for train, scored in make_folds(arrays.labels, arrays.patient_ids, 5):
            rows, watched = hold_back(train, arrays.labels, arrays.patient_ids)
            network.fit(config, rows, watched, epochs=epochs)
            (logits,) = network.logits(config, scored).values()
            found.append(logits)
    return time.perf_counter() - start, np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--small", action="store_true", help="pictures of 64x64")
    parser.add_argument("--quick", action="store_true", help="two configurations of two epochs")
    given = parser.parse_args()
    trials, epochs = (2, 2) if given.quick else (given.trials, given.epochs)
    arrays = simulate(given.patients)
    arrays = arrays if given.small else enlarged(arrays)
    once, logits = search(arrays, trials, epochs)
    print(f"features computed once: {once:.0f} s", flush=True)
    with patch.object(networks, "cut_frozen", lambda model: None):
        again, expected = search(arrays, trials, epochs)
    print(f"backbone run every time: {again:.0f} s")
    gap = float(np.abs(logits - expected).max())
    print(json.dumps({"faster": at_least(again / once, 5), "largest_gap": at_most(gap, 1e-3)}))


if __name__ == "__main__":
    main()
