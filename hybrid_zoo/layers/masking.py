"""Small functions on tensors in which NaN and infinity mean not observed."""

import keras
from keras import ops


def observed(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return where a tensor is finite.

    Args:
        x: Any float tensor.

    Returns:
        A bool tensor of the same shape; False for NaN and infinity.
    """
    return ops.isfinite(x)


def scrub(x: keras.KerasTensor) -> keras.KerasTensor:
    """Replace what is not observed by 0.

    Args:
        x: Any float tensor.

    Returns:
        The same shape, all finite. The clip comes second because exporters write `where(c, x, 0)`
        as `c * x + (1 - c) * 0`, in which an infinity would become NaN again.
    """
    x = ops.where(x != x, ops.zeros_like(x), x)
    limit = _limit(x)
    finite = ops.cast(ops.abs(x) < limit, x.dtype)
    return ops.clip(x, -limit, limit) * finite


def masked_mean(x: keras.KerasTensor, mask: keras.KerasTensor, axis: int = 1) -> keras.KerasTensor:
    """Average over the True places of a mask; 0 where there are none.

    Args:
        x: Float tensor.
        mask: Float tensor of 0 and 1 that broadcasts against `x`.
        axis: The axis to average over.
    """
    return ops.sum(x * mask, axis=axis) / ops.maximum(ops.sum(mask, axis=axis), 1.0)


def masked_max(x: keras.KerasTensor, mask: keras.KerasTensor, axis: int = 1) -> keras.KerasTensor:
    """Take the maximum over the True places of a mask; 0 where there are none.

    Args:
        x: Float tensor.
        mask: Float tensor of 0 and 1 that broadcasts against `x`.
        axis: The axis to reduce.
    """
    highest = ops.max(ops.where(mask > 0, x, -_limit(x)), axis=axis)
    return ops.where(ops.max(mask, axis=axis) > 0, highest, ops.zeros_like(highest))


def _limit(x: keras.KerasTensor) -> float:
    """A number just below the largest finite one of the tensor's dtype."""
    return 6.5e4 if keras.backend.standardize_dtype(x.dtype) == "float16" else 3e38
