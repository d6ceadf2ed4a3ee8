"""A hybrid as a scikit-learn classifier over a DataFrame."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.registry import nearest
from hybrid_zoo.studies.frame_reader import TARGET, FrameReader, checked_frame
from hybrid_zoo.tuning.folds import hold_back
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import KNOBS, PARTS, Space

_FEW = 40  # patients: fewer are not parted for early stopping


class HybridClassifier(ClassifierMixin, BaseEstimator):
    """One model of a DataFrame's columns, the images that it names, and its notes.

    Numeric columns and those of categories are read as they are, in raw units; an empty cell means
    not observed, an image that cannot be read likewise, with a warning. Early stopping watches a
    patient-grouped 15 % of the rows that it is fitted on.

    Args:
        images: Columns that hold image paths; several make a bag.
        notes: Columns that hold text.
        folder: Where image paths start.
        size: Height, width and, if not 1, channels that images are resized to.
        model: Knobs (`units`, `dropout`, `l2`) to numbers, parts (`image`, `tabular`, `tokens`,
            `fusion`) to the names of components; what is not given is the default.
        epochs: Most epochs.
        random_state: Seed of weights, batches and the watched part.

    Source:
        Own design, because `cross_val_score` and its kin are where many comparisons are made.
    """

    def __init__(
        self,
        *,
        images: Sequence[str] = (),
        notes: Sequence[str] = (),
        folder: str | Path = ".",
        size: Sequence[int] = (64, 64),
        model: Mapping[str, Any] | None = None,
        epochs: int = 50,
        random_state: int = 0,
    ) -> None:
        self.images = images
        self.notes = notes
        self.folder = folder
        self.size = size
        self.model = model
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Iterable[Any], groups: Iterable[Any] | None = None) -> Self:
        """Train from scratch.

        Args:
            X: `(rows, columns)`.
            y: `(rows,)` classes; a row without one is left out.
            groups: `(rows,)` patient of each row; each row is one of its own without.

        Returns:
            The classifier.

        Raises:
            ConfigError: If X is no DataFrame, a column is missing, y has one class, or `model` has
                an unknown key or name.
            CohortError: If nothing of X can be used.
        """
        frame = checked_frame(X, [*self.images, *self.notes])
        labels = pd.Series(np.asarray(y, dtype=object), dtype=object)
        known = labels.notna().to_numpy()
        self.classes_, codes = np.unique(labels[known].tolist(), return_inverse=True)
        if len(self.classes_) < 2:
            raise ConfigError(f"HybridClassifier: y has {len(self.classes_)} class; expected 2.")
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        self._reader = FrameReader(
            images=tuple(self.images),
            notes=tuple(self.notes),
            folder=Path(self.folder),
            size=tuple(self.size),
            kinds={
                name: "numeric" if pd.api.types.is_numeric_dtype(frame[name]) else "categorical"
                for name in frame.columns
                if name not in (*self.images, *self.notes)
            },
            classes=len(self.classes_),
        )
        patients = np.arange(len(frame)) if groups is None else np.asarray(list(groups))
        arrays = self._reader.read(frame[known], (codes, patients[known]))
        self._categories = arrays.categories
        self._train(arrays)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict probabilities.

        Args:
            X: `(rows, columns)` with the columns that it was fitted on.

        Returns:
            `(rows, classes)` in the order of `classes_`.
        """
        check_is_fitted(self, "model_")
        frame = checked_frame(X, list(self.feature_names_in_))
        inputs = self._reader.read(frame, categories=self._categories).inputs
        found = self.model_.logits.predict(
            {name: np.asarray(inputs[name]) for name in self.model_.input}, verbose=0
        )
        logits = found[TARGET].astype(np.float64)
        if len(self.classes_) > 2:
            return softmax(logits, axis=1)
        event = expit(logits[:, 0])
        return np.stack([1 - event, event], axis=1)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict the likeliest class.

        Args:
            X: As for `predict_proba`.

        Returns:
            `(rows,)`.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _train(self, arrays: CohortArrays) -> None:
        given = dict(self.model or {})
        for key in given:
            if key not in (*KNOBS, *PARTS):
                known = [*KNOBS, *PARTS]
                raise ConfigError(f"HybridClassifier: unknown key {key!r}.{nearest(key, known)}")
        network = Network(
            arrays,
            [name for name in arrays.inputs if not name.startswith("time")],
            imbalance="none",  # class weights would distort the probabilities
            space=Space({part: [name] for part, name in given.items() if part in PARTS}),
        )
        config = network.default | {knob: given[knob] for knob in KNOBS if knob in given}
        rows, watched, seed = np.arange(len(arrays)), None, self.random_state
        if len(np.unique(arrays.patient_ids)) >= _FEW:
            rows, watched = hold_back(rows, arrays.labels, arrays.patient_ids, seed=seed)
        fitted = network.fit(config, rows, watched, epochs=self.epochs, seed=seed)
        self.model_, self.n_iter_, self.history_ = fitted.model, fitted.epochs, fitted.history
