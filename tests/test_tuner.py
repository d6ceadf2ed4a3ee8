"""The tuner alone: a user's own Keras model, NumPy arrays, any splitter, and any interruption."""

import shutil

import keras
import keras_tuner
import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from hybrid_zoo.errors import ConfigError, NumericsError
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.options import SearchOptions

pytestmark = pytest.mark.usefixtures("quick_fits")

RNG = np.random.default_rng(0)
SAMPLES = 120
GROUPS = np.arange(SAMPLES) // 2
Y = (GROUPS % 2).astype("float32")
X = {
    "a": RNG.normal(size=(SAMPLES, 4)).astype("float32") + Y[:, None],
    "b": RNG.normal(size=(SAMPLES, 3)).astype("float32"),
}


def build(hp):
    inputs = {name: keras.Input(values.shape[1:], name=name) for name, values in X.items()}
    x = keras.layers.Concatenate()(list(inputs.values()))
    x = keras.layers.Dense(hp.Int("units", 4, 16, step=4), activation="relu")(x)
    x = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25))(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="y")(x))
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model.compile(
        keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


def tuner(folder, hypermodel=build, objective="val_accuracy", trials=3, **options):
    return CrossValidatedTuner(
        hypermodel,
        objective=objective,
        directory=folder,
        trials=trials,
        options=SearchOptions(**({"epochs": 3} | options)),
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    found = tuner(tmp_path_factory.mktemp("search"))
    found.search(X, Y, groups=GROUPS, folds=3)
    return found


def test_a_search_over_a_users_own_model_and_arrays(done):
    config, result = done.best()
    assert set(config) == {"units", "dropout", "rate"}
    table = done.table()
    assert table["status"].tolist() == ["whole"] * 3
    assert table["mean"].max() == pytest.approx(np.mean(result.scores))
    np.testing.assert_allclose(
        table["mean"], table[["fold_1", "fold_2", "fold_3"]].mean(axis=1), rtol=1e-12
    )
    assert (table["seconds"] > 0).all() and table["units"].between(4, 16).all()


def test_every_fold_keeps_the_learning_curve_that_its_best_epoch_was_read_from(done):
    for result in map(done.result, done.oracle.trials.values()):
        assert len(result.histories) == 3
        for history, epochs in zip(result.histories, result.epochs, strict=True):
            assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
            assert np.argmin(history["val_loss"]) + 1 == epochs


def test_results_outlive_their_folder(tmp_path):
    found = tuner(tmp_path, trials=1, epochs=1)
    found.search(X, Y, folds=2)
    shutil.rmtree(tmp_path / "folds")
    assert found.best()[1].scores and found.table()["status"].tolist() == ["whole"]


def test_every_sample_is_predicted_by_a_model_that_saw_nobody_of_its_group(done):
    _, result = done.best()
    assert result.out_of_fold["y"].shape == (SAMPLES, 1)
    assert np.isfinite(result.out_of_fold["y"]).all()
    accuracy = [
        np.mean((result.out_of_fold["y"][rows, 0] > 0.5) == Y[rows])
        for _, rows in done._ready()[1].folds
    ]
    np.testing.assert_allclose(accuracy, result.scores, atol=1e-6)
    for train, scored in done._ready()[1].folds:
        assert not set(GROUPS[train]) & set(GROUPS[scored])


def test_the_best_configuration_is_refitted_on_all_rows(done):
    model = done.refit()
    again = done.refit().predict(X, verbose=0)
    assert again.shape == (SAMPLES, 1)
    np.testing.assert_allclose(model.predict(X, verbose=0), again, atol=1e-6)


@pytest.mark.parametrize("reuse", [True, False])
def test_a_reused_graph_gives_the_scores_of_a_new_one(done, tmp_path, reuse):
    again = tuner(tmp_path, reuse=reuse)
    again.search(X, Y, groups=GROUPS, folds=3)
    folds = ["mean", "fold_1", "fold_2", "fold_3"]
    np.testing.assert_allclose(again.table()[folds], done.table()[folds], atol=1e-6)


@pytest.mark.parametrize("oracle", ["grid", "bayesian", "hyperband"])
def test_every_oracle(oracle, tmp_path):
    found = tuner(tmp_path, oracle=oracle, trials=4)
    found.search(X, Y, folds=2)
    assert len(found.table()) >= 3 and found.best()[1].scores
    if oracle == "hyperband":
        assert (found.table()["epochs"] <= found.table()["tuner/epochs"]).all()


@pytest.mark.parametrize(
    "splitter",
    [
        KFold(3, shuffle=True, random_state=0),
        StratifiedKFold(3),
        GroupKFold(3),
        StratifiedGroupKFold(3),
    ],
    ids=lambda splitter: type(splitter).__name__,
)
def test_any_splitter(splitter, tmp_path):
    found = tuner(tmp_path, trials=1, epochs=1)
    grouped = "Group" in type(splitter).__name__
    found.search(X, Y, groups=GROUPS if grouped else None, folds=splitter)
    assert found.table().filter(like="fold_").shape == (1, 3)


def test_a_splitter_that_tears_groups_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"fold 1 trains on \d+ groups that it also scores"):
        tuner(tmp_path).search(X, Y, groups=GROUPS, folds=KFold(3, shuffle=True, random_state=0))


def test_more_folds_than_patients_of_the_rarer_class_are_refused(tmp_path):
    rare = np.zeros(SAMPLES)
    rare[:4] = 1
    with pytest.raises(ConfigError, match="2 patients in its rarest class, too few for 5 folds"):
        tuner(tmp_path).search(X, rare, groups=GROUPS)


def test_a_fold_of_one_class_is_refused(tmp_path):
    halves = [(np.arange(60), np.arange(60, 120))]
    with pytest.raises(ConfigError, match="fold 1 scores one class of '0' only"):
        tuner(tmp_path).search(X, np.repeat([0.0, 1.0], 60), folds=halves)


def test_a_model_that_is_not_compiled_is_refused(tmp_path):
    def plain(hp):
        hp.Int("units", 1, 4)
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    with pytest.raises(ConfigError, match="not compiled"):
        tuner(tmp_path, plain)


def test_an_objective_that_no_metric_reports_is_refused(tmp_path):
    objective = keras_tuner.Objective("val_acuracy", "max")
    with pytest.raises(ConfigError, match=r"no metric reports\. Did you mean 'val_accuracy'"):
        tuner(tmp_path, objective=objective).search(X, Y, folds=2)


def exploding(hp):
    """Some rates leave the finite numbers."""
    model = build(hp)
    if hp.Boolean("explode", default=True):
        model.compile(keras.optimizers.SGD(1e30), "mse", metrics=["accuracy"], jit_compile=False)
    return model


def test_a_trial_that_leaves_the_finite_numbers_fails_and_the_search_goes_on(tmp_path):
    found = tuner(tmp_path, exploding, trials=4)
    found.search(X, Y, folds=2)
    status = found.table()["status"].tolist()
    assert status[0] == "failed" and "whole" in status
    assert not found.best()[0]["explode"]


def out_of_memory(hp):
    if hp.Int("units", 1, 9) > 1:
        raise MemoryError
    return build(hp)


def test_a_trial_without_memory_fails_and_all_failed_is_one_error(tmp_path):
    found = tuner(tmp_path, out_of_memory, trials=3)
    found.search(X, Y, folds=2)
    assert set(found.table()["status"]) == {"whole", "failed"}

    def always(hp):
        if hp.Int("units", 1, 9, default=1) > 0 and "ready" in seen:
            raise MemoryError
        return build(hp)

    seen = []
    every = tuner(tmp_path / "every", always, trials=2)
    seen.append("ready")
    with pytest.raises(NumericsError, match=r"All 2 trials failed; the first: .*out of memory"):
        every.search(X, Y, folds=2)


def test_what_is_adapted_sees_the_training_rows_of_the_fold_alone(tmp_path):
    seen = []

    def normalised(hp):
        hp.Float("rate", 1e-3, 1e-2)
        a = keras.Input((4,), name="a")
        norm = keras.layers.Normalization(name="norm")
        norm.build((None, 4))
        x = keras.layers.Dense(1, activation="sigmoid")(norm(a))
        model = keras.Model({"a": a}, x)
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        return model

    def adapt(model, x):
        seen.append(x["a"])
        model.get_layer("norm").adapt(x["a"])

    found = tuner(tmp_path, normalised, trials=1, adapt=adapt)
    found.search({"a": X["a"]}, Y, groups=GROUPS, folds=2)
    for rows, (_, scored) in zip(seen, found._ready()[1].folds, strict=True):
        kept = {row.tobytes() for row in rows}
        assert not kept & {row.tobytes() for row in X["a"][scored]}
        assert len(rows) == pytest.approx(0.85 * 60, abs=3)
    model = found.refit()
    np.testing.assert_allclose(model.get_layer("norm").mean.numpy()[0], X["a"].mean(0), atol=1e-5)


def test_a_stopped_trial_ran_fewer_folds_and_never_wins(tmp_path):
    def sometimes_blind(hp):
        inputs = {name: keras.Input(values.shape[1:], name=name) for name, values in X.items()}
        sees = hp.Boolean("sees", default=True)
        x = keras.layers.Dense(1, activation="sigmoid")(inputs["a" if sees else "b"])
        model = keras.Model(inputs, x)
        rate = hp.Float("rate", 0.05, 0.1)
        model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
        return model

    found = tuner(tmp_path, sometimes_blind, trials=5, race=0.05, epochs=15)
    found.search(X, Y, folds=5)
    table = found.table()
    blind = table[~table["sees"].astype(bool)]
    assert (blind["status"] == "stopped").any() and found.best()[0]["sees"]
    stopped = table[table["status"] == "stopped"]
    assert stopped["mean"].isna().all() and stopped["score"].notna().all()
    assert stopped["fold_5"].isna().all() and stopped["fold_1"].notna().all()


def test_nested_folds_are_scored_by_models_whose_choice_never_saw_them(tmp_path):
    found = tuner(tmp_path, trials=2, epochs=2)
    found.search(X, Y, groups=GROUPS, folds=2, outer=StratifiedGroupKFold(3))
    assert len(found.nested.configs) == len(found.nested.result.scores) == 3
    assert np.isfinite(found.nested.result.out_of_fold["y"]).all()
    assert found.best()[1].scores and len(found.table()) == 2
    accuracy = np.mean((found.nested.result.out_of_fold["y"][:, 0] > 0.5) == Y)
    assert np.mean(found.nested.result.scores) == pytest.approx(accuracy, abs=0.02)


def test_nested_folds_do_not_share_one_oracle(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_loss", max_trials=1, seed=1)
    with pytest.raises(ConfigError, match="give it by its name"):
        tuner(tmp_path, oracle=oracle, epochs=1).search(X, Y, folds=2, outer=2)


def test_other_searches_in_the_folder_are_refused_unless_new(done, tmp_path):
    tuner(tmp_path, trials=1).search(X, Y, folds=2)
    with pytest.raises(ConfigError, match=r"a search with another folds, seed.*new=True"):
        tuner(tmp_path, trials=1, seed=1).search(X, Y, folds=2)
    with pytest.raises(ConfigError, match=r"another data\."):
        tuner(tmp_path, trials=1).search(X | {"b": X["b"] + 1}, Y, folds=2)
    with pytest.raises(ConfigError, match=r"another folds\."):
        tuner(tmp_path, trials=1).search(X, Y, folds=3)
    tuner(tmp_path, trials=1, seed=1, new=True).search(X, Y, folds=2)


def test_the_time_budget_ends_with_the_best_so_far(tmp_path):
    found = tuner(tmp_path, minutes=1e-9)
    found.search(X, Y, folds=2)
    assert len(found.table()) == 1 and found.best()[1].scores
    assert found.untried == 2


def test_results_before_a_search_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="call search"):
        tuner(tmp_path).refit()
