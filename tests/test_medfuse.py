"""Tasks as MedFuse and mimic3-benchmarks write them become cohorts with their split."""

import numpy as np
import pandas as pd
import pytest
from mimic import SUBJECTS, has_phenotype, subject, write_task

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import medfuse
from hybrid_zoo.pipelines.sources.medfuse_files import read_series
from hybrid_zoo.pipelines.sources.phenotypes import PHENOTYPES

IDS = [str(30000000 + k) for k in range(SUBJECTS)]
DEAD = [int(k % 4 == 0 or k == 13) for k in range(SUBJECTS)]


def mortality(data):
    header = "stay,period_length,stay_id,y_true"
    return write_task(
        data, "in-hospital-mortality", header, lambda k: f"0,{30000000 + k},{DEAD[k]}"
    )


def phenotyping(data):
    header = ",".join(["stay", "period_length", "stay_id", *PHENOTYPES.values()])

    def rest(k):
        labels = [str(int(has_phenotype(k, number))) for number in range(25)]
        return ",".join(["72.000000", str(30000000 + k), *labels])

    return write_task(data, "phenotyping", header, rest)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("out")
    return Cohort.read(medfuse(mortality(data), out / "cohort"))


def test_labels_patients_and_the_given_split(cohort):
    samples = cohort.samples
    assert samples.index.tolist() == IDS and samples["death"].tolist() == DEAD
    assert samples["patient_id"].tolist() == [subject(k) for k in range(SUBJECTS)]
    assert samples["split"].tolist() == ["train"] * 11 + ["test"] * 3
    assert samples["part"].value_counts().to_dict() == {"train": 8, "val": 3, "test": 3}
    assert cohort.config.split == "split" and set(cohort.to_arrays().labels) == {"death"}


def test_words_become_scores_and_times_at_the_edge_stay_inside(cohort):
    own = cohort.events[cohort.events["sample_id"] == IDS[5]].sort_values("hours")
    found = own.groupby("variable")["value"].agg(list).to_dict()
    scores = {"GCSEye": [4, 1, 3], "GCSMotor": [6, 1, 3], "GCSVerbal": [5, 1, 1], "GCSTotal": [15]}
    assert {name: found[name] for name in scores} == scores
    assert found["CapillaryRefill"] == [0, 1] and found["FiO2"] == [40, 50]
    assert found["HR"] == [80, 90]  # 95 was 60 hours after admission
    np.testing.assert_allclose(own["hours"].unique(), [0, 1.5, 2.05, 48])


def test_a_word_without_a_score_is_counted_and_what_is_late_is_dropped(cohort):
    assert cohort.dropped["events without a value"] == SUBJECTS
    assert cohort.dropped["events outside the window"] == SUBJECTS
    assert set(cohort.quarantine["reason"]) == {"file missing"}  # an X-ray, not downloaded


def test_x_rays_are_the_frontal_ones_of_the_first_48_hours(cohort):
    frontal = [k for k in range(SUBJECTS) if k % 4 < 2 and k != 4]
    assert cohort.images["sample_id"].tolist() == [IDS[k] for k in frontal]
    np.testing.assert_allclose(cohort.images["hours"], 14.5042, atol=1e-4)
    assert cohort.config.shortcuts == ("view",)


def test_phenotypes_of_the_header_are_the_targets(tmp_path):
    cohort = Cohort.read(medfuse(phenotyping(tmp_path / "data"), tmp_path / "out"))
    assert list(cohort.config.targets) == list(PHENOTYPES)
    for number, name in enumerate(PHENOTYPES):
        expected = [has_phenotype(k, number) for k in range(SUBJECTS)]
        assert cohort.samples[name].tolist() == expected
    assert cohort.events["hours"].max() == 60 and "retrospective" in cohort.config.prediction_time
    assert "0 of 14 stays have no measurement" in cohort.config.description


