"""Ragged series index like the array they stand for, and batches of them waste little."""

import numpy as np
import pytest
import tensorflow as tf

from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.series import RaggedSeries

LENGTHS = np.array([3, 0, 5, 1])


def series(width: int | None = 2) -> RaggedSeries:
    rng = np.random.default_rng(0)
    shape = (LENGTHS.sum(), width) if width else (LENGTHS.sum(),)
    values = rng.normal(5, 2, shape).astype(np.float32)
    values[rng.random(shape) < 0.2] = np.nan
    return RaggedSeries(values, np.concatenate([[0], np.cumsum(LENGTHS)]), steps=6)


@pytest.mark.parametrize("width", [2, None])
def test_indexing(width):
    lazy, whole = series(width), np.asarray(series(width))
    assert whole.shape == lazy.shape and lazy.shape[:2] == (4, 6) and whole.dtype == np.float32
    for sample, length in enumerate(LENGTHS):
        start = lazy.starts[sample]
        np.testing.assert_array_equal(whole[sample, :length], lazy.values[start : start + length])
        assert np.isnan(whole[sample, length:]).all()
    keys = [2, slice(1, 3), [3, 0], np.array([], dtype=int), np.array([True, False, True, False])]
    for key in [*keys, (slice(None), 0), (2, 1), (slice(0, 2), slice(1, 3)), ..., (..., 0)]:
        np.testing.assert_array_equal(lazy[key], whole[key])
    assert lazy[[]].shape == (0, *whole.shape[1:])


def test_padding_goes_to_the_longest_of_the_rows():
    assert series().padded(np.array([0, 3])).shape == (2, 3, 2)
    empty = series().padded(np.array([1]))
    assert empty.shape == (1, 1, 2) and np.isnan(empty).all()
    np.testing.assert_array_equal(series().padded(np.array([3, 2])), series()[[3, 2], :5])


@pytest.mark.parametrize("rows", [None, np.array([2, 0]), np.array([1])])
def test_a_spec_has_the_same_statistics_of_ragged_series_as_of_padded_ones(rows):
    lazy = InputSpec.from_arrays({"sequence": series()}, rows=rows)
    assert lazy == InputSpec.from_arrays({"sequence": np.asarray(series())}, rows=rows)


def many(samples: int = 1000, longest: int = 200) -> RaggedSeries:
    lengths = np.random.default_rng(1).integers(5, longest + 1, samples)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    values = np.repeat(np.arange(samples), lengths).astype(np.float32)[:, None]
    return RaggedSeries(values, starts, longest)


def epoch(data) -> list[np.ndarray]:
    return [inputs["sequence"].numpy() for (inputs,) in data]


def test_a_shuffled_epoch_holds_every_sample_once_in_batches_of_like_length():
    rows = np.arange(0, 1000, 3)
    data = Batches({"sequence": many()}).dataset(rows, batch_size=32, seed=4, bucket=True)
    assert int(data.cardinality()) == len(epoch(data)) == 11
    first, second = epoch(data), epoch(data)
    for batches in (first, second):
        found = np.concatenate([batch[:, 0, 0] for batch in batches])
        assert sorted(found) == rows.tolist()
        assert sorted(len(batch) for batch in batches) == [14] + [32] * 10
    computed = sum(batch.size for batch in first)
    assert computed < 1.15 * sum(np.isfinite(batch).sum() for batch in first)
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("bucket", [False, True])
def test_the_order_is_the_seed_s_whatever_a_script_has_seeded_before(bucket):
    def first_epoch(seed):
        data = Batches({"sequence": many()}).dataset(np.arange(300), seed=seed, bucket=bucket)
        return epoch(data)

    one = first_epoch(1)
    tf.random.set_seed(7)
    two, other = first_epoch(1), first_epoch(2)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, two, strict=True))
    assert not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_batches_are_made_of_any_lengths_unless_asked():
    data = Batches({"sequence": many()}).dataset(np.arange(1000), batch_size=32, seed=4)
    assert np.median([batch.shape[1] for batch in epoch(data)]) > 190


def test_unshuffled_batches_keep_the_order():
    data = Batches({"sequence": many()}, {"y": np.arange(1000.0)}).dataset(np.array([7, 3, 900]))
    ((inputs, labels),) = list(data)
    assert labels["y"].numpy().ravel().tolist() == [7, 3, 900]
    assert inputs["sequence"].numpy()[:, 0, 0].tolist() == [7, 3, 900]
