"""`hybrid-zoo predict`: new patients are read as the run read its own, and need no label."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml
from factories import cohort_tables
from tiny_run import make_run

from hybrid_zoo.studies.checksums import write_checksums

USAGE, DATA = 2, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made"))


@pytest.fixture
def run(made):
    return made[0]


@pytest.fixture
def expected(made):
    return made[1]


@pytest.fixture
def predict(call, tmp_path):
    """Run `hybrid-zoo predict`; return the exit code, what it printed, its errors."""

    def of(run, patients, *more):
        return call("predict", run, patients, "--out", tmp_path / "out.csv", *more)

    return of


def write_patients(folder, ids=None, **changed):
    """Tables of some samples, in another order, without labels and without what a run reports by."""
    tables = cohort_tables()
    tables["samples"] = tables["samples"][["sample_id", "age", "sex"]]
    folder.mkdir()
    for name in ("samples", "events"):
        table = changed.get(name, tables[name])
        kept = table if ids is None else table[table["sample_id"].isin(ids)]
        kept[::-1].to_csv(folder / f"{name}.csv", index=False)
    return folder


def predicted(folder):
    table = pd.read_csv(folder / "out.csv", dtype={"sample_id": str})
    return table[table["target"] == "death"].set_index("sample_id")


def same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_runs_own_patients_get_its_models_predictions(made, predict, tmp_path):
    run, expected, stages = made
    code, out, err = predict(run, write_patients(tmp_path / "new"))
    assert code == 0 and not err and "Wrote" in out and "not a medical device" in out
    assert "training deviations" not in out and "never saw" not in out
    found = predicted(tmp_path)
    assert len(found) == 40 and set(found["threshold"]) == {0.25} and expected.std() > 1e-3
    same(found["probability"].sort_index(), expected)
    table = pd.read_csv(tmp_path / "out.csv", dtype={"sample_id": str})
    table = table[table["target"] == "stage"].pivot(index="sample_id", columns="class")
    same(table["probability"][["a", "b", "c"]], stages)
    assert table["threshold"].isna().all(axis=None)


def test_few_patients_who_lack_variables_and_levels_are_read_by_the_runs_codes(
    run, expected, predict, tmp_path
):
    tables = cohort_tables()
    held = tables["samples"].query("sex == 'm'")["sample_id"]
    ids = list(held)[:3]
    known = write_patients(tmp_path / "new", ids)
    assert predict(run, known)[0] == 0
    found = predicted(tmp_path)["probability"]
    assert list(found.index) == sorted(ids, reverse=True)
    same(found.sort_index(), expected[ids])

    samples = tables["samples"].assign(sex="unheard of")
    code, out, _ = predict(
        run, write_patients(tmp_path / "odd", ids, samples=samples), "--overwrite"
    )
    assert code == 0 and "sex: 3 cells hold a level that the run never saw" in out
    blank = write_patients(tmp_path / "blank", ids, samples=samples.assign(sex=None))
    odd = predicted(tmp_path)
    assert predict(run, blank, "--overwrite")[0] == 0
    pd.testing.assert_frame_equal(predicted(tmp_path), odd)


def test_a_column_in_another_unit_is_named_with_its_shift(run, predict, tmp_path):
    events = cohort_tables()["events"]
    events.loc[events["variable"] == "Lactate", "value"] *= 1000  # HR has a range
    _, out, _ = predict(run, write_patients(tmp_path / "new", events=events))
    (line,) = (line for line in out.splitlines() if "training deviations" in line)
    assert line.startswith("Lactate: its mean is ") and line.endswith("is it in another unit?")


def test_bad_rows_are_listed_beside_the_predictions(run, predict, tmp_path):
    samples = cohort_tables()["samples"].astype({"age": object})
    samples.loc[4, "age"] = "sixty"
    _, out, _ = predict(run, write_patients(tmp_path / "new", samples=samples))
    assert "1 bad rows or files" in out
    assert "not a number" in (tmp_path / "out.quarantine.csv").read_text()


def test_what_lacks_a_table_or_a_column_is_refused(run, predict, tmp_path):
    patients = write_patients(tmp_path / "new", samples=cohort_tables()["samples"][["sample_id"]])
    code, _, err = predict(run, patients)
    assert code == DATA and "age" in err
    (patients / "events.csv").unlink()
    code, _, err = predict(run, patients)
    assert code == DATA and "table events is missing" in err
    assert not (tmp_path / "out.csv").exists()


def test_no_file_is_overwritten_unasked(run, predict, tmp_path):
    (tmp_path / "out.csv").write_text("mine")
    code, _, err = predict(run, tmp_path)
    assert code == USAGE and "--overwrite" in err and (tmp_path / "out.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("lacking", "code", "words"),
    [
        ("metrics.json", USAGE, "no metrics.json"),
        ("model.keras", DATA, "no model.keras"),
        ("SHA256SUMS", DATA, "no SHA256SUMS"),
    ],
)
def test_a_run_that_is_not_whole_is_refused(run, predict, tmp_path, lacking, code, words):
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / lacking).unlink()
    found, _, err = predict(copy, tmp_path)
    assert found == code and words in err


@pytest.mark.parametrize("name", ["metrics.json", "config.yaml", "splits.csv", "model.keras"])
def test_a_run_that_was_tampered_with_is_refused(run, predict, tmp_path, name):
    copy = shutil.copytree(run, tmp_path / "copy")
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    code, _, err = predict(copy, tmp_path)
    assert code == DATA and f"{name} is not the file that the study wrote" in err


def test_a_run_of_another_version_is_refused(run, predict, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    config = yaml.safe_load((copy / "config.yaml").read_text())
    del config["inputs"]
    (copy / "config.yaml").write_text(yaml.safe_dump(config))
    write_checksums(copy)
    code, _, err = predict(copy, tmp_path)
    assert code == USAGE and "no inputs" in err and "Repeat the study" in err


def test_the_checksums_are_those_of_sha256sum(run):
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=run, capture_output=True)
    assert done.returncode == 0 and done.stdout.count(b": OK") == 5
