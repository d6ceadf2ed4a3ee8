"""Fit a model, and stop at once where the numbers stop making sense."""

import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from hybrid_zoo.errors import NumericsError
from hybrid_zoo.losses import KnownLabelLoss


class FiniteWeights(keras.callbacks.Callback):
    """Raise after an epoch that left a weight that is not finite.

    Keras's own `TerminateOnNaN` looks at the loss, which stays finite when a ReLU dies of NaN.

    Source:
        Own design, because a silent NaN is the worst failure of a multi-input network.
    """

    def on_epoch_end(self, epoch, logs=None):
        """Check every weight."""
        for weight in self.model.weights:
            if not np.isfinite(ops.convert_to_numpy(weight)).all():
                raise NumericsError(
                    f"Epoch {epoch + 1} left values that are not finite in {weight.path!r}. "
                    "Lower the learning rate, or look for impossible values in that input."
                )


class VaryingPredictions(keras.callbacks.Callback):
    """Raise after an epoch whose predictions are one and the same for every sample.

    Args:
        data: A dataset whose first batch is predicted.
        predict: From a batch of inputs to a dict of arrays; None is the model's own way.

    Source:
        Own design, because a dead network looks like a poor one.
    """

    def __init__(self, data, predict: Callable | None = None) -> None:
        super().__init__()
        self._batch = next(iter(data))[0]
        self._predict = predict
        # Of a modality that few samples have, a batch may hold none.
        arrays = [np.asarray(values) for values in keras.tree.flatten(self._batch)]
        self._differ = any(
            not np.array_equal(values, np.repeat(values[:1], len(values), 0), equal_nan=True)
            for values in arrays
        )

    def on_epoch_end(self, epoch, logs=None):
        """Predict the batch and compare."""
        if not self._differ:
            return
        predict = self._predict or self.model.predict_on_batch
        outputs = keras.tree.flatten(predict(self._batch))
        if all(np.ptp(values, axis=0).max() == 0 for values in outputs):
            raise NumericsError(
                f"Epoch {epoch + 1}: every sample gets the same prediction. "
                "Lower the learning rate or the dropout, or check that the inputs differ."
            )


class FirstStep(keras.callbacks.Callback):
    """Take the time until the first step is done, most of which is the tracing of the graph."""

    seconds = 0.0

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self._start, self.seconds = time.perf_counter(), 0.0

    def on_train_batch_end(self, batch, logs=None):
        """Stop it."""
        self.seconds = self.seconds or time.perf_counter() - self._start


