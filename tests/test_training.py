import random

import keras
import numpy as np
import pytest
from tiny import CONFIG, make_arrays, make_inputs, make_model

from hybrid_zoo.errors import NumericsError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.training import fit
from hybrid_zoo.tuning.networks import Network

ROWS, WATCHED = np.arange(60), np.arange(60, 80)
TABLE = {"tabular": make_inputs(80)["tabular"]}
LABELS = {"death": (np.nan_to_num(TABLE["tabular"][:, 0]) > 60).astype("float32")}


class Meddle(keras.callbacks.Callback):
    """Set one weight to a value after an epoch."""

    def __init__(self, epoch, path, value):
        super().__init__()
        self.epoch, self.path, self.value = epoch, path, value

    def on_epoch_begin(self, epoch, logs=None):
        for weight in self.model.trainable_weights:
            if epoch == self.epoch and self.path in weight.path:
                weight.assign(np.full(weight.shape, self.value))


class Record(keras.callbacks.Callback):
    """Keep the weights of every epoch."""

    def on_train_begin(self, logs=None):
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append([w.numpy() for w in self.model.trainable_weights])


@pytest.fixture(scope="module")
def data():
    batches = Batches(TABLE, LABELS)
    return batches.dataset(ROWS, seed=0), batches.dataset(WATCHED)


@pytest.fixture(scope="module")
def network():
    return Network(make_arrays(), ["sequence", "tabular"])


def constant_loss(model):
    return model.loss["death"].of_constant(LABELS["death"][WATCHED])


def table_model(**options):
    return make_model(InputSpec.from_arrays(TABLE), **options)


def test_a_weight_that_is_not_finite_stops_training_and_is_named(data):
    with pytest.raises(NumericsError, match=r"Epoch 2 left values .* in '\w+/kernel'"):
        fit(table_model(), *data, epochs=3, callbacks=[Meddle(1, "fused/kernel", np.nan)])


def test_a_batch_without_anything_to_tell_apart_stops_nothing():
    """Of a modality that few samples have, the first batch may hold none."""
    rare = {"tabular": np.full((60, 2), np.nan, "float32")}
    rare["tabular"][40:, 0] = np.arange(20)
    model = make_model(InputSpec.from_arrays(rare))
    labels = {"death": (np.arange(60) % 2).astype("float32")}
    first = Batches(rare, labels).dataset(np.arange(60))
    assert np.isnan(next(iter(first))[0]["tabular"]).all()
    assert fit(model, first, epochs=1)[0] == 1


def test_constant_predictions_stop_training(data):
    dead = [Meddle(0, "kernel", 0.0), Meddle(0, "bias", -1.0)]
    model = table_model(options=None)
    model.optimizer.learning_rate = 1e-9
    with pytest.raises(NumericsError, match="Epoch 1: every sample gets the same prediction"):
        fit(model, *data, epochs=3, callbacks=dead)


