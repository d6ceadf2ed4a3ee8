"""Does the fused network use both modalities? Spoken and written digits, one speaker left out.

usage: digits.py DATA [--epochs 50] [--seeds 1] [--set OPTION=VALUE ...] [--quick]
DATA holds a folder whose name begins with fsdd_digits. Per left-out speaker: accuracy of the fused
network, of each modality alone, and of the fused one when one modality is shuffled at test.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from _options import add_set, chosen

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import SOURCES
from hybrid_zoo.tuning.folds import hold_back, read_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

NETS = {"fused": ["image", "sequence"], "image": ["image"], "sequence": ["sequence"]}


def load(data: Path):
    raw = next(path for path in sorted(data.iterdir()) if path.name.startswith("fsdd_digits"))
    with tempfile.TemporaryDirectory() as folder:
        cohort = Cohort.read(SOURCES["digits"](raw, Path(folder) / "digits"))
        return cohort, cohort.to_arrays()


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


def one_speaker(networks, arrays, train, test, epochs: int, seed: int) -> dict[str, float]:
    labels = arrays.labels["digit"]
    rows, watched = hold_back(train, arrays.labels, arrays.patient_ids, seed=seed)
    found = {}
    for name, network in networks.items():
        fitted = network.fit(network.default, rows, watched, epochs=epochs, seed=seed)
        found[name] = accuracy(network.logits(network.default, test)["digit"], labels[test])
        if name != "fused":
            continue
        order = np.random.default_rng(seed).permutation(test)
        for shuffled in NETS["fused"]:
            inputs = {m: v[order if m == shuffled else test] for m, v in arrays.inputs.items()}
            outputs = fitted.model.predict(inputs, batch_size=256, verbose=0)
            found[f"fused, {shuffled} shuffled"] = accuracy(outputs["digit"], labels[test])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one speaker, three epochs")
    add_set(parser)
    options = parser.parse_args()
    cohort, arrays = load(options.data)
    column = cohort.samples.loc[arrays.sample_ids, "speaker_fold"]
    parts = list(read_folds(column, arrays.patient_ids, "speaker_fold"))
    chosen_options, names = chosen(options.set)
    space = Space({part: [name] for part, name in names.items()})
    networks = {
        name: Network(arrays, inputs, space=space, options=chosen_options)
        for name, inputs in NETS.items()
    }
    epochs = 3 if options.quick else options.epochs
    rows = []
    for number, (train, test) in enumerate(parts[:1] if options.quick else parts):
        found = [
            one_speaker(networks, arrays, train, test, epochs, seed=seed)
            for seed in range(options.seeds)
        ]
        rows.append({name: float(np.mean([f[name] for f in found])) for name in found[0]})
        line = "  ".join(f"{name} {value:.3f}" for name, value in rows[-1].items())
        print(f"speaker {number}: {line}", flush=True)
    fused = np.array([row["fused"] for row in rows])
    best = np.array([max(row["image"], row["sequence"]) for row in rows])
    falls = {
        m: np.array([r["fused"] - r[f"fused, {m} shuffled"] for r in rows]) for m in NETS["fused"]
    }
    figures = {
        "fused_mean": {"value": float(fused.mean())},
        "fused_worst": {"value": float(fused.min())},
        "least_gain_over_best_single": {
            "value": float((fused - best).min()),
            "bar": 0.0,
            "holds": bool((fused > best).all()),
        },
    }
    for modality, fall in falls.items():
        figures[f"fall_when_{modality}_shuffled"] = {
            "value": float(fall.mean()),
            "low": float(fall.min()),
            "bar": 0.20,
            "holds": bool(fall.mean() >= 0.20),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
