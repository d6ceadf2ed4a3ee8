"""How fast is a cross-validated search, and what does racing cost?

usage: tuning.py [--quick] [--only speed kills]

speed: 8 trials x 5 folds x 5 epochs on 600 simulated patients (a 64x64 picture, series up to 50
steps) by the loop that a KerasTuner user writes (a new model per fold, files decoded in every
epoch), by this package, and by this package with racing; all else is the same.
kills: the search is killed with SIGKILL at random moments and started again; no fold may be fitted
twice, and the result must be that of a search that was left alone.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras_tuner
import numpy as np
import tensorflow as tf
from PIL import Image

from hybrid_zoo import HybridOptions, build_hybrid
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.series import RaggedSeries
from hybrid_zoo.training import fit
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.folds import hold_back, make_folds
from hybrid_zoo.tuning.journal import Journal
from hybrid_zoo.tuning.learner import seeded
from hybrid_zoo.tuning.networks import BATCH, PREDICTION_BATCH, Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.oracles import make_oracle
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.space import build_arguments

SIDE, LONGEST, VARIABLES = 64, 50, 6
OBJECTIVE = keras_tuner.Objective("auroc", "max")


def simulate(patients: int, folder: Path) -> tuple[CohortArrays, list[Path]]:
    """Label: a bright disc and a rising series, either of which is a weak sign."""
    rng = np.random.default_rng(0)
    y = (rng.random(patients) < 0.4).astype("float32")
    grid = np.stack(np.mgrid[:SIDE, :SIDE]) - rng.uniform(20, 44, (patients, 2, 1, 1))
    disc = (
        np.exp(-(grid**2).sum(axis=1) / 80)
        * (40 + 25 * y + rng.normal(0, 15, patients))[:, None, None]
    )
    pixels = (60 + disc + rng.normal(0, 12, disc.shape)).clip(0, 255).astype(np.uint8)[..., None]
    lengths = rng.integers(5, LONGEST + 1, patients)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    step = np.concatenate([np.linspace(0, 1, n) for n in lengths])[:, None]
    trend = np.repeat(y * 0.8 + rng.normal(0, 0.8, patients), lengths)[:, None]
    values = (rng.normal(size=(starts[-1], VARIABLES)) + step * trend).astype("float32")
    values[rng.random(values.shape) < 0.3] = np.nan
    paths = [folder / f"{k}.png" for k in range(patients)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    ids = np.array([f"{k:05d}" for k in range(patients)])
    arrays = CohortArrays(
        sample_ids=ids,
        patient_ids=ids,
        inputs={
            "image": ImageBags(pixels, np.arange(patients)[:, None]),
            "sequence": RaggedSeries(values, starts, LONGEST),
        },
        labels={"y": y},
    )
    return arrays, paths


class NaiveTuner(keras_tuner.Tuner):
    """What a user writes into `run_trial`: for every fold a new model, and files read anew."""

    def __init__(self, arrays, paths, protocol, network, oracle, folder) -> None:
        self.arrays, self.paths, self.protocol, self.network = arrays, paths, protocol, network
        self.scores: list[list[float]] = []
        super().__init__(
            oracle=oracle, hypermodel=self.build, directory=str(folder), project_name="naive"
        )

    def build(self, hp):
        rows = self.protocol.folds[0][0]
        return self.model(hp, rows)

    def model(self, hp, rows):
        labels = self.arrays.labels["y"][rows]
        counts = np.bincount(labels.astype(int), minlength=2)
        weights = {"y": (len(labels) / (2 * counts)).tolist()}
        options = HybridOptions(metrics=False, class_weight=weights)
        config = self.network.draw(hp)
        with seeded(0):
            return build_hybrid(
                self.network.spec(rows),
                targets={"y": 1},
                options=options,
                **build_arguments(config),
            )

    def data(self, rows, batch_size, seed=None):
        """Decode and pad every batch in Python, as tutorials do."""
        series, labels = self.arrays.inputs["sequence"], self.arrays.labels["y"]

        def read(rows):
            images = [np.asarray(Image.open(self.paths[row]), "float32") for row in rows]
            return np.stack(images)[:, None, :, :, None], series.padded(rows), labels[rows][:, None]

        def load(rows):
            image, sequence, y = tf.numpy_function(read, [rows], [tf.float32] * 3)
            image.set_shape([None, 1, SIDE, SIDE, 1])
            sequence.set_shape([None, None, VARIABLES])
            y.set_shape([None, 1])
            return {"image": image, "sequence": sequence}, {"y": y}

        data = tf.data.Dataset.from_tensor_slices(rows)
        if seed is not None:
            data = data.shuffle(len(rows), seed=seed, reshuffle_each_iteration=True)
        return data.batch(batch_size).map(load, num_parallel_calls=2).prefetch(2)

    def run_trial(self, trial, *args, **kwargs):
        scores = []
        for train, scored in self.protocol.folds:
            rows, watched = hold_back(train, self.protocol.labels, self.protocol.patient_ids)
            model = self.model(trial.hyperparameters, rows)
            watch = self.data(watched, PREDICTION_BATCH)
            fit(model, self.data(rows, BATCH, 0), watch, epochs=self.protocol.epochs)
            logits = model.logits.predict(
                self.data(scored, PREDICTION_BATCH).map(lambda x, y: x), verbose=0
            )["y"][:, 0]
            scores.append(mean_auroc({"y": logits}, {"y": self.arrays.labels["y"][scored]}))
        self.scores.append(scores)
        return {"auroc": float(np.mean(scores)), "auroc_sd": float(np.std(scores))}


def setting(patients: int, epochs: int, folder: Path):
    (folder / "images").mkdir(exist_ok=True)
    arrays, paths = simulate(patients, folder / "images")
    folds = make_folds(arrays.labels, arrays.patient_ids, 5, 0)
    protocol = Protocol(
        folds=folds, labels=arrays.labels, patient_ids=arrays.patient_ids, epochs=epochs
    )
    return arrays, paths, protocol


def searched(arrays, protocol, trials: int, folder: Path, **options) -> CrossValidatedTuner:
    tuner = CrossValidatedTuner(
        Network(arrays, list(arrays.inputs)),
        objective=OBJECTIVE,
        directory=folder,
        trials=trials,
        options=SearchOptions(epochs=protocol.epochs, **options),
    )
    tuner.run(protocol)
    return tuner


def folds_of(tuner: CrossValidatedTuner) -> np.ndarray:
    return tuner.table().filter(like="fold_").to_numpy()


def speed(patients: int, trials: int, epochs: int) -> dict:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        arrays, paths, protocol = setting(patients, epochs, folder)
        seconds, scores = {}, {}

        start = time.perf_counter()
        tuner = searched(arrays, protocol, trials, folder / "ours")
        seconds["ours"], scores["ours"] = time.perf_counter() - start, folds_of(tuner)
        fitting = tuner.table()["seconds"].sum()
        print(f"ours {seconds['ours']:.0f} s", flush=True)

        start = time.perf_counter()
        raced = searched(arrays, protocol, trials, folder / "raced", race=0.05)
        seconds["raced"], scores["raced"] = time.perf_counter() - start, folds_of(raced)
        print(f"raced {seconds['raced']:.0f} s", flush=True)

        start = time.perf_counter()
        network = Network(arrays, list(arrays.inputs))
        oracle = make_oracle(OBJECTIVE, trials, SearchOptions(epochs=epochs))
        naive = NaiveTuner(arrays, paths, protocol, network, oracle, folder)
        naive.search()
        seconds["naive"], scores["naive"] = time.perf_counter() - start, np.array(naive.scores)
    gap = float(np.abs(scores["ours"] - scores["naive"]).max())
    ran = int(np.isfinite(scores["raced"]).sum())
    print(", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
    print(f"largest difference of a fold's score {gap:.1e}; racing ran {ran} of {trials * 5} folds")
    print(
        f"our search, but for its fits: {100 * (1 - fitting / seconds['ours']):.0f} % of our search"
    )
    chosen = [tuner.best()[0], raced.best()[0]]
    return {
        "speedup": figure(seconds["naive"] / seconds["ours"], 3),
        "speedup_raced": figure(seconds["naive"] / seconds["raced"], 5),
        "fold_score_gap": figure(gap, 1e-4, most=True),
        "outside_of_fits": {"value": round(1 - fitting / seconds["ours"], 3)},
        "racing_chose_the_same": {"value": chosen[0] == chosen[1]},
    }


def one_search(folder: Path, patients: int, trials: int, epochs: int) -> None:
    """Search, writing a line per fold that is fitted; then the result."""
    arrays, _, protocol = setting(patients, epochs, folder)
    write = Journal.write

    def told(journal, config, number, fold):
        write(journal, config, number, fold)
        with (folder / "fits.txt").open("a") as file:
            file.write(f"{sorted(config.items())} {number}\n")

    Journal.write = told  # a fold is finished when it is on the disk
    tuner = searched(arrays, protocol, trials, folder / "search")
    (folder / "result.json").write_text(json.dumps(folds_of(tuner).tolist()))


def kills(number: int, patients: int, trials: int, epochs: int) -> dict:
    """Kill a search at random moments, until so many kills are done; then let it finish."""
    rng, done = np.random.default_rng(0), 0
    with tempfile.TemporaryDirectory() as temporary:
        alone, killed = Path(temporary) / "alone", Path(temporary) / "killed"
        numbers = [str(n) for n in (patients, trials, epochs)]
        for folder in (alone, killed):
            folder.mkdir()
        env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}

        def start(folder):
            command = [sys.executable, __file__, "--one-search", str(folder), *numbers]
            return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)

        def finish(folder):
            if start(folder).wait():
                raise RuntimeError(f"a search in {folder} failed")

        finish(alone)
        ready = seconds_to_start(start, Path(temporary) / "ready")
        while done < number:
            search = start(killed)
            try:
                search.wait(ready + rng.uniform(0, 12))
                break  # it finished
            except subprocess.TimeoutExpired:
                search.send_signal(signal.SIGKILL)
                search.wait()
                done += 1
        finish(killed)
        results = [json.loads((f / "result.json").read_text()) for f in (alone, killed)]
        fits = (killed / "fits.txt").read_text().splitlines()
        gap = float(np.abs(np.subtract(*results)).max())
    twice = len(fits) - len(set(fits))
    print(
        f"{done} kills, {len(fits)} folds fitted, {twice} of them twice, scores differ by {gap:.1e}"
    )
    return {
        "kills": {"value": done},
        "folds_fitted_twice": figure(twice, 0, most=True),
        "killed_score_gap": figure(gap, 0, most=True),
    }


def seconds_to_start(start, folder: Path) -> float:
    """Time until the first fold of a search is on the disk."""
    folder.mkdir()
    before, search = time.perf_counter(), start(folder)
    while not list(folder.glob("search/folds/*.npz")):
        time.sleep(0.2)
    search.kill()
    search.wait()
    return time.perf_counter() - before - 3


def figure(value: float, bar: float, *, most: bool = False) -> dict:
    rounded = float(f"{value:.3g}")
    return {"value": rounded, "bar": bar, "holds": value <= bar if most else value >= bar}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer patients and trials, no kills")
    parser.add_argument("--only", nargs="+", choices=["speed", "kills"])
    parser.add_argument("--one-search", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_search:
        folder, *numbers = given.one_search
        return one_search(Path(folder), *map(int, numbers))
    found, parts = {}, given.only or (["speed"] if given.quick else ["speed", "kills"])
    if "speed" in parts:
        found |= speed(*((100, 1, 1) if given.quick else (600, 8, 5)))
    if "kills" in parts:
        found |= kills(*((2 if given.quick else 20), 120, 4, 2))
    print(f"{os.cpu_count()} cores")
    print(json.dumps(found))
    return None


if __name__ == "__main__":
    main()