def test_early_stopping_goes_back_to_the_best_epoch(data):
    model, record = table_model(units=16, dropout=0.0), Record()
    model.optimizer.learning_rate = 0.1
    best, history = fit(model, *data, epochs=60, patience=2, callbacks=[record])
    losses = history["val_loss"]
    assert min(losses) < 0.98 * constant_loss(model)
    assert best == int(np.argmin(losses)) + 1 and len(losses) == best + 2 < 60
    for weight, expected in zip(model.trainable_weights, record.weights[best - 1], strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_early_stopping_waits_three_times_as_long_while_nothing_is_learned(data):
    model = table_model()
    model.optimizer.learning_rate = 0.0
    best, history = fit(model, *data, epochs=60, patience=2)
    assert min(history["val_loss"]) > 0.98 * constant_loss(model)
    assert best == 1 and len(history["val_loss"]) == 1 + 6


@pytest.mark.parametrize("parts", [1, 2])
def test_what_is_validated_and_kept_is_the_running_average_of_the_weights(data, parts):
    model, steps = table_model(dropout=0.0), []
    weight = model.trainable_weights[0]

    class Step(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(weight.numpy())

    best, history = fit(model, *data[:parts], epochs=2, callbacks=[Step()])
    average, share = steps[0], 1 / len(steps)  # it reaches back two epochs
    for step in steps[1 : best * len(steps) // 2]:
        average = (1 - share) * average + share * step
    np.testing.assert_allclose(weight, average, atol=1e-6)
    assert np.abs(steps[-1] - average).max() > 1e-4
    if parts == 2:
        loss = model.evaluate(data[1], verbose=0, return_dict=True)["loss"]
        assert loss == pytest.approx(min(history["val_loss"]), rel=1e-6)


@pytest.mark.parametrize("watched", [False, True])
def test_what_is_trained_does_not_depend_on_what_is_averaged(data, watched):
    """The first epoch has nothing to go back to: what is lost in a swap shows in the second."""
    losses = []
    for averaging in (0.0, 2.0):
        keras.utils.set_random_seed(0)
        options = HybridOptions(metrics=False, averaging=averaging)
        model = table_model(dropout=0.0, options=options)
        train = Batches(TABLE, LABELS).dataset(ROWS, seed=0)  # in the same order each time
        losses.append(fit(model, train, data[1] if watched else None, epochs=4)[1]["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert losses[0][-1] < losses[0][0]


def test_an_interrupted_training_leaves_an_optimiser_that_keras_can_save(data):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model = table_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, data[0], epochs=1, callbacks=[Interrupt()])
    assert (
        type(keras.optimizers.Adam.from_config(model.optimizer.get_config()).ema_momentum) is float
    )


def test_without_a_watched_part_all_epochs_are_run(data):
    best, history = fit(table_model(), data[0], epochs=3)
    assert best == 3 and len(history["loss"]) == 3 and "val_loss" not in history


def test_the_first_step_of_keras_own_fit_is_traced_once(data, monkeypatch):
    calls, model = [], table_model()
    loss = type(model).compute_loss
    monkeypatch.setattr(
        type(model), "compute_loss", lambda *a, **k: calls.append(1) or loss(*a, **k)
    )
    model.fit(data[0].take(1), epochs=1, shuffle=False, verbose=0)
    assert len(calls) == 1


def test_the_loss_falls(data):
    _, history = fit(table_model(units=16, dropout=0.0), data[0], epochs=8)
    assert history["loss"][-1] < history["loss"][0]


def fitted(network, **options):
    network.fit(CONFIG, ROWS, WATCHED, **{"epochs": 2, "seed": 3} | options)
    return network.logits(CONFIG, WATCHED)


def test_a_traced_graph_used_again_equals_a_fresh_network_to_the_last_bit(network):
    first = fitted(network)
    network.fit(CONFIG, WATCHED, epochs=1, seed=8)  # fewer rows: another momentum of the average
    again, fresh = fitted(network), fitted(Network(make_arrays(), ["sequence", "tabular"]))
    for target in ("death", "stage"):
        np.testing.assert_array_equal(again[target], first[target])
        np.testing.assert_array_equal(fresh[target], first[target])


def test_another_seed_gives_another_model(network):
    assert np.abs(fitted(network)["death"] - fitted(network, seed=4)["death"]).max() > 1e-4


def test_the_seed_leaves_pythons_generator_alone(network):
    random.seed(1)
    expected = random.random()
    random.seed(1)
    network.fit(CONFIG, ROWS, epochs=1)
    assert random.random() == expected


def test_logits_have_one_column_per_class_and_none_for_a_binary_target(network):
    found = fitted(network)
    assert found["death"].shape == (20,) and found["stage"].shape == (20, 3)
    assert network.targets == {"death": 1, "stage": 3}


def test_the_model_keeps_the_statistics_and_class_weights_of_its_own_rows(network):
    labels = make_arrays().labels["death"]
    for rows in (ROWS, np.flatnonzero(np.nan_to_num(labels) == 1)[:20]):
        rows = np.union1d(rows, [0, 1, 4, 8])
        model = network.fit(CONFIG, rows, epochs=1).model
        counts = np.bincount(labels[rows][np.isfinite(labels[rows])].astype(int))
        np.testing.assert_allclose(
            model.loss["death"].class_weight, counts.sum() / (2 * counts), rtol=1e-6
        )
        center = next(w for w in model.weights if w.path.endswith("center") and w.shape == (3,))
        np.testing.assert_allclose(center, network.spec(rows)["sequence"].mean, rtol=1e-5)


def test_classes_weigh_the_same_where_balance_is_not_asked_for():
    network = Network(make_arrays(), ["tabular"], imbalance="none")
    model = network.fit(CONFIG, ROWS[:21], epochs=1).model
    assert [w.numpy().tolist() for w in (model.loss[t].class_weight for t in model.targets)] == [
        [1, 1],
        [1, 1, 1],
    ]
    assert list(model.input) == ["tabular"]
