"""Seconds of training steps, of several models in turn."""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

TOGETHER = 3


def stepper(model: keras.Model, batch: tuple) -> Callable[[], object]:
    """Return a function that takes one training step on a batch, and waits for its loss."""
    reader = iter(tf.data.Dataset.from_tensors(batch).cache().repeat())
    model.make_train_function()
    return lambda: float(keras.tree.flatten(model.train_function(reader))[0])


def seconds(task: Callable[[], object]) -> list[float]:
    """Return wall and CPU seconds of a task, over a few in a row."""
    before = time.perf_counter(), time.process_time()
    for _ in range(TOGETHER):
        task()
    after = time.perf_counter(), time.process_time()
    return list(np.subtract(after, before) / TOGETHER)


def in_turn(tasks: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Return `(rounds, 2)` wall and CPU seconds of each task, so that all meet the same moods."""
    for task in tasks.values():
        task()  # the first is traced
    told = [{name: seconds(task) for name, task in tasks.items()} for _ in range(rounds)]
    return {name: np.array([each[name] for each in told]) for name in tasks}
