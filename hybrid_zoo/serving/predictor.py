"""Predict for one patient at a time, without what `model.predict` prepares for many."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hybrid_zoo.serving.rows import Arrays, complete, expected_inputs

if TYPE_CHECKING:
    import keras

WHO = "predictor"


class Predictor:
    """A model as a function of the arrays of one patient or a few; `predictor` makes one.

    Args:
        model: A model from a dict of inputs to a dict of outputs.
    """

    def __init__(self, model: "keras.Model") -> None:
        self._expected = expected_inputs(WHO, model)
        self._predict = _compiled(model)
        self({})  # the first call takes longest: nobody should wait for it

    def __call__(self, inputs: Mapping[str, Any]) -> Arrays:
        """Return the probabilities of one patient, or of a few.

        Args:
            inputs: Any of the model's inputs in raw units, all of them with a batch axis or all
                without; what is left out was not observed.

        Returns:
            Target to `(batch, 1 or classes)`; without the batch axis if the inputs have none.

        Raises:
            ConfigError: For an unknown name, a wrong shape or dtype, or unequal numbers.
        """
        arrays, alone = complete(WHO, self._expected, inputs)
        found = self._predict(arrays)
        return {target: values[0] for target, values in found.items()} if alone else found


def predictor(model: "keras.Model") -> Predictor:
    """Return a fast function from the raw arrays of one patient, or a few, to probabilities.

    Args:
        model: As `build_hybrid` returns, or any Keras model from a dict to a dict. What it learns
            later is not seen: its weights become constants, which saves a seventh of the time.

    Returns:
        A function of a dict of arrays, ready to answer: on the TensorFlow backend it is traced
        once, for any number of patients, images and steps; on others once per shape.

    Raises:
        ConfigError: If the model's inputs or outputs have no names.

    Source:
        Own design, because `model.predict` builds a data set per call.
    """
    return Predictor(model)


def _compiled(model: "keras.Model") -> Callable[[Arrays], Arrays]:
    import keras

    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch
    from hybrid_zoo.serving.graph import compiled  # imports TensorFlow

    return compiled(model, constant=True)
