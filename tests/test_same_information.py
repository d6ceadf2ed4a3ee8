"""The same information as a scikit-learn transformer."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

import hybrid_zoo.tuning
from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.tuning import SameInformation, row_features
from hybrid_zoo.tuning.baselines import baseline

ROWS = 60


def _inputs(seed=0):
    """Every kind of input; half of the images, a third of the cells and one patient's all lack."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(ROWS, 6, 2)).astype(np.float32)
    series[rng.random(series.shape) < 0.3] = np.nan
    images = rng.uniform(0, 255, (ROWS, 1, 18, 18, 1)).astype(np.float32)
    images[::2] = np.nan
    tabular = np.stack([rng.normal(60, 9, ROWS), rng.integers(0, 3, ROWS)], 1).astype(np.float32)
    tabular[1] = np.nan
    tokens = rng.integers(0, 4, (ROWS, 6)).astype(np.int32)
    y = (np.nan_to_num(tabular[:, 0], nan=60) + rng.normal(0, 3, ROWS) > 60).astype(int)
    return {"sequence": series, "image": images, "tabular": tabular, "tokens": tokens}, y


def _part(inputs, rows):
    return {name: values[rows] for name, values in inputs.items()}


@pytest.mark.parametrize("for_trees", [False, True])
def test_plain_inputs_become_a_named_matrix(for_trees):
    inputs, y = _inputs()
    encoder = SameInformation(for_trees=for_trees, categorical=[1])
    matrix = encoder.fit_transform(inputs, y)
    names = encoder.get_feature_names_out()
    assert matrix.shape == (ROWS, len(names)) and len(set(names)) == len(names)
    assert {"tabular/0", "tabular/1_0.0", "tabular/1_nan", "image/pca0"} < set(names)
    assert np.isnan(matrix).any() == for_trees
    np.testing.assert_allclose(encoder.transform(inputs), matrix, atol=1e-4)
    assert clone(encoder).get_params() == encoder.get_params()


def test_nothing_is_fitted_to_the_rows_that_are_scored():
    inputs, y = _inputs()
    x, train, test = row_features(inputs), np.arange(40), np.arange(40, ROWS)
    wild = {n: v.copy() for n, v in inputs.items()}
    for values in wild.values():
        values[test] = values[test][::-1] * 1000 + 1
    model = make_pipeline(SameInformation(), LogisticRegression())
    seen = []
    for others in (x, row_features(wild)):
        found = cross_val_predict(
            model, others, y, cv=[(train, test), (test, train)], method="decision_function"
        )
        fitted = clone(model).fit(others[train], y[train])
        seen.append((fitted[0].transform(x[test]), fitted.decision_function(x[test])))
        np.testing.assert_array_equal(found[test], fitted.decision_function(others[test]))
    np.testing.assert_array_equal(seen[0][0], seen[1][0])
    np.testing.assert_array_equal(seen[0][1], seen[1][1])


def test_a_pipeline_of_features_then_takes_raw_inputs_one_by_one():
    inputs, y = _inputs()
    model = make_pipeline(SameInformation(), LogisticRegression()).fit(row_features(inputs), y)
    whole = model.predict_proba(inputs)
    single = [model.predict_proba(_part(inputs, [row]))[0] for row in range(ROWS)]
    np.testing.assert_allclose(single, whole, atol=1e-4)
    assert (whole.argmax(1) == y).mean() > 0.8


def test_scikit_learn_searches_over_it_by_patient():
    inputs, y = _inputs()
    patients = np.arange(ROWS) // 2
    search = GridSearchCV(
        make_pipeline(SameInformation(), LogisticRegression()),
        {"logisticregression__C": [0.01, 1]},
        cv=StratifiedGroupKFold(3),
        scoring="roc_auc",
        error_score="raise",
    )
    search.fit(row_features(inputs, ["tabular"]), y, groups=patients)
    assert 0.7 < search.best_score_ <= 1


def test_the_baselines_of_a_study_begin_with_it():
    inputs, y = _inputs()
    inputs = {"tabular": inputs["tabular"]}
    x = row_features(inputs)
    for name in ("logistic_regression", "svm", "random_forest", "gradient_boosting"):
        fitted = baseline(name).fit(x, 1.0 * y, baseline(name).configurations(1, 0)[0])
        assert isinstance(fitted.pipeline[0], SameInformation)
        np.testing.assert_array_equal(fitted.pipeline.predict(inputs), fitted.pipeline.predict(x))


def test_a_cohorts_arrays_bring_their_own_names_and_kinds():
    inputs, y = _inputs()
    ids = np.arange(ROWS).astype(str)
    arrays = CohortArrays(
        sample_ids=ids,
        patient_ids=ids,
        inputs={"tabular": inputs["tabular"]},
        labels={},
        columns={"tabular": ("age", "ward")},
        kinds={"tabular": ("numeric", "categorical")},
    )
    names = SameInformation().fit(arrays, y).get_feature_names_out()
    assert {"tabular/age", "tabular/ward_2.0"} < set(names)


def test_the_matrix_can_be_a_data_frame():
    inputs, y = _inputs()
    frame = SameInformation().set_output(transform="pandas").fit_transform(inputs, y)
    assert len(frame) == ROWS and "tabular/0" in frame.columns


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([[1.0]], r"got list; expected a dict of arrays"),
        ({"tabular": np.zeros((4, 2))}, r"none of the \d+ columns varies in these 4 rows"),
        ({"tabular": np.zeros((4, 2)), "sequence": np.zeros((3, 2, 1))}, "unequal numbers"),
        ({"sequence": np.zeros((4, 2))}, r"'sequence' needs 3 axes.* got shape \(4, 2\)"),
        ({"tabluar": np.zeros((4, 2))}, r"got 'tabluar'\. Did you mean 'tabular'"),
        ({}, "no modality was given"),
        ({"tokens": np.arange(12).reshape(4, 3)}, "notes need classes"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused(inputs, message):
    with pytest.raises(ConfigError, match=message):
        SameInformation().fit(inputs)


def test_columns_of_another_kind_or_order_are_refused():
    inputs, y = _inputs()
    with pytest.raises(NotFittedError):
        SameInformation().transform(inputs)
    encoder = SameInformation().fit(inputs, y)
    with pytest.raises(ConfigError, match=r"got \d+ columns, was fitted on \d+; .* such as \['"):
        encoder.transform({"tabular": inputs["tabular"]})
    with pytest.raises(ConfigError, match=r"categorical .* with 2 columns of tabular"):
        row_features(inputs, categorical=[2])


def test_the_public_names_are_there():
    assert {"SameInformation", "row_features"} <= set(hybrid_zoo.tuning.__all__)
