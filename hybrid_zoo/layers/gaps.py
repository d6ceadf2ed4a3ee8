"""Close the gaps of a sequence, with static shapes."""

import keras
from keras import ops


def present_first(present: keras.KerasTensor) -> keras.KerasTensor:
    """Return the order that puts the present places of the last axis before the absent ones.

    Args:
        present: `(..., places)` bool.

    Returns:
        `(..., places)` int32 positions; both kinds keep their own order.
    """
    count = ops.shape(present)[-1]
    places = ops.arange(count, dtype="int32")
    return ops.argsort(ops.where(present, places, places + count), axis=-1)


def close_gaps(
    sequence: keras.KerasTensor, present: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Move what is present to the front, for a recurrent layer that may not see the gaps.

    Args:
        sequence: `(batch, places)` or `(batch, places, width)`.
        present: `(batch, places)` bool.

    Returns:
        The sequence in its new order; `(batch, places)` float of 0 and 1, which places of it are
        present; and the same as a bool mask whose first place is True even in an empty row, for
        fused recurrent kernels refuse a mask that is all False or has holes.
    """
    order = present_first(present)
    there = ops.take_along_axis(present, order, axis=1)
    if len(sequence.shape) == 3:
        order = order[:, :, None]
    mask = ops.logical_or(there, ops.arange(ops.shape(there)[1]) == 0)
    return ops.take_along_axis(sequence, order, axis=1), ops.cast(there, "float32"), mask
