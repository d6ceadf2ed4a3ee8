"""The seeds that Keras draws for weights and dropout."""

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds of a new model from `seed`, and leave Python's generator as it was.

    Args:
        seed: The same seed gives the same weights and dropout.

    `keras.utils.set_random_seed` would also empty TensorFlow's kernel cache, and the next step of
    every traced graph would then take seconds.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
