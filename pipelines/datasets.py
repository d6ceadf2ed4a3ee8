"""From arrays to tf.data: batches by row number, in a repeatable order."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from hybrid_zoo.pipelines.bags import ImageBags

THREADS = 2


class Batches:
    """Hold a cohort's arrays once and cut datasets of any of its rows from them.

    Args:
        inputs: Modality name to array, axis 0 the samples, NaN for not observed. `ImageBags` are
            read batch by batch.
        labels: Target name to `(samples,)`; NaN is unknown.

    Source:
        Own design, because folds, trials and seeds should share one copy of the data.
    """

    def __init__(
        self,
        inputs: Mapping[str, np.ndarray | ImageBags],
        labels: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._inputs = {
            name: values if isinstance(values, ImageBags) else tf.convert_to_tensor(values)
            for name, values in inputs.items()
        }
        self._labels = {
            name: tf.convert_to_tensor(np.asarray(values, "float32").reshape(-1, 1))
            for name, values in (labels or {}).items()
        }

    def dataset(
        self, rows: np.ndarray, *, batch_size: int = 32, seed: int | None = None
    ) -> tf.data.Dataset:
        """Return batches of some rows.

        Args:
            rows: `(rows,)` positions.
            batch_size: Samples per batch; the last batch may be smaller.
            seed: Shuffle anew in every epoch, repeatably; None keeps the order.

        Returns:
            A dataset of `(inputs, labels)`, or of `(inputs,)` where there are no labels.
        """
        data = tf.data.Dataset.from_tensor_slices(np.asarray(rows, "int64"))
        if seed is not None:
            data = data.shuffle(max(len(rows), 1), seed=seed, reshuffle_each_iteration=True)
        data = data.batch(batch_size).map(self._gather, num_parallel_calls=THREADS)
        options = tf.data.Options()
        # Autotune costs 1.4-1.8 times the epoch on a small machine; the parallelism is explicit.
        options.autotune.enabled = False
        options.deterministic = True
        return data.prefetch(2).with_options(options)

    def _gather(self, rows):
        inputs = {name: _rows_of(values, rows) for name, values in self._inputs.items()}
        labels = {name: tf.gather(values, rows) for name, values in self._labels.items()}
        return (inputs, labels) if labels else (inputs,)


def _rows_of(values: tf.Tensor | ImageBags, rows: tf.Tensor) -> tf.Tensor:
    """Return some samples; images leave the store as they are and become float32 here."""
    if not isinstance(values, ImageBags):
        return tf.gather(values, rows)
    stored = tf.as_dtype(values.pixels.dtype)
    pixels, there = tf.numpy_function(values.stored, [rows], [stored, tf.bool])
    pixels.set_shape([None, *values.shape[1:]])
    there = tf.reshape(there, [-1, values.shape[1], *[1] * (values.ndim - 2)])
    return tf.where(there, tf.cast(pixels, tf.float32), np.float32(np.nan))
