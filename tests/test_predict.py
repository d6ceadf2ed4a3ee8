"""`hybrid-zoo predict`: new patients are read as the run read its own, and need no label."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from factories import cohort_tables, make_cohort
from tiny import CONFIG

from hybrid_zoo import InputSpec, build_hybrid
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.saving import save
from hybrid_zoo.study.artefacts import write_settings
from hybrid_zoo.study.settings import Settings

USAGE, DATA = 2, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What of a run folder is read: an untrained model of numbers, categories and series."""
    folder = tmp_path_factory.mktemp("made")
    cohort = Cohort.read(make_cohort(folder / "cohort", images=None, notes=None, shortcuts=[]))
    arrays = cohort.to_arrays()
    spec = InputSpec.from_arrays(arrays.inputs, columns=arrays.columns, kinds=arrays.kinds)
    model = build_hybrid(spec, targets={"death": 1, "stage": 3}, **CONFIG)
    run = folder / "run"
    run.mkdir()
    save(model, run / "model.keras")
    write_settings(run, cohort, arrays, Settings())
    blocks = {name: {"threshold": t} for name, t in (("death", 0.25), ("stage", None))}
    (run / "metrics.json").write_text(json.dumps({"targets": blocks}))
    columns = "sample_id,target,class,model,split,label,probability,fold\n"
    (run / "predictions.csv").write_text(columns)
    expected = model.predict(arrays.inputs, verbose=0)
    return run, pd.Series(expected["death"][:, 0], arrays.sample_ids), expected["stage"]


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
    ("lacking", "words"),
    [("metrics.json", "no metrics.json"), ("model.keras", "no model.keras"), (None, "no inputs")],
)
def test_a_run_that_is_not_whole_or_of_another_version_is_refused(
    run, predict, tmp_path, lacking, words
):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    if lacking:
        (copy / lacking).unlink()
    else:
        config = yaml.safe_load((copy / "config.yaml").read_text())
        del config["inputs"]
        (copy / "config.yaml").write_text(yaml.safe_dump(config))
    code, _, err = predict(copy, tmp_path)
    assert code == USAGE and words in err
