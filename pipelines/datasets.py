"""From arrays to tf.data: batches by row number, in a repeatable order."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import tensorflow as tf

from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.lazy import LazyArray
from hybrid_zoo.pipelines.series import RaggedSeries

THREADS = 2
_CHUNK = 50  # batches that are sorted by length together


class Batches:
    """Hold a cohort's arrays once and cut datasets of any of its rows from them.

    Args:
        inputs: Modality name to array, axis 0 the samples, NaN for not observed. `ImageBags` are
            read, and `RaggedSeries` padded to the longest of a batch, batch by batch.
        labels: Target name to `(samples,)`; NaN is unknown.

    Source:
        Own design, because folds, trials and seeds should share one copy of the data.
    """

    def __init__(
        self,
        inputs: Mapping[str, np.ndarray | LazyArray],
        labels: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._inputs = {
            name: values if isinstance(values, LazyArray) else tf.convert_to_tensor(values)
            for name, values in inputs.items()
        }
        self._labels = {
            name: tf.convert_to_tensor(np.asarray(values, "float32").reshape(-1, 1))
            for name, values in (labels or {}).items()
        }
        lengths = [values.lengths for values in inputs.values() if isinstance(values, RaggedSeries)]
        self._lengths: np.ndarray | None = np.max(lengths, axis=0) if lengths else None

    def dataset(
        self,
        rows: np.ndarray,
        *,
        batch_size: int = 32,
        seed: int | None = None,
        bucket: bool = False,
    ) -> tf.data.Dataset:
        """Return batches of some rows.

        Args:
            rows: `(rows,)` positions.
            batch_size: Samples per batch; the last batch of an unshuffled epoch may be smaller, and
                one batch of a shuffled one.
            seed: Shuffle anew in every epoch, repeatably; None keeps the order.
            bucket: Make each shuffled batch of series of like length, so that little is padded. Off
                by default: where the length tells the label, such batches are one-sided.

        Returns:
            A dataset of `(inputs, labels)`, or of `(inputs,)` where there are no labels.
        """
        rows = np.asarray(rows, "int64")
        if bucket and seed is not None and self._lengths is not None:
            data = _bucketed(rows, self._lengths[rows], batch_size, seed)
        else:
            data = row_batches(rows, batch_size, seed)
        return prefetched(data.map(self._gather, num_parallel_calls=THREADS))

    def _gather(self, rows: tf.Tensor):
        inputs = {name: rows_of(values, rows) for name, values in self._inputs.items()}
        labels = {name: tf.gather(values, rows) for name, values in self._labels.items()}
        return (inputs, labels) if labels else (inputs,)


def row_batches(rows: np.ndarray, batch_size: int, seed: int | None) -> tf.data.Dataset:
    """Return batches of row numbers.

    Args:
        rows: `(rows,)` positions.
        batch_size: Of each batch but the last.
        seed: Shuffle anew in every epoch, repeatably; None keeps the order.
    """
    rows = np.asarray(rows, "int64")
    if seed is None:
        return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    count = -(-len(rows) // batch_size)
    data = _epochs(lambda rng: rng.permutation(rows), tf.TensorSpec([len(rows)], tf.int64), seed)
    return data.batch(batch_size).apply(tf.data.experimental.assert_cardinality(count))


def prefetched(data: tf.data.Dataset) -> tf.data.Dataset:
    """Return batches that are made while the model works, in a fixed order.

    Args:
        data: Batches.
    """
    options = tf.data.Options()
    # Autotune costs 1.4-1.8 times the epoch on a small machine; the parallelism is explicit.
    options.autotune.enabled = False
    options.deterministic = True
    return data.prefetch(2).with_options(options)


def _bucketed(rows: np.ndarray, lengths: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """Yield row numbers in batches of like length, anew in every epoch."""
    count = -(-len(rows) // batch_size)
    order = partial(_order, lengths, batch_size)
    data = _epochs(order, tf.TensorSpec([count, batch_size], tf.int64), seed)
    batches = data.map(lambda places: tf.gather(rows, tf.boolean_mask(places, places >= 0)))
    return batches.apply(tf.data.experimental.assert_cardinality(count))


def _epochs(
    order: Callable[[np.random.Generator], np.ndarray], spec: tf.TensorSpec, seed: int
) -> tf.data.Dataset:
    """Yield the items of a new order each time that the dataset is gone through.

    NumPy draws it, because TensorFlow mixes its global seed into those of its datasets: a script
    that had set one would get other models from the same seed.
    """
    rng = np.random.default_rng(seed)
    data = tf.data.Dataset.from_generator(lambda: iter([order(rng)]), output_signature=spec)
    return data.unbatch()


def _order(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Return `(batches, batch_size)` positions; -1 fills up the one batch that is smaller."""
    filled = np.full(-(-len(lengths) // batch_size) * batch_size, -1, dtype=np.int64)
    filled[: len(lengths)] = rng.permutation(len(lengths))
    size = _CHUNK * batch_size
    for start in range(0, len(filled), size):
        chunk = filled[start : start + size]
        known = chunk[chunk >= 0]
        chunk[: len(known)] = known[np.argsort(lengths[known], kind="stable")]
    return rng.permutation(filled.reshape(-1, batch_size))


def rows_of(values: tf.Tensor | ImageBags | RaggedSeries, rows: tf.Tensor) -> tf.Tensor:
    """Return some samples; images leave the store as they are and become float32 here.

    Args:
        values: All samples.
        rows: `(rows,)` positions.
    """
    if isinstance(values, RaggedSeries):
        padded = tf.numpy_function(values.padded, [rows], tf.float32)
        padded.set_shape([None, None, *values.shape[2:]])
        return padded
    if not isinstance(values, ImageBags):
        return tf.gather(values, rows)
    stored = tf.as_dtype(values.pixels.dtype)
    pixels, there = tf.numpy_function(values.stored, [rows], [stored, tf.bool])
    pixels.set_shape([None, *values.shape[1:]])
    there = tf.reshape(there, [-1, values.shape[1], *[1] * (values.ndim - 2)])
    return tf.where(there, tf.cast(pixels, tf.float32), np.float32(np.nan))
