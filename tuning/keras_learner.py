"""Search over a Keras model of the user's own, and arrays of her own."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.layers.seeds import seeded
from hybrid_zoo.pipelines.datasets import THREADS, prefetched, row_batches, rows_of
from hybrid_zoo.pipelines.lazy import LazyArray
from hybrid_zoo.training import fit
from hybrid_zoo.tuning.identity import fingerprint
from hybrid_zoo.tuning.learner import Config, Fitted, copy_state
from hybrid_zoo.tuning.options import SearchOptions

Build = Callable[[Any], keras.Model]

PREDICTION_BATCH = 256


class KerasLearner:
    """Train what a hypermodel builds, on rows of arrays.

    Args:
        build: From `keras_tuner.HyperParameters` to a compiled `keras.Model` of any inputs.
        x: An array, or a list or dict of them, as the model takes it; axis 0 the samples.
        y: Likewise, as the loss takes it.
        options: Batch size, patience, what is adapted, and whether graphs are used again.

    Source:
        Own design, because a naive loop builds and traces anew for every fold.
    """

    def __init__(self, build: Build, x: Any, y: Any, options: SearchOptions | None = None) -> None:
        self._build, self._options = build, options or SearchOptions()
        self._x, self._y = (tf.nest.map_structure(_held, part) for part in (x, y))
        self._raw = (x, y)
        self.space = keras_tuner.HyperParameters()
        self._traced: dict[tuple, keras.Model] = {}

    def draw(self, hp: Any) -> Config:
        """Return the values of a trial.

        Args:
            hp: `keras_tuner.HyperParameters`.
        """
        return {name: value for name, value in hp.values.items() if not name.startswith("tuner/")}

    def fit(
        self, config: Mapping[str, Any], rows: np.ndarray, valid: np.ndarray | None = None, *,
        epochs: int = 50, seed: int = 0,
    ) -> Fitted:  # fmt: skip
        """Train from scratch on some rows.

        Args:
            config: From `draw`.
            rows: Training rows, as positions.
            valid: Rows that early stopping watches; None runs all epochs.
            epochs: Most epochs.
            seed: Of the weights, the dropout and the order of the batches.

        Returns:
            The trained model and what it took.
        """
        start = time.perf_counter()
        model = self._fresh(config, rows, seed)
        watched = None if valid is None else self._dataset(valid, PREDICTION_BATCH)
        best, history = fit(
            model,
            self._dataset(rows, self._options.batch_size, seed),
            watched,
            epochs=epochs,
            patience=self._options.patience,
        )
        seconds = time.perf_counter() - start
        return Fitted(model=model, epochs=best, seconds=seconds, history=history)

    def score(
        self, config: Mapping[str, Any], rows: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Predict and evaluate with the last fit of a configuration.

        Args:
            config: As given to `fit`.
            rows: Positions.

        Returns:
            Predictions by name of the output, and the loss and the compiled metrics by name, each
            also as `val_...`, the name that KerasTuner knows it by.
        """
        model, data = self._traced[_key(config)], self._dataset(rows, PREDICTION_BATCH)
        metrics = model.evaluate(data, verbose=0, return_dict=True)
        outputs = model.predict(data.map(lambda x, y: x), verbose=0)
        if not isinstance(outputs, Mapping):
            several = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            outputs = dict(zip(model.output_names, several, strict=True))
        found = {name: float(value) for name, value in metrics.items()}
        return dict(outputs), found | {f"val_{name}": value for name, value in found.items()}

    def identity(self) -> Config:
        """Return what tells this learner from another, as JSON."""
        options = self._options
        sources = [_source(part) for part in (self._build, options.adapt) if part is not None]
        return {
            "data": fingerprint([tf.nest.flatten(part) for part in self._raw]),
            "network": [fingerprint(sources), options.batch_size, options.patience],
        }

    def _fresh(self, config: Mapping[str, Any], rows: np.ndarray, seed: int) -> keras.Model:
        hp = self.space.copy()
        hp.values = dict(config)
        with seeded(seed):
            new = require_compiled(self._build(hp))
        if self._options.adapt is not None:
            self._options.adapt(new, _take(self._raw[0], rows))
        key = _key(config)
        # Keras writes what a layer has adapted into the graph, where no reset reaches it.
        reuse = self._options.reuse and self._options.adapt is None
        if not reuse or key not in self._traced:
            self._traced[key] = new
        else:
            copy_state(new, self._traced[key])
        return self._traced[key]

    def _dataset(self, rows: np.ndarray, batch_size: int, seed: int | None = None):
        data = row_batches(rows, batch_size, seed)
        return prefetched(data.map(self._gather, num_parallel_calls=THREADS))

    def _gather(self, rows: tf.Tensor):
        return tf.nest.map_structure(lambda values: rows_of(values, rows), (self._x, self._y))


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed into a shell, or an object: its name must do
        return getattr(function, "__qualname__", type(function).__qualname__)


def _held(values: Any) -> Any:
    return values if isinstance(values, LazyArray) else tf.convert_to_tensor(values)


def _take(values: Any, rows: np.ndarray) -> Any:
    """Return some rows of arrays in any nest."""
    return tf.nest.map_structure(lambda part: np.asarray(part[rows]), values)


def _key(config: Mapping[str, Any]) -> tuple:
    return tuple(sorted(config.items()))


def require_compiled(model: Any) -> keras.Model:
    """Return what a hypermodel built, if it is a compiled Keras model.

    Args:
        model: What it returned.

    Raises:
        ConfigError: If it is something else.
    """
    if not isinstance(model, keras.Model) or not model.compiled:
        what = "a model that is not compiled" if isinstance(model, keras.Model) else repr(model)
        raise ConfigError(
            f"The hypermodel returned {what}; expected a compiled keras.Model. Call "
            "model.compile(optimizer=..., loss=..., metrics=[...]) in it."
        )
    return model
