"""The networks' information as a scikit-learn transformer, for any estimator behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.tuning.encoding import feature_encoder, varying_columns
from hybrid_zoo.tuning.features import Features, row_features


class SameInformation(TransformerMixin, BaseEstimator):
    """Turn a model's inputs into a matrix that holds the same information.

    Rows are summarised one by one, and what has to be fitted (medians, quantiles, categories,
    components, terms) is fitted in `fit`, so that in a pipeline no fold sees another. The study's
    own baselines begin with it.

    ```python
    model = make_pipeline(SameInformation(), LogisticRegression())
    cross_val_score(model, row_features(inputs), y, cv=folds)
    model.fit(inputs, y).predict_proba(others)
    ```

    Args:
        for_trees: Leave numbers as they are, NaN included, as trees like them; otherwise NaN
            becomes the median and numbers become normal scores, and no NaN is left.
        categorical: Columns of `tabular` that hold category codes, where the inputs are plain
            arrays; a cohort's arrays say so themselves.
        random_state: Seed of the randomised principal components.

    Source:
        Own design, because a comparison is fair where both sides know the same. Normal scores:
        Conover & Iman 1981, doi:10.1080/00031305.1981.10479327.
    """

    def __init__(
        self, *, for_trees: bool = False, categorical: Sequence[int] = (), random_state: int = 0
    ) -> None:
        self.for_trees = for_trees
        self.categorical = categorical
        self.random_state = random_state

    def fit(self, X: Any, y: np.ndarray | None = None) -> "SameInformation":
        """Fit the encoding to training rows.

        Args:
            X: The training rows: modality name to array as a model eats them, a cohort's arrays,
                or `row_features` of either, which is what cross-validation can index.
            y: `(rows,)` classes; needed where there are notes.

        Returns:
            Itself.

        Raises:
            ConfigError: If no column varies, or notes come without classes.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: np.ndarray | None = None) -> np.ndarray:
        """Fit the encoding to training rows and encode them.

        Args:
            X: As for `fit`.
            y: As for `fit`.

        Returns:
            `(rows, columns)`.

        Raises:
            ConfigError: As of `fit`.
        """
        features = self._features(X)
        varying = varying_columns(features)
        if not varying:
            raise ConfigError(
                f"SameInformation.fit: none of the {len(features.names)} columns varies in these "
                f"{len(features)} rows; pass more rows or other inputs."
            )
        if y is None and any(features.kinds[column] == "terms" for column in varying):
            raise ConfigError(
                "SameInformation.fit: notes need classes to choose their terms by; pass y."
            )
        self.names_ = features.names
        self.encoder_ = feature_encoder(features, self.random_state, for_trees=self.for_trees)
        return self.encoder_.fit_transform(features.values, y)

    def transform(self, X: Any) -> np.ndarray:
        """Encode rows.

        Args:
            X: As for `fit`.

        Returns:
            `(rows, columns)`.

        Raises:
            ConfigError: If the columns are not those of the training rows.
        """
        check_is_fitted(self)
        features = self._features(X)
        if features.names != self.names_:
            other = sorted(set(features.names) ^ set(self.names_))
            raise ConfigError(
                f"SameInformation.transform: got {len(features.names)} columns, was fitted on "
                f"{len(self.names_)}; {len(other)} differ, such as {other[:3]}. Pass the same "
                "modalities and columns as in fit."
            )
        return self.encoder_.transform(features.values)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the columns.

        Args:
            input_features: Ignored; scikit-learn passes it.

        Returns:
            `(columns,)`; a component is named after its modality.
        """
        check_is_fitted(self)
        names = np.array(self.names_, dtype=object)
        found: list[str] = []
        for block, transformer, columns in self.encoder_.transformers_:
            if block == "remainder":
                continue
            _, _, modality = block.partition(" ")
            own = transformer.get_feature_names_out(names[columns])
            found += [f"{modality}/{name}" if modality else name for name in own]
        return np.array(found, dtype=object)

    def _features(self, X: Any) -> Features:
        if isinstance(X, Features):
            return X
        if isinstance(X, CohortArrays | Mapping):
            return row_features(X, categorical=self.categorical)
        raise ConfigError(
            f"SameInformation: got {type(X).__name__}; expected a dict of arrays such as "
            '{"tabular": ..., "sequence": ...}, a cohort\'s arrays, or row_features of either.'
        )
