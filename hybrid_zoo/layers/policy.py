"""Under which of Keras's dtype policies layers are built."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def built_under(dtype: str | None) -> Iterator[None]:
    """Build the layers of this block under a policy, and leave the global one as it was.

    Args:
        dtype: Name of a policy; None is the global one.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
