"""Canaries: what says nothing must score like a coin, and must be heard where there is a leak."""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable

import keras
import keras_tuner
import numpy as np
from _tuning_figures import at_least, within
from sklearn.feature_selection import SelectKBest, chi2

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.encoding import TERMS_KEPT
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.folds import make_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.ranking import mean_auroc

SAMPLES, FOLDS, ROWS = 5, 5, 150
HEARD = 0.6  # what a leak must score, or the canary could not sing


def canaries(seeds: int, patients: int, columns: int) -> dict:
    """Both canaries, each in its cage and let out; by a network and without one."""
    found: dict = {}
    for name, (silent, loud, tolerance) in _cages(patients, columns).items():
        start = time.perf_counter()
        inside, outside = (np.array([run(seed) for seed in range(seeds)]) for run in (silent, loud))
        print(f"{name}: {_words(inside)}; with the leak {_words(outside)}", end="")
        print(f" ({time.perf_counter() - start:.0f} s)", flush=True)
        ends = float(inside.min()), float(inside.max())
        found[name] = within(float(inside.mean()), 0.5, tolerance, ends)
        found[f"{name}_leaking"] = at_least(float(outside.mean()), HEARD)
    return found


def _words(aurocs: np.ndarray) -> str:
    return f"mean AUROC {aurocs.mean():.3f} ({aurocs.min():.3f} to {aurocs.max():.3f})"


Run = Callable[[int], float]


def _cages(patients: int, columns: int) -> dict[str, tuple[Run, Run, float]]:
    """Name to a run as it should be, one with the leak, and how far from 0.5 the first may be."""
    return {
        "identifying_column_network": (
            lambda seed: by_network(marked(patients, seed, grouped=True), seed),
            lambda seed: by_network(marked(patients, seed, grouped=False), seed),
            0.03,
        ),
        "identifying_column_forest": (
            lambda seed: by_forest(marked(patients, seed, grouped=True), seed),
            lambda seed: by_forest(marked(patients, seed, grouped=False), seed),
            0.03,
        ),
        "selected_noise_network": (
            lambda seed: adapted(*noise(columns, seed), seed),
            lambda seed: adapted(*chosen_before(*noise(columns, seed)), seed),
            0.1,
        ),
        "selected_noise_logistic": (
            lambda seed: by_terms(*noise(columns, seed), seed),
            lambda seed: by_terms(*chosen_before(*noise(columns, seed)), seed),
            0.1,
        ),
    }


def marked(patients: int, seed: int, *, grouped: bool) -> CohortArrays:
    """Patients with random labels and nothing but a mark: a random number, and a code.

    Trees read the patient off the number. For a network two thousand steps along one number are
    too fine, but of the code it has a row of weights per patient. A code that no training row
    holds says nothing to it; the number is there so that its grouped scores are no mere ties.

    Args:
        patients: Each with five samples.
        seed: Of labels and marks.
        grouped: False is the mistake: every sample passes for a patient of its own.
    """
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), SAMPLES)
    marks = np.stack([rng.normal(size=patients), rng.permutation(patients)], axis=1)[owner]
    ids = np.array([f"s{k:06d}" for k in range(len(owner))])
    return CohortArrays(
        sample_ids=ids,
        patient_ids=np.array([f"p{k:05d}" for k in owner]) if grouped else ids,
        inputs={"tabular": marks.astype("float32")},
        labels={"y": rng.permutation(np.resize([0.0, 1.0], patients))[owner].astype("float32")},
        columns={"tabular": ("number", "code")},
        kinds={"tabular": ("numeric", "categorical")},
    )


def by_network(arrays: CohortArrays, seed: int) -> float:
    """A search of one trial, the default configuration; its mean AUROC over the folds."""
    with tempfile.TemporaryDirectory() as folder:
        tuner = CrossValidatedTuner(
            Network(arrays, ["tabular"]),
            objective=keras_tuner.Objective("auroc", "max"),
            directory=folder,
            trials=1,
            options=SearchOptions(epochs=4, seed=seed),
        )
        tuner.run(_protocol(arrays, seed))
        return float(np.mean(tuner.best()[1].scores))


def _protocol(arrays: CohortArrays, seed: int) -> Protocol:
    folds = make_folds(arrays.labels, arrays.patient_ids, FOLDS, seed)
    return Protocol(folds=folds, labels=arrays.labels, patient_ids=arrays.patient_ids)


def by_forest(arrays: CohortArrays, seed: int) -> float:
    """The random forest on the number alone."""
    number = arrays.inputs["tabular"][:, :1]
    features = Features(values=number, names=("tabular/number",), kinds=("numeric",))
    return _cross_validated(
        "random_forest", features, arrays.labels["y"], _protocol(arrays, seed).folds
    )


def _cross_validated(name: str, x: Features, y: np.ndarray, folds) -> float:
    """Mean AUROC over the folds of a baseline as prespecified."""
    model, scores = baseline(name), []
    config = model.configurations(1, 0)[0]
    for train, scored in folds:
        logits = model.fit(x.take(train), y[train], config).logits(x.take(scored))
        scores.append(mean_auroc({"": logits}, {"": y[scored]}))
    return float(np.mean(scores))


def noise(columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of terms that have nothing to do with the labels."""
    rng = np.random.default_rng(seed)
    return rng.poisson(1.0, (ROWS, columns)).astype("float32"), rng.permutation(
        np.resize([0.0, 1.0], ROWS)
    )


def chosen_before(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mistake: the terms are chosen by all rows, before there are folds."""
    return SelectKBest(chi2, k=TERMS_KEPT).fit_transform(x, y), y


def by_terms(x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Logistic regression, whose pipeline chooses terms inside of the fold."""
    names = tuple(f"tokens/term/{k}" for k in range(x.shape[1]))
    folds = make_folds({"y": y}, np.arange(len(y)).astype(str), FOLDS, seed)
    features = Features(values=x, names=names, kinds=("terms",) * len(names))
    return _cross_validated("logistic_regression", features, y, folds)


def adapted(x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """A search over a Keras model of one's own, which chooses its terms in `adapt`."""

    def build(hp):
        terms, row = keras.Input((x.shape[1],), name="terms"), keras.Input((1,), name="row")
        z = Chosen(name="chosen")(terms)
        z = keras.layers.Dense(hp.Choice("units", [16]), activation="relu")(z)
        model = keras.Model(
            {"terms": terms, "row": row}, keras.layers.Dense(1, activation="sigmoid", name="y")(z)
        )
        model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")])
        return model

    def adapt(model, training):
        labels = y[training["row"][:, 0].astype(int)]
        model.get_layer("chosen").adapt(training["terms"], labels)

    row = np.arange(len(y), dtype="float32")[:, None]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        tuner = CrossValidatedTuner(
            build,
            objective=keras_tuner.Objective("val_auc", "max"),
            directory=folder,
            trials=1,
            options=SearchOptions(epochs=15, seed=seed, adapt=adapt),
        )
        tuner.search({"terms": x, "row": row}, y, folds=FOLDS)
        return float(np.mean(tuner.best()[1].scores))


class Chosen(keras.layers.Layer):
    """Keep the columns that separate the classes of the training rows best."""

    def build(self, shape):
        self.kept = self.add_weight(
            shape=(shape[-1],), initializer="ones", trainable=False, name="kept"
        )

    def adapt(self, x, y):
        kept = SelectKBest(chi2, k=min(TERMS_KEPT, x.shape[1])).fit(x, y).get_support()
        self.kept.assign(kept.astype("float32"))

    def call(self, x):
        return x * self.kept
