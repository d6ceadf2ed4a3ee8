"""What is fitted to the flat features before a model sees them: always on training rows only."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from hybrid_zoo.tuning.features import Features

COMPONENTS = 32
TERMS_KEPT = 64
PER_MODALITY = ("pixels", "learned", "terms")


def feature_encoder(features: Features, seed: int, *, for_trees: bool) -> ColumnTransformer:
    """Build the unfitted transformer from flat features to a matrix.

    Args:
        features: The training rows; their number bounds the number of components.
        seed: For the randomised principal components.
        for_trees: Trees take numbers as they are, NaN included; other models get the median for
            NaN, then normal scores, so that one wild measurement cannot dominate.

    Returns:
        Numbers as above, indicators, one column per category with one for missing (a category
        never seen in training is all zeros), principal components of the pictures and of what a
        pretrained encoder saw in them per modality, and of notes the terms that separate the
        classes best plus principal components.
    """
    columns = _columns_per_block(features)
    steps = [
        (name, _encoder(name.split(" ")[0], features.values[:, where], seed, for_trees), where)
        for name, where in columns.items()
    ]
    return ColumnTransformer(steps, sparse_threshold=0, verbose_feature_names_out=False)


def varying_columns(features: Features) -> list[int]:
    """Return the positions of the columns that hold a value and are not the same in every row.

    Args:
        features: The training rows.
    """
    missing = np.isnan(features.values)
    low = np.where(missing, np.inf, features.values).min(0, initial=np.inf)
    high = np.where(missing, -np.inf, features.values).max(0, initial=-np.inf)
    varies = ~missing.all(0) & ((low < high) | missing.any(0))
    return np.flatnonzero(varies).tolist()


def _columns_per_block(features: Features) -> dict[str, list[int]]:
    """Pictures, terms and the like are a block per modality, the other kinds one block each.

    What never varies in the training rows is left out: it cannot help, and boosting fails on a
    column without any value.
    """
    blocks: dict[str, list[int]] = {}
    for column in varying_columns(features):
        name, kind = features.names[column], features.kinds[column]
        block = f"{kind} {name.split('/')[0]}" if kind in PER_MODALITY else kind
        blocks.setdefault(block, []).append(column)
    return blocks


def _encoder(kind: str, values: np.ndarray, seed: int, for_trees: bool) -> Pipeline | str:
    rows, columns = values.shape
    # Rows without the modality sit at the mean: more components than the others span are noise,
    # which scaling would blow up.
    spanned = int((~np.isnan(values)).any(1).sum()) - 1
    components = max(1, min(COMPONENTS, columns, spanned))
    pca = PCA(components, svd_solver="randomized", random_state=seed)
    if kind == "category":
        return make_pipeline(OneHotEncoder(handle_unknown="ignore", sparse_output=False))
    if kind == "pixels":
        # The mean for a sample without images puts it at the origin of the components.
        return make_pipeline(SimpleImputer(keep_empty_features=True), pca, StandardScaler())
    if kind == "learned":  # in no common unit
        known = SimpleImputer(keep_empty_features=True)
        return make_pipeline(known, StandardScaler(), pca, StandardScaler())
    if kind == "terms":
        best = SelectKBest(chi2, k=min(TERMS_KEPT, columns))
        return make_pipeline(FeatureUnion([("best", best), ("components", pca)]), StandardScaler())
    if kind == "indicator" or for_trees:
        return "passthrough"
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        QuantileTransformer(
            n_quantiles=min(200, rows), output_distribution="normal", random_state=seed
        ),
        StandardScaler(),
    )
