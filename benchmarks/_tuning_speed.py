"""How fast is a cross-validated search, beside the loop that a KerasTuner user writes?"""

import tempfile
import time
from pathlib import Path

import keras_tuner
import numpy as np
import tensorflow as tf
from _tuning_figures import at_least, at_most, bare
from PIL import Image

from hybrid_zoo import HybridOptions, build_hybrid
from hybrid_zoo.layers.seeds import seeded
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.series import RaggedSeries
from hybrid_zoo.training import fit
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.folds import hold_back, make_folds
from hybrid_zoo.tuning.networks import BATCH, PREDICTION_BATCH, Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.oracles import make_oracle
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.space import build_arguments

SIDE, LONGEST, VARIABLES = 64, 50, 6
OBJECTIVE = keras_tuner.Objective("auroc", "max")


def simulate(patients: int) -> CohortArrays:
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
    ids = np.array([f"{k:05d}" for k in range(patients)])
    return CohortArrays(
        sample_ids=ids,
        patient_ids=ids,
        inputs={
            "image": ImageBags(pixels, np.arange(patients)[:, None]),
            "sequence": RaggedSeries(values, starts, LONGEST),
        },
        labels={"y": y},
    )


def write_pictures(arrays: CohortArrays, folder: Path) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{k}.png" for k in range(len(arrays))]
    for path, image in zip(paths, arrays.inputs["image"].pixels, strict=True):
        Image.fromarray(image[..., 0]).save(path)
    return paths


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


def setting(patients: int, epochs: int) -> tuple[CohortArrays, Protocol]:
    arrays = simulate(patients)
    folds = make_folds(arrays.labels, arrays.patient_ids, 5, 0)
    protocol = Protocol(
        folds=folds, labels=arrays.labels, patient_ids=arrays.patient_ids, epochs=epochs
    )
    return arrays, protocol


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


def naively(arrays, paths: list[Path], protocol, trials: int, folder: Path) -> NaiveTuner:
    network = Network(arrays, list(arrays.inputs))
    oracle = make_oracle(OBJECTIVE, trials, SearchOptions(epochs=protocol.epochs))
    tuner = NaiveTuner(arrays, paths, protocol, network, oracle, folder)
    tuner.search()
    return tuner


def timed(name: str, search) -> tuple:
    start = time.perf_counter()
    done = search()
    seconds = time.perf_counter() - start
    print(f"{name} {seconds:.0f} s", flush=True)
    return done, seconds


def speed(patients: int, trials: int, epochs: int) -> dict:
    """Search three times: with this package, with racing, and by the loop that a user writes."""
    arrays, protocol = setting(patients, epochs)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        whole, ours = timed("ours", lambda: searched(arrays, protocol, trials, folder / "ours"))
        raced, racing = timed(
            "raced", lambda: searched(arrays, protocol, trials, folder / "raced", race=0.05)
        )
        paths = write_pictures(arrays, folder / "images")
        naive, loop = timed("naive", lambda: naively(arrays, paths, protocol, trials, folder))
        gap = float(np.abs(folds_of(whole) - np.array(naive.scores)).max())
        ran = int(np.isfinite(folds_of(raced)).sum())
        outside = 1 - whole.table()["seconds"].sum() / ours
        same = whole.best()[0] == raced.best()[0]
    print(f"largest difference of a fold's score {gap:.1e}; racing ran {ran} of {trials * 5} folds")
    print(f"our search, but for its fits: {100 * outside:.0f} % of our search")
    return {
        "speedup": at_least(loop / ours, 3),
        "speedup_raced": at_least(loop / racing, 5),
        "fold_score_gap": at_most(gap, 1e-4),
        "outside_of_fits": bare(outside),
        "racing_chose_the_same": {"value": same},
    }
