"""Fill the gaps of raw inputs, for models that are not to know what was missing."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.masking import observed
from hybrid_zoo.layers.sequence_inputs import running_max, until_last

METHODS = ("mean", "forward_fill")


@keras.saving.register_keras_serializable("hybrid_zoo")
class Impute(keras.layers.Layer):
    """Put a column's training mean or mode, or a series' own last value, into the gaps.

    A sample without any value stays absent, and the steps after a series' last value stay padding.
    The filling values are weights that no optimiser touches, as the statistics of `Standardize`.

    Args:
        fill: Per column, in raw units.
        carried: Per column of a series whether its last value fills the gap; `fill` does so before
            the first one.

    Source:
        The review's mean and mode imputation; forward filling: Harutyunyan et al. 2019,
        doi:10.1038/s41597-019-0103-9, section "LSTM-based models".
    """

    def __init__(self, fill: Sequence[float], carried: Sequence[bool] = (), **kwargs) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.fill, self.carried = list(fill), list(carried)

    def build(self, input_shape: tuple) -> None:
        """Create the filling values as a weight, so that one graph serves every fold."""
        self.values = self.add_weight(
            shape=(len(self.fill),),
            name="fill",
            trainable=False,
            initializer=lambda shape, dtype: ops.convert_to_tensor(self.fill, dtype),
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the same shape: `(batch, columns)` or `(batch, steps, variables)`."""
        seen = observed(x)
        filled = ops.where(seen, x, self.values)
        there = ops.any(seen, axis=-1, keepdims=True)
        if len(x.shape) == 3:
            if any(self.carried):
                filled = self._carry(filled, seen)
            within = until_last(there[:, :, 0])[:, :, None]
            there = ops.logical_and(within, ops.any(there, axis=1, keepdims=True))
        return ops.where(there, filled, ops.full_like(x, float("nan")))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["trainable"], config["dtype"]
        return config | {"fill": self.fill, "carried": self.carried}

    def _carry(self, filled, seen):
        step = ops.reshape(ops.arange(ops.shape(filled)[1], dtype="int32"), (1, -1, 1))
        # Before a variable's first value the first step stands, which holds the filling value.
        source = running_max(ops.where(seen, step, 0))
        source = ops.where(ops.convert_to_tensor(self.carried, "bool"), source, step)
        return ops.take_along_axis(filled, source, axis=1)


def impute(modality: Modality, method: str | None, x: keras.KerasTensor) -> keras.KerasTensor:
    """Fill the gaps of a table or a series.

    Args:
        modality: Whose input it is; other kinds than these two have no gaps to fill.
        method: "mean" (of a category the mode), "forward_fill" (of a table the same), or None.
        x: Its raw input.

    Returns:
        The same shape; `x` itself without a method.

    Raises:
        ConfigError: For an unknown method.
    """
    if method is not None and method not in METHODS:
        raise ConfigError(
            f"build_hybrid: imputation is {method!r}; expected None or one of {list(METHODS)}."
        )
    if method is None or modality.kind not in ("tabular", "sequence"):
        return x
    forward = method == "forward_fill" and modality.kind == "sequence"
    carried = [forward and kind == "numeric" for kind in modality.kinds]  # no event lasts
    return Impute(_fill(modality), carried, name=f"{modality.name}_imputed")(x)


def _fill(modality: Modality) -> list[float]:
    """The training mean of numbers, where they are read as logarithms of these, or the mode.

    What no row of the training part holds is 0, and so is an event that did not occur.
    """
    logarithms = zip(modality.mean, modality.skewed, strict=True)
    fill = [math.expm1(mean) if skewed else mean for mean, skewed in logarithms]
    for position, code in zip(modality.of_kind("categorical"), modality.mode, strict=True):
        fill[position] = float(code)
    return fill
