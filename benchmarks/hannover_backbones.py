"""What do ImageNet's weights add to 194 chest radiographs? Frozen, trained further, from scratch.

usage: hannover_backbones.py DATA [--arms NAME ...] [--epochs 15] [--quick]
DATA holds a folder whose name begins with hannover. In intensive care at the exam, AP views only,
so that the view gives nothing away; the way a picture was taken still may. Five folds by patient.
efficientnet_lite0 under the zoo's dense head, prespecified otherwise, one seed; beside it logistic
regression, its penalty chosen by inner folds, on frozen features and on 16x16 pixels, and a study's
baselines with and without the frozen features. AUROC, mean
over folds, with 95 % intervals by patient.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
from _options import cores
from _sources import prepared
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hybrid_zoo.evaluation.bootstrap import bootstrap_auroc, draw_resamples, interval
from hybrid_zoo.evaluation.metrics import auroc_over_folds
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.frozen import split_frozen
from hybrid_zoo.images import efficientnet_lite0
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.tuning.baselines import BASELINES
from hybrid_zoo.tuning.features import row_features
from hybrid_zoo.tuning.folds import hold_back, make_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.pretrained import pretrained_features
from hybrid_zoo.tuning.space import Space

NAME, TARGET = "efficientnet_lite0", "icu_care_at_exam"
NETS = {
    "frozen, dense head": {"image.weights": "imagenet", "image.trainable": False},
    "trained further": {"image.weights": "imagenet", "image.trainable": True},
    "from scratch": {"image.weights": None, "image.trainable": True},
}
CELLS = 16
PRETRAINED = Space({"image": {NAME: {"weights": "imagenet"}}})


class Radiographs:
    """AP views, their labels and folds."""

    def __init__(self, data: Path) -> None:
        with prepared("hannover", data) as cohort:
            self.arrays = cohort.to_arrays()
            self.images = np.asarray(self.arrays.inputs["image"][np.arange(len(self.arrays))])
        frontal = (cohort.samples.loc[self.arrays.sample_ids, "view"] == "AP").to_numpy()
        self.rows = np.flatnonzero(frontal)
        self.labels, self.patients = self.arrays.labels[TARGET], self.arrays.patient_ids
        folds = make_folds({TARGET: self.labels[self.rows]}, self.patients[self.rows])
        self.folds = [(self.rows[train], self.rows[test]) for train, test in folds]

    def network(self, options: dict, epochs: int) -> np.ndarray:
        """Out-of-fold logits of all rows; others stay NaN."""
        network = Network(self.arrays, ["image"], space=Space({"image": [NAME]}))
        config = network.default | options

        def logits(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            rows, watched = hold_back(train, self.arrays.labels, self.patients)
            network.fit(config, rows, watched, epochs=epochs)
            return network.logits(config, test)[TARGET]

        return self._out_of_fold(logits)

    def linear(self, x: np.ndarray) -> np.ndarray:
        """Out-of-fold logits of a logistic regression."""
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        grid = {"logisticregression__C": [1e-4, 1e-3, 1e-2, 1e-1, 1]}

        def logits(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            search = GridSearchCV(model, grid, scoring="roc_auc", cv=GroupKFold(4))
            search.fit(x[train], self.labels[train], groups=self.patients[train])
            return search.decision_function(x[test])

        return self._out_of_fold(logits)

    def baseline(self, name: str, space: Space) -> np.ndarray:
        """Out-of-fold logits of a study's baseline, prespecified."""
        x, model = row_features(self.arrays, ["image"]), BASELINES[name]
        learned = pretrained_features(self.arrays, space)
        x = x.join(learned) if learned else x
        (config,) = model.configurations(1, 0)

        def logits(train: np.ndarray, test: np.ndarray) -> np.ndarray:
            return model.fit(x.take(train), self.labels[train], config).logits(x.take(test))

        return self._out_of_fold(logits)

    def _out_of_fold(self, logits: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """What is fitted to the first rows says of the others, in every fold; elsewhere NaN."""
        found = np.full(len(self.labels), np.nan)
        for train, test in self.folds:
            found[test] = logits(train, test)
        return found

    def features(self, weights: str | None) -> np.ndarray:
        """Of the frozen backbone, which standardises each image by itself."""
        keras.utils.set_random_seed(0)
        spec = InputSpec.from_arrays({"image": self.images[self.rows]})
        frozen, _ = split_frozen(efficientnet_lite0(spec, weights=weights, trainable=False))
        return frozen.predict(self.images[:, 0], batch_size=32, verbose=0)

    def pixels(self) -> np.ndarray:
        """Means of 16x16 cells, standardised within an image."""
        side = self.images.shape[2] // CELLS
        cells = self.images[..., 0].reshape(-1, CELLS, side, CELLS, side).mean(axis=(2, 4))
        cells = cells.reshape(len(cells), -1)
        return (cells - cells.mean(1, keepdims=True)) / cells.std(1, keepdims=True)

    def measured(self, name: str, logits: np.ndarray) -> dict:
        """AUROC and interval; every arm has the same resamples."""
        folds = np.full(len(self.labels), -1)
        for number, (_, test) in enumerate(self.folds):
            folds[test] = number
        rows = self.rows
        scores = Scores(
            labels=self.labels[rows],
            patients=self.patients[rows],
            samples=self.arrays.sample_ids[rows],
            folds=folds[rows],
            probabilities={name: 1 / (1 + np.exp(-logits[rows]))},
            decisions={name: logits[rows] >= 0},
        )
        draws = bootstrap_auroc(scores, draw_resamples(scores))
        return interval(auroc_over_folds(scores)[name], draws[name])


def arms(study: Radiographs, epochs: int) -> dict[str, Callable[[], np.ndarray]]:
    """Name to what makes out-of-fold logits, the quickest first."""
    return {
        "16x16 pixels, linear": lambda: study.linear(study.pixels()),
        "frozen, linear": lambda: study.linear(study.features("imagenet")),
        "random and frozen, linear": lambda: study.linear(study.features(None)),
        **{
            f"{name}{words}": partial(study.baseline, name, space)
            for name in ("logistic_regression", "gradient_boosting")
            for words, space in ((", pixels", Space()), (", with frozen features", PRETRAINED))
        },
        **{name: partial(study.network, options, epochs) for name, options in NETS.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--arms", nargs="*", help="some of them, by name")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="one epoch")
    options = parser.parse_args()
    study, figures = Radiographs(options.data), {}
    people = len(np.unique(study.patients[study.rows]))
    print(f"{len(study.rows)} AP views of {people} patients, on {cores()}")
    for name, arm in arms(study, 1 if options.quick else options.epochs).items():
        if options.arms and name not in options.arms:
            continue
        start = time.perf_counter()
        figures[name] = figure = study.measured(name, arm())
        seconds = time.perf_counter() - start
        print("{}: {value:.3f} ({low:.3f} to {high:.3f})".format(name, **figure), end="")
        print(f", {seconds:.0f} s", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
