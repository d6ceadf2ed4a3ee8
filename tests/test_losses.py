import keras
import numpy as np
import pytest
import sklearn.metrics

from hybrid_zoo.losses import KnownLabelAccuracy, KnownLabelAUC, KnownLabelLoss


def binary(rows=40, unknown=7, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype("float32")
    labels[rng.permutation(rows)[:unknown]] = np.nan
    return labels, rng.normal(0, 2, (rows, 1)).astype("float32")


def multiclass(rows=40, unknown=7, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, rows).astype("float32")
    labels[rng.permutation(rows)[:unknown]] = np.nan
    return labels, rng.normal(0, 2, (rows, 3)).astype("float32")


def probabilities(logits):
    return np.asarray(
        keras.ops.sigmoid(logits) if logits.shape[1] == 1 else keras.ops.softmax(logits)
    )


def by_sklearn(labels, logits, weights):
    """The weighed sum over the known labels, divided by their number."""
    known = np.isfinite(labels)
    y, p = labels[known].astype(int), probabilities(logits)[known].astype(float)
    if p.shape[1] == 1:
        p = np.hstack([1 - p, p])
    p /= p.sum(axis=1, keepdims=True)
    weight = np.asarray(weights)[y]
    return sklearn.metrics.log_loss(y, p, sample_weight=weight) * weight.mean()


CASES = [
    pytest.param(binary, 1, None, id="binary"),
    pytest.param(binary, 1, [0.4, 2.5], id="binary-weighed"),
    pytest.param(multiclass, 3, None, id="multiclass"),
    pytest.param(multiclass, 3, [0.5, 1.0, 3.0], id="multiclass-weighed"),
]


@pytest.mark.parametrize(("draw", "classes", "weights"), CASES)
def test_the_loss_is_scikit_learns_over_the_known_labels(draw, classes, weights):
    labels, logits = draw()
    loss = KnownLabelLoss(classes, weights)
    expected = by_sklearn(labels, logits, weights or [1.0] * 3)
    from_logits = float(keras.ops.mean(loss.from_logits(labels, logits)))
    assert from_logits == pytest.approx(expected, rel=1e-5)
    assert float(loss(labels[:, None], probabilities(logits))) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("draw", "classes", "weights"), CASES)
def test_an_unknown_label_adds_nothing_and_its_prediction_does_not_matter(draw, classes, weights):
    labels, logits = draw()
    loss = KnownLabelLoss(classes, weights)
    unknown = ~np.isfinite(labels)
    other = np.where(unknown[:, None], 50.0, logits).astype("float32")
    found = np.asarray(loss.from_logits(labels, logits))
    assert (found[unknown] == 0).all() and (found[~unknown] > 0).all()
    np.testing.assert_array_equal(found, loss.from_logits(labels, other))


@pytest.mark.parametrize("classes", [1, 3])
def test_a_batch_without_a_known_label_costs_nothing(classes):
    loss = KnownLabelLoss(classes)
    labels = np.full((4, 1), np.nan, "float32")
    assert float(loss(labels, np.full((4, classes), 1 / 3, "float32"))) == 0


@pytest.mark.parametrize(("draw", "classes", "weights"), CASES)
def test_the_gradient_is_finite_even_at_certain_and_wrong_predictions(draw, classes, weights):
    import tensorflow as tf

    labels, logits = draw()
    steep = tf.Variable(np.where(logits > 0, 60.0, -60.0).astype("float32"))
    loss = KnownLabelLoss(classes, weights)
    for value in (
        lambda: loss.from_logits(labels, steep),
        lambda: loss(labels[:, None], (tf.sigmoid if classes == 1 else tf.nn.softmax)(steep)),
    ):
        with tf.GradientTape() as tape:
            total = tf.reduce_mean(value())
        assert np.isfinite(total.numpy()) and np.isfinite(tape.gradient(total, steep)).all()


def test_the_loss_keeps_its_options_when_saved():
    loss = KnownLabelLoss(3, [0.5, 1.0, 3.0], name="stage")
    again = KnownLabelLoss.from_config(loss.get_config())
    labels, logits = multiclass()
    assert again.name == "stage" and again.classes == 3
    np.testing.assert_array_equal(
        again.from_logits(labels, logits), loss.from_logits(labels, logits)
    )


def test_the_auc_is_scikit_learns_over_the_known_labels():
    labels, logits = binary(400, 60)
    known, p = np.isfinite(labels), probabilities(logits)
    metric = KnownLabelAUC()
    for part in np.array_split(np.arange(400), 3):
        metric.update_state(labels[part, None], p[part])
    expected = sklearn.metrics.roc_auc_score(labels[known], p[known, 0])
    assert float(metric.result()) == pytest.approx(expected, abs=0.005)  # 200 thresholds


def test_the_accuracy_is_scikit_learns_over_the_known_labels():
    labels, logits = multiclass(90, 20)
    known = np.isfinite(labels)
    metric = KnownLabelAccuracy()
    metric.update_state(labels[:, None], logits)
    expected = sklearn.metrics.accuracy_score(labels[known], logits[known].argmax(axis=1))
    assert float(metric.result()) == pytest.approx(expected)


@pytest.mark.parametrize("weights", [[1.0, 1.0], [0.5, 3.0], [1.0, 2.0, 0.5]])
def test_the_loss_of_the_best_constant_is_the_least_of_all_constants(weights):
    classes = 1 if len(weights) == 2 else 3
    loss = KnownLabelLoss(classes, weights)
    label = np.array([0, 1, 1, 0, 0, np.nan, 0, len(weights) - 1], "float32")
    grid = np.linspace(-3, 3, 121)
    pairs = [(z,) for z in grid] if classes == 1 else [(0, a, b) for a in grid for b in grid[::6]]
    logits = np.repeat(np.array(pairs, "float32"), len(label), axis=0)
    every = loss.from_logits(np.tile(label, len(pairs)), logits)
    least = np.reshape(every, (len(pairs), len(label))).mean(axis=1).min()
    assert loss.of_constant(label) <= least + 1e-6
    assert loss.of_constant(label) == pytest.approx(least, abs=5e-3)
    assert loss.of_constant(np.full(3, np.nan)) == 0
