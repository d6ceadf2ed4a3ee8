"""A cohort written to shards is read back as it was, sample by sample, and trains a model."""

import dataclasses

import numpy as np
import pytest
from factories import cohort_tables, make_cohort
from typer.testing import CliRunner

pytest.importorskip("apache_beam")

from hybrid_zoo.errors import CohortError, ConfigError, DataError
from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.shards import Shards
from hybrid_zoo.pipelines.shards.writing import write_shards
from hybrid_zoo.studies.cli import app
from hybrid_zoo.studies.parts import shard_parts


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return Cohort.read(make_cohort(tmp_path_factory.mktemp("cohort"), samples=80))


@pytest.fixture(scope="module")
def arrays(cohort):
    return cohort.to_arrays()


@pytest.fixture(scope="module")
def shards(cohort, tmp_path_factory):
    """Written by the command, on Beam's runner for one machine."""
    out = tmp_path_factory.mktemp("shards")
    done = CliRunner().invoke(app, ["shard", str(cohort.folder), str(out)])
    assert done.exit_code == 0, done.output
    return Shards(out)


def assert_equal(got, want):
    for field in dataclasses.fields(want):
        found, expected = getattr(got, field.name), getattr(want, field.name)
        if field.name not in ("inputs", "labels"):
            np.testing.assert_equal(found, expected)
            continue
        assert list(found) == list(expected)
        for name, values in expected.items():
            assert found[name].shape == values.shape and found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name], values)


def test_every_sample_is_read_back_as_it_was(shards, arrays):
    assert_equal(shards.to_arrays(), arrays)


def test_the_splits_are_those_of_a_study(shards, cohort, arrays):
    parts = shard_parts(cohort, arrays)
    assert shards.splits == {name: len(rows) for name, rows in parts.items()}
    assert list(parts) == ["train", "validation", "test"]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(arrays)))
    owners = [set(arrays.patient_ids[rows]) for rows in parts.values()]
    assert not owners[0] & owners[1] and not (owners[0] | owners[1]) & owners[2]


def test_the_spec_holds_the_statistics_of_the_splits_named(shards, cohort, arrays):
    rows = shard_parts(cohort, arrays)["train"]
    options = {"columns": arrays.columns, "kinds": arrays.kinds, "rows": rows}
    want, got = InputSpec.from_arrays(arrays.inputs, **options), shards.spec("train")
    for a, b in zip(got, want, strict=True):
        for field in dataclasses.fields(a):
            found, expected = getattr(a, field.name), getattr(b, field.name)
            if field.name in ("mean", "variance"):
                np.testing.assert_allclose(found, expected, rtol=1e-9)
            else:
                assert found == expected, field.name
    assert shards.spec("train", "test")["image"].mean != got["image"].mean


def test_a_stream_holds_the_samples_padded_to_the_longest_of_the_batch(shards, cohort, arrays):
    rows = shard_parts(cohort, arrays)["test"]
    want = {arrays.inputs["tabular"][row].tobytes(): row for row in rows}
    for inputs, labels in shards.dataset("test", batch_size=5):
        found = [want.pop(values.numpy().tobytes()) for values in inputs["tabular"]]
        for name, values in arrays.take(found).items():
            got = inputs[name].numpy()
            assert got.dtype == values.dtype and 1 <= got.shape[1] <= values.shape[1]
            np.testing.assert_array_equal(got, values[:, : got.shape[1]])
            assert not np.isfinite(values[:, got.shape[1] :]).any()
        for target, values in labels.items():
            np.testing.assert_array_equal(values[:, 0], arrays.labels[target][found])
    assert not want


def test_a_stream_trains_a_model(shards):
    spec = shards.spec("train").only(["image", "tabular"])

    def part(name, **options):
        data = shards.dataset(name, batch_size=16, **options)
        return data.map(lambda inputs, labels: ({n: inputs[n] for n in spec.names}, labels))

    options = HybridOptions(metrics=False)
    model = build_hybrid(spec, targets=shards.targets, image="paper_cnn", options=options)
    # The data set shuffles; Keras warns where it is asked to do so too, as by default.
    fitted = model.fit(
        part("train", seed=0), validation_data=part("validation"), shuffle=False, verbose=0
    )
    assert np.isfinite(fitted.history["val_loss"]).all()
    found = model.predict(part("test"), verbose=0)
    assert found["death"].shape == (shards.splits["test"], 1)
    assert found["stage"].shape == (shards.splits["test"], 3)


def test_a_seed_shuffles_anew_in_every_epoch_and_repeatably(shards):
    def ages(data):
        return np.concatenate([inputs["tabular"][:, 0] for inputs, _ in data])

    data = shards.dataset("train", "validation", seed=1)
    first, second = ages(data), ages(data)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    again = shards.dataset("train", "validation", seed=1)
    np.testing.assert_array_equal(ages(again), first)
    assert len(first) == sum(shards.splits[name] for name in ("train", "validation"))


def test_declared_folds_become_splits_and_irregular_series_keep_their_time(tmp_path):
    tables = cohort_tables(40)
    tables["samples"]["fold"] = np.arange(40) // 2 % 4
    without = {"images": None, "shortcuts": None}
    folder = make_cohort(
        tmp_path / "cohort", tables=tables, folds="fold", events={"end_hours": 12}, **without
    )
    (folder / "images.csv").unlink()
    cohort = Cohort.read(folder)
    arrays = cohort.to_arrays()
    write_shards(cohort, arrays, tmp_path / "out", shard_parts(cohort, arrays))
    shards = Shards(tmp_path / "out" / "cohort" / "1.0.0")
    assert shards.splits == {f"fold_{k}": 10 for k in range(4)}
    assert "time" in arrays.inputs
    assert_equal(shards.to_arrays(), arrays)
    inputs, _ = next(iter(shards.dataset("fold_0", batch_size=10)))
    assert inputs["time"].shape[1] == inputs["sequence"].shape[1] > 0


def test_a_file_that_changed_since_the_scan_stops_the_writing(tmp_path):
    cohort = Cohort.read(make_cohort(tmp_path / "cohort"))
    path = cohort.folder / cohort.images["path"][0]
    path.write_bytes(path.read_bytes() + b" ")
    arrays = cohort.to_arrays(pixels=False)
    with pytest.raises(DataError, match=path.name):
        write_shards(cohort, arrays, tmp_path / "out", shard_parts(cohort, arrays))
    with pytest.raises(CohortError, match="0 data sets"):
        Shards(tmp_path / "out")


def test_wrong_use_is_told(shards, cohort, tmp_path):
    with pytest.raises(ConfigError, match=r"no split 'tran'\. Did you mean 'train'"):
        shards.dataset("tran")
    with pytest.raises(ConfigError, match="at least one split"):
        shards.spec()
    (tmp_path / "something").touch()
    done = CliRunner().invoke(app, ["shard", str(cohort.folder), str(tmp_path)])
    assert isinstance(done.exception, CohortError)
    assert "holds something already" in str(done.exception)
