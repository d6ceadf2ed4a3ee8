"""Seconds of training steps, of several models in turn."""

import time

import keras
import numpy as np
import tensorflow as tf


def seconds_of_steps(
    models: dict[str, keras.Model], batch: tuple, rounds: int, together: int = 3
) -> dict[str, np.ndarray]:
    """Return the median seconds of a training step, wall and CPU, of each model.

    Args:
        models: Name to compiled model; all learn from the same batch.
        batch: Inputs and labels.
        rounds: How often each is measured; the models take turns, so that the machine's moods meet
            all of them.
        together: Steps per measurement.
    """
    batches = tf.data.Dataset.from_tensors(batch).cache().repeat()
    readers = {name: iter(batches) for name in models}
    taken: dict[str, list] = {name: [] for name in models}
    for model in models.values():
        model.make_train_function()
    for number in range(rounds + 1):
        for name, model in models.items():
            before = time.perf_counter(), time.process_time()
            for _ in range(together):
                loss = model.train_function(readers[name])
            float(keras.tree.flatten(loss)[0])  # wait for it
            after = time.perf_counter(), time.process_time()
            if number:  # the first is traced
                taken[name].append(np.subtract(after, before) / together)
    return {name: np.median(found, axis=0) for name, found in taken.items()}
