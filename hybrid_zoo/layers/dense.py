"""The dense block that every encoder ends in."""

import keras

from hybrid_zoo.layers.knob_layers import PenalizedDense, VariableDropout


def dense_block(
    x: keras.KerasTensor, *, units: int, dropout: float, l2: float, name: str | None = None
) -> keras.KerasTensor:
    """Apply a dense layer with ReLU and L2, then dropout.

    Args:
        x: `(batch, width)`.
        units: Width of the result; at least 1.
        dropout: Share of units dropped in training, 0 to 1.
        l2: Weight penalty.
        name: Name of the dense layer.

    Returns:
        `(batch, units)`.

    Source:
        The review's recipe: dropout after each dense layer, L2 on its weights.
    """
    x = PenalizedDense(units, l2, activation="relu", name=name)(x)
    return VariableDropout(dropout)(x)