def test_the_listfiles_of_mimic3_benchmarks_have_no_stay_id(tmp_path):
    task = write_task(tmp_path / "d", "in-hospital-mortality", "stay,y_true", lambda k: DEAD[k])
    cohort = Cohort.read(medfuse(task, tmp_path / "out"))
    assert cohort.samples.index[0] == f"{subject(0)}_episode1"
    assert len(cohort.events) and not cohort.config.images and cohort.quarantine.empty


def test_a_stay_without_its_series_stays_a_sample(tmp_path):
    task = mortality(tmp_path / "data")
    (task / f"train/{subject(9)}_episode1_timeseries.csv").unlink()
    cohort = Cohort.read(medfuse(task, tmp_path / "out"))
    assert IDS[9] in cohort.samples.index and IDS[9] not in set(cohort.events["sample_id"])
    assert "1 of 14 stays have no measurement" in cohort.config.description


@pytest.mark.parametrize(
    ("name", "old", "new", "match"),
    [
        ("val_listfile.csv", None, None, "holds no val_listfile.csv"),
        ("train_listfile.csv", ".*", "", "train_listfile.csv cannot be read"),
        ("test_listfile.csv", "y_true", "label", "no column 'y_true'"),
        ("test_listfile.csv", "12,1\n", "12,0.5\n", "y_true' has something else in 1 rows"),
        ("test_listfile.csv", "10000077_", "10000084_", "twice in 1 rows, the first in row 2 of test"),
        ("test_listfile.csv", "10000077_", "../10000077_", "no such name in 1 rows"),
        ("train_listfile.csv", ",0,3", ",7.5,3", "another period_length"),
        (f"train/{subject(0)}_episode1_timeseries.csv", "Hours", "Time", "no column 'Hours'"),
        (f"train/{subject(0)}_episode1_timeseries.csv", "pH", "ph", "Did you mean 'ph'"),
        (f"train/{subject(0)}_episode1_timeseries.csv", ".*", "", "csv is empty"),
        (f"train/{subject(0)}_episode1_timeseries.csv", "48.0000004,,", "48,", "cells in row 4"),
    ],
)  # fmt: skip
def test_a_broken_task_is_refused_and_the_file_named(tmp_path, name, old, new, match):
    path = mortality(tmp_path / "data") / name
    text = path.read_text()
    path.unlink()
    if old is not None:
        path.write_text("" if old == ".*" else text.replace(old, new))
    with pytest.raises(CohortError, match=match) as caught:
        medfuse(tmp_path / "data/in-hospital-mortality", tmp_path / "out")
    assert not (tmp_path / "out").exists() and "0.5" not in str(caught.value)


def test_the_folder_above_the_tasks_is_refused_and_they_are_named(tmp_path):
    mortality(tmp_path)
    with pytest.raises(CohortError, match="holds the tasks \\['in-hospital-mortality'\\]"):
        medfuse(tmp_path, tmp_path / "out")


def test_listfiles_without_rows_labels_or_series_are_refused(tmp_path):
    task = mortality(tmp_path / "data")
    for path in task.glob("t*/*.csv"):
        path.unlink()
    with pytest.raises(CohortError, match="none of the 14 time series"):
        medfuse(task, tmp_path / "out")
    for text, match in (("stay,y_true\n", "list no stay"), ("stay\n{}_a.csv\n", "no label")):
        for number, path in enumerate(task.glob("*.csv")):
            path.write_text(text.format(number))
        with pytest.raises(CohortError, match=match):
            medfuse(task, tmp_path / "out")


def test_a_series_without_measurements_is_empty(tmp_path):
    task = mortality(tmp_path)
    path = next(task.glob("train/*.csv"))
    path.write_text(path.read_text().split("\n")[0] + "\n3.5,,,,,,,,,,,,,,,,,\n")
    rows = read_series(path)
    assert rows.empty and isinstance(rows, pd.DataFrame)
