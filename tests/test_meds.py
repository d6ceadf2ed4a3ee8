"""A data set in the Medical Event Data Standard becomes a cohort without a look ahead."""

import numpy as np
import pandas as pd
import pytest

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import meds

DAY = pd.Timestamp("2030-06-01")


def row(subject, days, code, value=None):
    return {"subject_id": subject, "time": None if days is None else DAY + pd.Timedelta(days=days),
            "code": code, "numeric_value": value}  # fmt: skip


def release(folder, subjects: int = 20, splits: bool = True):
    """Write data in two shards, labels, and splits; subject 3 has two labels."""
    events, labels = [], []
    for k in range(subjects):
        events += [row(k, -365.25 * 40, "MEDS_BIRTH"), row(k, None, f"GENDER//{'FM'[k % 2]}")]
        events += [row(k, -2, "LAB//K", 4.0 + k / 10), row(k, -1, "RX//aspirin")]
        events += [
            row(k, 1, "LAB//K", 99.0),
            row(k, 0.5, "MEDS_DEATH"),
            row(k, -400, "LAB//K", 1.0),
        ]
        labels.append({"subject_id": k, "prediction_time": DAY, "boolean_value": k % 2 == 0})
    events += [row(5, -3, "MEDS_DEATH"), row(15, -3, "RARE")]
    labels.append(
        {"subject_id": 3, "prediction_time": DAY + pd.Timedelta(days=2), "boolean_value": True}
    )
    table = pd.DataFrame(events).astype({"numeric_value": "float32", "time": "datetime64[us]"})
    for part, shard in (("train", table.iloc[::2]), ("held_out", table.iloc[1::2])):
        (folder / "data" / part).mkdir(parents=True)
        shard.to_parquet(folder / "data" / part / "0.parquet")
    pd.DataFrame(labels).to_parquet(folder / "labels.parquet")
    if splits:
        (folder / "metadata").mkdir()
        part = np.where(np.arange(subjects) < 14, "train", "held_out")
        splits_table = pd.DataFrame({"subject_id": np.arange(subjects), "split": part})
        splits_table.to_parquet(folder / "metadata/subject_splits.parquet")
    return folder


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    raw = release(tmp_path_factory.mktemp("raw"))
    return Cohort.read(meds(raw, tmp_path_factory.mktemp("out") / "cohort"))


def test_one_sample_per_label_and_one_patient_per_subject(cohort):
    assert len(cohort.samples) == 21
    assert cohort.samples.loc[["3-0", "3-1"], "patient_id"].tolist() == ["3", "3"]
    assert cohort.samples.loc[["2-0", "3-0", "3-1"], "label"].tolist() == [1, 0, 1]
    assert cohort.samples.loc["2-0", "age"] == pytest.approx(40, abs=0.01)
    assert cohort.samples.loc[["2-0", "3-0"], "static_GENDER"].tolist() == ["F", "M"]


def test_held_out_subjects_are_the_test_part(cohort):
    assert cohort.config.split == "split"
    assert cohort.samples.loc[["13-0", "14-0"], "split"].tolist() == ["train", "test"]


def test_nothing_after_the_prediction_and_no_death_is_seen(cohort):
    events = cohort.events
    assert (events["hours"] <= 0).all() and set(events["variable"]) == {"LAB//K", "RX//aspirin"}
    own = events[events["sample_id"] == "3-0"].sort_values("hours")
    assert own["hours"].tolist() == [-48.0, -24.0] and own["value"].tolist()[1] == 1.0
    later = events[(events["sample_id"] == "3-1") & (events["variable"] == "LAB//K")]
    assert sorted(later["hours"]) == [-96.0, -24.0]  # a day before its own prediction it was 99


def test_kinds_follow_from_the_values_of_subjects_to_learn_from(cohort):
    variables = cohort.config.events["sequence"].variables
    assert {code: v.kind for code, v in variables.items()} == {
        "LAB//K": "numeric",
        "RX//aspirin": "event",
    }
    arrays = cohort.to_arrays()
    assert arrays.inputs["sequence"].shape == (21, 30, 2)


def test_without_splits_and_values(tmp_path):
    raw = release(tmp_path / "raw", splits=False)
    for path in (raw / "data").rglob("*.parquet"):
        pd.read_parquet(path).drop(columns="numeric_value").to_parquet(path)
    cohort = Cohort.read(meds(raw, tmp_path / "out"))
    assert cohort.config.split is None
    assert {v.kind for v in cohort.config.events["sequence"].variables.values()} == {"event"}


@pytest.mark.parametrize("what", ["data", "labels"])
def test_a_missing_part_is_named(tmp_path, what):
    raw = release(tmp_path / "raw")
    for path in [raw / "labels.parquet"] if what == "labels" else (raw / "data").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(CohortError, match=f"no parquet file of {what}"):
        meds(raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()
