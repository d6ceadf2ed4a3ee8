"""Losses and metrics that know that a label may be unknown."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("hybrid_zoo")
class KnownLabelLoss(keras.losses.Loss):
    """Cross-entropy over the known labels of one target, weighed by class.

    The sum is divided by the number of known labels of the batch, not by the batch, so that a
    target that is known for few patients does not fade beside one that is known for all.

    Args:
        classes: 1 for a binary target, else the number of classes.
        class_weight: Weight of each class; all 1 where not given.

    Source:
        Own design, because Keras's cross-entropy turns NaN with one unknown label.
    """

    def __init__(
        self,
        classes: int = 1,
        class_weight: Sequence[float] | None = None,
        name: str = "known_label_loss",
        **kwargs,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.classes = classes
        weights = list(class_weight or [1.0] * max(classes, 2))
        # A variable, so that one traced graph serves folds whose classes weigh differently.
        self.class_weight = keras.Variable(weights, trainable=False, dtype="float32")

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return one loss per sample, from probabilities."""
        tiny = keras.config.epsilon()
        return self.from_logits(y_true, _logits(ops.clip(y_pred, tiny, 1 - tiny), self.classes))

    def from_logits(
        self, y_true: keras.KerasTensor, logits: keras.KerasTensor
    ) -> keras.KerasTensor:
        """Return one loss per sample, 0 where the label is unknown.

        Args:
            y_true: `(batch,)` or `(batch, 1)`: 0 or 1, or the class index; NaN is unknown.
            logits: `(batch, 1)`, or `(batch, classes)`.

        Returns:
            `(batch,)`, scaled so that its mean over the batch is the mean over known labels.
        """
        label = ops.cast(ops.reshape(y_true, (-1,)), "float32")
        known = ops.cast(ops.isfinite(label), "float32")
        label = ops.where(known > 0, label, 0.0)
        losses = _crossentropy(label, ops.cast(logits, "float32"), self.classes)
        weight = known * ops.take(self.class_weight, ops.cast(label, "int32"), axis=0)
        share = ops.mean(known)
        return losses * weight / ops.maximum(share, keras.config.epsilon())

    def of_constant(self, y_true) -> float:
        """Return the loss of the best prediction that is the same for every sample.

        Args:
            y_true: `(rows,)` or `(rows, 1)` labels; NaN is unknown.
        """
        label = np.asarray(y_true, "float64").reshape(-1)
        label = label[np.isfinite(label)].astype(int)
        weights = ops.convert_to_numpy(self.class_weight).astype("float64")
        mass = weights * np.bincount(label, minlength=len(weights))[: len(weights)]
        if not mass.sum():
            return 0.0
        share = mass / mass.sum()
        return float(-(mass * np.log(share.clip(1e-12))).sum() / len(label))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        weights = [float(w) for w in ops.convert_to_numpy(self.class_weight)]
        return super().get_config() | {"classes": self.classes, "class_weight": weights}


@keras.saving.register_keras_serializable("hybrid_zoo")
class KnownLabelAUC(keras.metrics.AUC):
    """Area under the ROC curve over the known labels of a binary target.

    Source:
        Own design, because Keras's AUC counts an unknown label as positive.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch; NaN labels weigh nothing."""
        known = ops.isfinite(ops.cast(y_true, "float32"))
        label = ops.where(known, y_true, ops.zeros_like(y_true))
        super().update_state(label, y_pred, sample_weight=ops.cast(known, "float32"))


@keras.saving.register_keras_serializable("hybrid_zoo")
class KnownLabelAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """Share of right classes among the known labels of a multiclass target.

    Source:
        Own design, because Keras's accuracy counts an unknown label as wrong.
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch; NaN labels weigh nothing."""
        label = ops.reshape(ops.cast(y_true, "float32"), (-1,))
        known = ops.isfinite(label)
        label = ops.where(known, label, ops.zeros_like(label))
        super().update_state(label, y_pred, sample_weight=ops.cast(known, "float32"))


def _crossentropy(label, logits, classes):
    if classes == 1:
        z = ops.reshape(logits, (-1,))
        return ops.softplus(z) - label * z
    logp = ops.log_softmax(logits, axis=-1)
    return -ops.take_along_axis(logp, ops.cast(label, "int32")[:, None], axis=-1)[:, 0]


def _logits(probability, classes):
    if classes == 1:
        return ops.log(probability) - ops.log1p(-probability)
    return ops.log(probability)
