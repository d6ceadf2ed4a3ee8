"""Does the fused network use both modalities? Spoken and written digits, one speaker left out.

usage: digits.py DATA [--encoders NAME ...] [--seeds 3] [--epochs 50] [--set OPTION=VALUE ...]
DATA holds a folder whose name begins with fsdd_digits. The sequence encoder is chosen anew for each
left-out speaker, by fused accuracy on other speakers whom a model did not hear either. Then, per
left-out speaker: accuracy of the fused network, of each modality alone, and of the fused one when
one modality is shuffled at test.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _choice import choose, inner_scores
from _options import add_set, chosen
from _sources import prepared

from hybrid_zoo.registries import SEQUENCE_ENCODERS
from hybrid_zoo.tuning.folds import hold_back, read_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

NETS = {"fused": ["image", "sequence"], "image": ["image"], "sequence": ["sequence"]}
FUSED = NETS["fused"]
BAR, FALL = 0.90, 0.20


class Speakers:
    """The cohort, its six parts, and networks over it, each traced once."""

    def __init__(self, data: Path, given) -> None:
        with prepared("digits", data) as cohort:
            self.arrays = cohort.to_arrays()
        column = cohort.samples.loc[self.arrays.sample_ids, "speaker_fold"]
        self.parts = list(read_folds(column, self.arrays.patient_ids, "speaker_fold"))
        self.labels, self.epochs = self.arrays.labels["digit"], given.epochs
        self.options, self.names = chosen(given.set)
        self.networks: dict[tuple, Network] = {}

    def network(self, encoder: str, modalities: list[str]) -> Network:
        key = (encoder, *modalities)
        if key not in self.networks:
            names = self.names | {"sequence": encoder}
            space = Space({part: [name] for part, name in names.items()})
            self.networks[key] = Network(self.arrays, modalities, space=space, options=self.options)
        return self.networks[key]

    def fit(self, network: Network, train, seed: int):
        arrays = self.arrays
        rows, watched = hold_back(train, arrays.labels, arrays.patient_ids, seed=seed)
        return network.fit(network.default, rows, watched, epochs=self.epochs, seed=seed)

    def accuracy(self, logits: np.ndarray, rows: np.ndarray) -> float:
        return float((logits.argmax(axis=1) == self.labels[rows]).mean())

    def inner(self, encoder: str, train, folds) -> list[float]:
        """Fit the fused network once and score it on two speakers it did not hear."""
        network = self.network(encoder, FUSED)
        self.fit(network, train, seed=0)
        return [
            self.accuracy(network.logits(network.default, rows)["digit"], rows) for rows in folds
        ]

    def outer(self, encoder: str, train, test, seed: int) -> dict[str, float]:
        """Fused and single networks on the left-out speaker, and the fused one shuffled."""
        found = {}
        for name, modalities in NETS.items():
            network = self.network(encoder, modalities)
            fitted = self.fit(network, train, seed)
            found[name] = self.accuracy(network.logits(network.default, test)["digit"], test)
            if name == "fused":
                found |= self._shuffled(fitted.model, test, seed)
        return found

    def _shuffled(self, model, test, seed: int) -> dict[str, float]:
        order, found = np.random.default_rng(seed).permutation(test), {}
        for shuffled in FUSED:
            inputs = {m: self.arrays.inputs[m][order if m == shuffled else test] for m in FUSED}
            outputs = model.predict(inputs, batch_size=256, verbose=0)
            found[f"fused, {shuffled} shuffled"] = self.accuracy(outputs["digit"], test)
        return found


def summary(rows: list[dict[str, float]]) -> dict:
    fused = np.array([row["fused"] for row in rows])
    gain = fused - np.array([max(row["image"], row["sequence"]) for row in rows])
    figures = {
        "fused_mean": {"value": fused.mean(), "bar": BAR, "holds": fused.mean() >= BAR},
        "fused_worst": {"value": fused.min()},
        "least_gain_over_best_single": {"value": gain.min(), "bar": 0, "holds": gain.min() > 0},
    }
    for modality in FUSED:
        fall = fused - np.array([row[f"fused, {modality} shuffled"] for row in rows])
        figures[f"fall_when_{modality}_shuffled"] = {
            "value": fall.mean(), "low": fall.min(), "bar": FALL, "holds": fall.mean() >= FALL
        }  # fmt: skip
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoders", nargs="+", default=list(SEQUENCE_ENCODERS))
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two encoders, one speaker, an epoch")
    add_set(parser)
    given = parser.parse_args()
    if given.quick:
        given.epochs, given.seeds, given.encoders = 1, 1, given.encoders[:2]
    speakers, encoders = Speakers(given.data, given), given.encoders * 6
    if len(given.encoders) > 1:
        folds = [test for _, test in speakers.parts]
        encoders = choose(inner_scores(given.encoders, folds, speakers.inner))
    rows = []
    for number, (train, test) in enumerate(speakers.parts[: 1 if given.quick else None]):
        found = [speakers.outer(encoders[number], train, test, s) for s in range(given.seeds)]
        rows.append({name: float(np.mean([f[name] for f in found])) for name in found[0]})
        line = "  ".join(f"{name} {value:.3f}" for name, value in rows[-1].items())
        print(f"speaker {number} ({encoders[number]}): {line}", flush=True)
    print(json.dumps(summary(rows), default=lambda value: value.item()))


if __name__ == "__main__":
    main()
