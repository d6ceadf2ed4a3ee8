"""Reads a cohort from shards: as a stream for training, or as arrays."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from hybrid_zoo.errors import CohortError, ConfigError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import ImageBags, moments_of
from hybrid_zoo.pipelines.datasets import THREADS, prefetched
from hybrid_zoo.pipelines.shards.table import NAMES, Table, make_table
from hybrid_zoo.pipelines.store import store_folder, stored
from hybrid_zoo.registry import nearest

_FORMAT = 1
_SHUFFLED = 1000  # samples in memory from which the next one is drawn


class Shards:
    """A cohort that `hybrid-zoo shard` wrote.

    Args:
        folder: The folder given to `hybrid-zoo shard`, or the data set's own.

    Raises:
        CohortError: If there is no such data set, or another version wrote it.
    """

    def __init__(self, folder: str | Path) -> None:
        self._builder = _builder(Path(folder))
        self._facts: dict[str, Any] = dict(self._builder.info.metadata or {})
        if self._facts.get("format") != _FORMAT:
            raise CohortError(
                f"{folder} was not written by `hybrid-zoo shard`, or by another version of it; "
                "write it again."
            )
        self._images = list(self._facts["images"])
        self._others = [name for name in self._facts["inputs"] if name not in self._images]
        self._inputs: Mapping[str, Any] = self._builder.info.features["inputs"]
        self._store = store_folder(Path(self._builder.data_path))

    @property
    def splits(self) -> dict[str, int]:
        """Name of each split to the number of its samples."""
        return {name: found.num_examples for name, found in self._builder.info.splits.items()}

    @property
    def targets(self) -> dict[str, int]:
        """Targets as `build_hybrid` takes them: name to number of classes, 1 if binary."""
        return {name: len(classes) or 1 for name, classes in self._facts["targets"].items()}

    def spec(self, *splits: str) -> InputSpec:
        """Return what `build_hybrid` needs, with the statistics of some splits.

        Args:
            *splits: Names of the splits that the model is trained on.

        Raises:
            ConfigError: If there is no such split.
        """
        self._check(splits)
        table = self._table()
        rows = np.concatenate([table.rows[name] for name in splits])
        sums = [self._facts[f"sums_{name}"] for name in splits]
        pixels = {
            name: _Pixels(
                (len(counts), 1, *self._shape(name)),
                [part[name] for part in sums if part],
                int(counts[rows].sum()),
            )
            for name, counts in table.counts.items()
        }
        arrays = table.arrays
        return InputSpec.from_arrays(
            pixels | arrays.inputs, columns=arrays.columns, kinds=arrays.kinds, rows=rows
        )

    def dataset(
        self, *splits: str, batch_size: int = 32, seed: int | None = None
    ) -> tf.data.Dataset:
        """Stream batches for `fit`, `evaluate` or `predict`; memory holds a thousand samples.

        Args:
            *splits: Names of splits.
            batch_size: Samples per batch; the last one may be smaller.
            seed: Shuffle the files, and a thousand samples at a time, anew in every epoch; None
                keeps the order.

        Returns:
            A dataset of `(inputs, labels)`, series and bags padded to the longest of the batch.

        Raises:
            ConfigError: If there is no such split.
        """
        self._check(splits)
        data = self._read("+".join(splits), ["inputs", "labels"], seed)
        if seed is not None:
            data = data.shuffle(_SHUFFLED, seed=seed, reshuffle_each_iteration=True)
        data = data.map(self._model_input, num_parallel_calls=THREADS)
        nothing = tf.nest.map_structure(
            lambda part: np.float32(np.nan) if part.dtype == tf.float32 else np.int32(0),
            data.element_spec,
        )
        return prefetched(data.padded_batch(batch_size, padding_values=nothing))

    def to_arrays(self) -> CohortArrays:
        """Return all samples, in the cohort's order; images in a store that is mapped.

        Returns:
            What `Cohort.to_arrays` returned on the machine that wrote the shards.
        """
        table, found = self._table(), {}
        for name, counts in table.counts.items():
            places = np.arange(self._facts["images"][name])
            starts = np.empty_like(counts)
            starts[table.read] = np.cumsum(counts[table.read]) - counts[table.read]
            slots = np.where(places < counts[:, None], starts[:, None] + places, -1)
            found[name] = ImageBags(self._pixels(name, int(counts.sum())), slots)
        return replace(table.arrays, inputs=found | table.arrays.inputs)

    def _check(self, splits: Sequence[str]) -> None:
        if not splits:
            raise ConfigError(f"Shards: name at least one split of {list(self.splits)}.")
        for name in splits:
            if name not in self.splits:
                raise ConfigError(
                    f"Shards: no split {name!r}.{nearest(name, self.splits)} "
                    f"There are: {self.splits}."
                )

    def _shape(self, name: str) -> tuple[int, ...]:
        return self._inputs[name].shape[1:]

    def _read(
        self, split: str, features: Sequence[str] | dict[str, Any], seed: int | None = None
    ) -> tf.data.Dataset:
        with _quiet():
            return self._builder.as_dataset(
                split=split,
                shuffle_files=seed is not None,
                decoders=tfds.decode.PartialDecoding(features),
                read_config=tfds.ReadConfig(shuffle_seed=seed, try_autocache=False),
            )

    def _model_input(self, example: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Turn one example into what a model eats; every axis gets at least one place."""
        inputs = {}
        for name, values in example["inputs"].items():
            if name in self._images:
                values = tf.cast(values, tf.float32)
            if self._inputs[name].shape[:1] == (None,):
                missing = tf.maximum(1 - tf.shape(values)[0], 0)
                pads = [[0, missing], *[[0, 0]] * (values.shape.rank - 1)]
                values = tf.pad(values, pads, constant_values=np.float32(np.nan))
            inputs[name] = values
        labels = tf.unstack(example["labels"][:, None], num=len(self.targets))
        return inputs, dict(zip(self.targets, labels, strict=True))

    def _table(self) -> Table:
        """Read everything but the pixels."""
        inputs = dict.fromkeys(self._others, True)
        features = dict.fromkeys(NAMES, True) | ({"inputs": inputs} if inputs else {})
        parts = {name: list(self._read(name, features).as_numpy_iterator()) for name in self.splits}
        return make_table(parts, self._facts, self._store)

    def _pixels(self, name: str, count: int) -> np.ndarray:
        """Map all images of an input, in reading order."""
        shape, dtype = (count, *self._shape(name)), np.dtype(self._inputs[name].np_dtype)
        target = self._store / f"{self._facts['content'][:24]}-{name}.npy"
        return stored(target, dtype, shape, self._blocks(name)) if count else np.zeros(shape, dtype)

    def _blocks(self, name: str) -> Iterator[np.ndarray]:
        for split in self.splits:
            for example in self._read(split, {"inputs": {name: True}}).as_numpy_iterator():
                yield example["inputs"][name]


class _Pixels:
    """The statistics of an image input, known since the shards were written.

    Args:
        shape: Of the input, the samples first.
        sums: As of `pixel_sums`, per split.
        count: Images that were summed.
    """

    def __init__(self, shape: tuple[int, ...], sums: Sequence[Any], count: int) -> None:
        self.shape, self._sums, self._count = shape, sums, count

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def moments(self, rows: object) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the images of the splits that were summed."""
        sums = np.sum([np.zeros((2, self.shape[-1])), *self._sums], axis=0)
        return moments_of(sums, max(1, self._count) * math.prod(self.shape[2:-1]))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what TFDS says of its own deprecated attributes, once per feature."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _builder(folder: Path) -> Any:
    """Find the one data set in a folder or below it."""
    found = [path.parent for level in ("", "*/*/") for path in folder.glob(f"{level}features.json")]
    if len(found) != 1:
        raise CohortError(
            f"{folder} holds {len(found)} data sets; give the folder that `hybrid-zoo shard` wrote."
        )
    return tfds.builder_from_directory(found[0])