class AverageWeights(keras.callbacks.SwapEMAWeights):
    """Validate, and keep, a running average of the weights that reaches back some epochs.

    Args:
        epochs: How far it reaches back; 0 leaves the optimiser's momentum as it is.

    Source:
        Polyak & Juditsky 1992, doi:10.1137/0330046. Counted in epochs by own design: the same
        number of steps is a third of an epoch for one cohort and five for another.
    """

    def __init__(self, epochs: float) -> None:
        super().__init__(swap_on_epoch=True)
        self.epochs = epochs

    def on_train_begin(self, logs=None):
        """Set the optimiser's momentum, now that the steps of an epoch are counted."""
        steps, optimizer = self.params["steps"], self.model.optimizer
        if self.epochs and steps:
            # A variable, because a traced step is used again for parts of other sizes; set past
            # Keras, which would save whatever variable it sees with the optimiser's own.
            momentum = vars(optimizer).setdefault("_momentum", keras.Variable(0.0, trainable=False))
            momentum.assign(1 - 1 / max(1.0, self.epochs * steps))
            vars(optimizer)["ema_momentum"] = momentum
        super().on_train_begin(logs)

    def on_test_end(self, logs=None):
        """Leave the average where it is: the epoch ends with it as well."""

    def on_epoch_end(self, epoch, logs=None):
        """Have the average in the model, after the last epoch for good."""
        if self._ema_weights_in_model:
            if epoch == self.params["epochs"] - 1:
                self._finalize_ema_values()
            return
        super().on_epoch_end(epoch, logs)

    def _swap_variables(self):
        """Swap each pair as it is; Keras adds and subtracts, which rounds and takes much longer."""
        optimizer = self.model.optimizer
        averages = optimizer._model_variables_moving_average
        for weight, average in zip(optimizer._trainable_variables, averages, strict=True):
            value = ops.copy(weight)  # convert_to_tensor returns the variable itself
            weight.assign(average)
            average.assign(value)


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Stop where the validation loss no longer falls, and go back to the best weights.

    As long as the loss is hardly below that of a constant prediction, nothing has been learned that
    could be overfitted, and three times as many epochs are waited: where only the pair of two
    modalities decides, the loss stands still while the encoders learn to see.

    Args:
        patience: Epochs without a better validation loss.
        constant: Loss of the best constant prediction; 0 leaves the patience alone.

    Source:
        Prechelt 1998, doi:10.1007/3-540-49430-8_3; the wait on the plateau is our own design,
        because plain patience ended planted interactions before they were found.
    """

    def __init__(self, patience: int, constant: float) -> None:
        super().__init__(monitor="val_loss", patience=patience, restore_best_weights=True)
        self.usual, self.constant = patience, constant

    def on_epoch_end(self, epoch, logs=None):
        """Count the epoch."""
        best = min(self.best if self.best is not None else np.inf, (logs or {}).get("val_loss", 0))
        self.patience = self.usual * (3 if best > 0.98 * self.constant > 0 else 1)
        super().on_epoch_end(epoch, logs)


def fit(
    model: keras.Model,
    train,
    valid=None,
    *,
    epochs: int = 50,
    patience: int = 5,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> tuple[int, dict[str, list[float]]]:
    """Train up to a number of epochs; stop early and go back to the best weights.

    Args:
        model: A compiled model.
        train: Dataset of `(inputs, labels)`.
        valid: Dataset that early stopping watches; without it all epochs are run.
        epochs: Most epochs, at least 1.
        patience: Epochs without a better validation loss before stopping; three times as many
            while the loss is hardly below that of a constant prediction.
        callbacks: Further Keras callbacks; or `VaryingPredictions`, with a way of its own.
        verbose: As in `keras.Model.fit`.

    Returns:
        The best epoch, counted from 1 (the last one without `valid`), and the history by name.

    Raises:
        NumericsError: If a weight is not finite, or all predictions are the same.

    Source:
        The review: Adam, early stopping within 50 epochs.
    """
    checks: list[keras.callbacks.Callback] = [FiniteWeights()]
    if not any(isinstance(callback, VaryingPredictions) for callback in callbacks):
        checks.append(VaryingPredictions(train))
    if getattr(model.optimizer, "use_ema", False):
        checks.insert(0, AverageWeights(getattr(model, "averaging", 0.0)))
    if not model.optimizer.built:  # otherwise the first step builds it, and is traced twice
        model.optimizer.build(model.trainable_variables)
    if valid is not None:
        checks.append(EarlyStopping(patience, _constant_loss(model, valid)))
    try:
        history = model.fit(
            train,
            validation_data=valid,
            epochs=epochs,
            callbacks=[*checks, *callbacks],
            shuffle=False,  # the dataset shuffles itself
            verbose=verbose,
        ).history
    finally:  # a number again, which Keras can save, also after Ctrl-C
        model.optimizer.ema_momentum = float(model.optimizer.ema_momentum)
    best = int(np.argmin(history["val_loss"])) + 1 if valid is not None else epochs
    return best, history


def _constant_loss(model: keras.Model, valid) -> float:
    """The loss of the best constant prediction; 0 where the losses are not this package's."""
    losses = model.loss if isinstance(model.loss, dict) else {}
    if not losses or not all(isinstance(loss, KnownLabelLoss) for loss in losses.values()):
        return 0.0
    parts = [labels for _, labels in valid]
    return sum(
        loss.of_constant(np.concatenate([np.asarray(part[target]) for part in parts]))
        for target, loss in losses.items()
    )
