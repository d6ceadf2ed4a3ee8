"""Fit a model, and stop at once where the numbers stop making sense."""

from collections.abc import Sequence

import keras
import numpy as np

from hybrid_zoo.errors import NumericsError


class FiniteWeights(keras.callbacks.Callback):
    """Raise after an epoch that left a weight that is not finite.

    Keras's own `TerminateOnNaN` looks at the loss, which stays finite when a ReLU dies of NaN.

    Source:
        Own design, because a silent NaN is the worst failure of a multi-input network.
    """

    def on_epoch_end(self, epoch, logs=None):
        """Check every weight."""
        for weight in self.model.weights:
            if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
                raise NumericsError(
                    f"Epoch {epoch + 1} left values that are not finite in {weight.path!r}. "
                    "Lower the learning rate, or look for impossible values in that input."
                )


class VaryingPredictions(keras.callbacks.Callback):
    """Raise after an epoch whose predictions are one and the same for every sample.

    Args:
        data: A dataset whose first batch is predicted.

    Source:
        Own design, because a dead network looks like a poor one.
    """

    def __init__(self, data) -> None:
        super().__init__()
        self._batch = next(iter(data))[0]

    def on_epoch_end(self, epoch, logs=None):
        """Predict the batch and compare."""
        if len(next(iter(self._batch.values()))) < 2:
            return
        outputs = self.model.predict_on_batch(self._batch)
        if all(np.ptp(values, axis=0).max() == 0 for values in outputs.values()):
            raise NumericsError(
                f"Epoch {epoch + 1}: every sample gets the same prediction. "
                "Lower the learning rate or the dropout, or check that the inputs differ."
            )


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
        patience: Epochs without a better validation loss before stopping.
        callbacks: Further Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Returns:
        The best epoch, counted from 1 (the last one without `valid`), and the history by name.

    Raises:
        NumericsError: If a weight is not finite, or all predictions are the same.

    Source:
        The review: Adam, early stopping within 50 epochs.
    """
    checks: list[keras.callbacks.Callback] = [FiniteWeights(), VaryingPredictions(train)]
    if valid is not None:
        checks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=patience, restore_best_weights=True
            )
        )
    history = model.fit(
        train,
        validation_data=valid,
        epochs=epochs,
        callbacks=[*checks, *callbacks],
        shuffle=False,  # the dataset shuffles itself
        verbose=verbose,
    ).history
    best = int(np.argmin(history["val_loss"])) + 1 if valid is not None else epochs
    return best, history
