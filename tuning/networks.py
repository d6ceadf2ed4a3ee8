"""Train one architecture again and again: folds, trials and seeds share data and graph."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from hybrid_zoo.frozen import cut_frozen
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.pretrained import hollow_backbones
from hybrid_zoo.layers.seeds import seeded
from hybrid_zoo.model import HybridModel
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.imbalance import IMBALANCE, Remedy, oversample
from hybrid_zoo.serving.graph import compiled
from hybrid_zoo.training import FirstStep, VaryingPredictions, fit
from hybrid_zoo.tuning.frozen import FrozenFeatures
from hybrid_zoo.tuning.identity import fingerprint
from hybrid_zoo.tuning.learner import Config, Fitted, copy_state
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.space import Space, build_arguments, parts_of

BATCH = 32
PREDICTION_BATCH = 256


class Network:
    """A hybrid, or a net of a single modality, over one cohort.

    Building a graph costs a second, tracing it several: each architecture is traced once, and its
    weights, statistics, dropout, L2 and optimiser are reset for every further fit.

    Args:
        arrays: The cohort.
        modalities: Names of the modalities it reads.
        imbalance: What is done about rare classes of the training rows: a key of `IMBALANCE`.
        space: What a search may vary; its default is the prespecified configuration.
        options: Of `build_hybrid`; the class weights are the network's own.

    Source:
        Own design, because a naive loop spends 40 % of its time on tracing.
    """

    def __init__(
        self,
        arrays: CohortArrays,
        modalities: Sequence[str],
        *,
        imbalance: Remedy = "weights",
        space: Space | None = None,
        options: HybridOptions | None = None,
    ) -> None:
        self._options = options or HybridOptions(metrics=False)
        self._space, self._parts = space or Space(), parts_of(modalities)
        self.modalities = tuple(modalities)
        self._arrays, self._imbalance = arrays, imbalance
        one = InputSpec.from_arrays({name: x[:1] for name, x in arrays.inputs.items()})
        self._inputs = {name: arrays.inputs[name] for name in one.only(self.modalities).names}
        self.targets = {t: len(arrays.classes.get(t, ())) or 1 for t in arrays.labels}
        self._traced: dict[tuple, _Traced] = {}
        self._features = FrozenFeatures(self._inputs, arrays.labels)
        self.space: Any = None
        self.fitting = self.tracing = 0.0  # seconds of all fits so far, and what of it was tracing

    @property
    def default(self) -> Config:
        """The prespecified configuration."""
        return self._space.default(self._parts)

    def declare(self, hp: Any) -> None:
        """Register the search space.

        Args:
            hp: `keras_tuner.HyperParameters`.
        """
        self.draw(hp)

    def draw(self, hp: Any) -> Config:
        """Declare the search space and return one configuration of it.

        Args:
            hp: `keras_tuner.HyperParameters`.
        """
        return self._space.draw(hp, self._parts)

    def spec(self, rows: np.ndarray) -> InputSpec:
        """Return the input spec with the statistics of some rows.

        Args:
            rows: Training rows, as positions.
        """
        arrays = self._arrays
        return InputSpec.from_arrays(
            self._inputs, columns=arrays.columns, kinds=arrays.kinds, rows=rows
        )

    def fit(
        self, config: Mapping[str, Any], rows: np.ndarray, valid: np.ndarray | None = None, *,
        epochs: int = 50, seed: int = 0,
    ) -> Fitted:  # fmt: skip
        """Train from scratch on some rows.

        Args:
            config: From `default` or `draw`.
            rows: Training rows, as positions.
            valid: Rows that early stopping watches; None runs all epochs.
            epochs: Most epochs.
            seed: Of the weights, the dropout and the order of the batches.

        Returns:
            The trained model and what it took.
        """
        start = time.perf_counter()
        copied = oversample(rows, self._arrays.labels, self._imbalance, seed)
        traced = self._fresh(config, rows, copied, seed)
        train = traced.batches.dataset(copied, batch_size=BATCH, seed=seed)
        watched = None
        if valid is not None:
            watched = traced.batches.dataset(valid, batch_size=PREDICTION_BATCH)
        first = FirstStep()
        varying = VaryingPredictions(train, traced.predict)
        callbacks = [first, varying]
        best, history = fit(traced.trained, train, watched, epochs=epochs, callbacks=callbacks)
        self.tracing += 0 if traced.used else first.seconds
        traced.used = True
        seconds = time.perf_counter() - start
        self.fitting += seconds
        return Fitted(model=traced.model, epochs=best, seconds=seconds, history=history)

    def logits(self, config: Mapping[str, Any], rows: np.ndarray) -> dict[str, np.ndarray]:
        """Predict with the last fit of a configuration.

        Args:
            config: As given to `fit`.
            rows: Positions.

        Returns:
            Target to `(rows,)` logits before calibration, or `(rows, classes)`.
        """
        traced = self._traced[_key(config)]
        data = traced.batches.dataset(rows, batch_size=PREDICTION_BATCH)
        parts = [traced.predict(inputs) for inputs, _ in data]
        outputs = {
            target: np.concatenate([part[target] for part in parts]) for target in self.targets
        }
        return {
            target: values[:, 0] if self.targets[target] == 1 else values
            for target, values in outputs.items()
        }

    def score(
        self, config: Mapping[str, Any], rows: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Score the last fit of a configuration.

        Args:
            config: As given to `fit`.
            rows: Positions.

        Returns:
            Logits by target, as of `logits`; and `auroc`, the mean over targets and classes.
        """
        found = self.logits(config, rows)
        labels = {target: values[rows] for target, values in self._arrays.labels.items()}
        return found, {"auroc": mean_auroc(found, labels)}

    def identity(self) -> Config:
        """Return what tells this network from another, as JSON."""
        options = {name: str(value) for name, value in vars(self._options).items()}
        return {
            "data": fingerprint([self._inputs, self._arrays.labels, self._arrays.patient_ids]),
            "network": [*self.modalities, self._imbalance, sorted(options.items())],
        }

    def _fresh(
        self, config: Mapping[str, Any], rows: np.ndarray, copied: np.ndarray, seed: int
    ) -> "_Traced":
        """Return the traced model of a configuration with the state of a newly built one."""
        options = replace(self._options, class_weight=self._class_weights(copied))
        known = _key(config) in self._traced
        with seeded(seed), hollow_backbones(known):
            new = build_hybrid(
                self.spec(rows), targets=self.targets, options=options, **build_arguments(config)
            )
        if not known:
            self._traced[_key(config)] = _Traced(new)
        traced = self._traced[_key(config)]
        if traced.model is not new:
            for target, loss in new.loss.items():
                traced.model.loss[target].class_weight.assign(loss.class_weight)
            copy_state(new, traced.model)
        traced.batches = self._features.batches(traced.frozen)
        return traced

    def _class_weights(self, rows: np.ndarray) -> dict[str, list[float]]:
        weights = {}
        for target, width in self.targets.items():
            labels = self._arrays.labels[target][rows]
            labels = labels[np.isfinite(labels)].astype(int)
            counts = np.bincount(labels, minlength=max(width, 2)).clip(1)
            balanced = len(labels) / (len(counts) * counts)
            weighed = IMBALANCE[self._imbalance].weights
            weights[target] = (balanced if weighed else np.ones(len(counts))).tolist()
        return weights


class _Traced:
    """One architecture's graph, and the batches of its last fit.

    Args:
        model: Whole; what is trained is the same, but for its frozen parts.
    """

    batches: Batches
    used = False

    def __init__(self, model: HybridModel) -> None:
        cut = cut_frozen(model)
        self.model, self.trained = model, cut.model if cut else model
        self.frozen: Mapping[str, keras.Model] = cut.frozen if cut else {}
        self.predict = compiled(self.trained.logits)  # one graph, where Keras traces two or three


def _key(config: Mapping[str, Any]) -> tuple:
    """What needs a graph of its own: dropout and L2 are weights of it."""
    return tuple(sorted((k, v) for k, v in config.items() if k not in ("dropout", "l2")))
