import numpy as np
import pandas as pd
import pytest
from factories import CONFIG, cohort_tables, make_cohort

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.writing import write_cohort


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_written_cohort_reads_back_equal(cohort_folder, tmp_path, suffix):
    cohort = Cohort.read(cohort_folder)
    cohort.write(tmp_path / "copy", suffix)
    again = Cohort.read(tmp_path / "copy")
    assert again.equals(cohort)
    np.testing.assert_array_equal(
        again.to_arrays().inputs["image"], cohort.to_arrays().inputs["image"]
    )


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_all_three_formats_give_the_same_cohort(cohort_folder, tmp_path, suffix):
    assert Cohort.read(make_cohort(tmp_path / "other", suffix=suffix)).equals(
        Cohort.read(cohort_folder)
    )


def test_frames_give_the_cohort_that_the_folder_gives(cohort_folder):
    tables = cohort_tables()
    config = {key: CONFIG[key] for key in CONFIG if key not in ("events", "images", "notes")}
    options = {f"{name}_options": CONFIG[name] for name in ("events", "images", "notes")}
    cohort = Cohort.from_frames(**tables, folder=cohort_folder, **config, **options)
    assert cohort.equals(Cohort.read(cohort_folder))


def test_frames_need_only_targets_and_inputs():
    samples = cohort_tables()["samples"].set_index("sample_id")
    cohort = Cohort.from_frames(samples, targets=["death"], tabular=["age", "sex"])
    assert [column.kind for column in cohort.config.tabular.values()] == ["numeric", "categorical"]
    assert cohort.samples.index[7] == "0007"


def test_ids_stay_text_and_na_is_a_value(tmp_path):
    samples = cohort_tables()["samples"].assign(sex=["NA", "m"] * 20)
    cohort = Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))
    assert cohort.samples.index[0] == "0000"
    assert cohort.to_arrays().categories["sex"] == ("NA", "m")


def test_a_byte_order_mark_is_no_part_of_the_first_column(cohort_folder):
    path = cohort_folder / "samples.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(Cohort.read(cohort_folder).samples) == 40


def test_a_sample_without_patient_id_is_its_own_patient():
    samples = cohort_tables()["samples"].drop(columns="patient_id")
    cohort = Cohort.from_frames(samples, targets=["death"], tabular=["age"])
    assert (cohort.samples["patient_id"] == cohort.samples.index).all()


def test_labels_of_whole_numbers_or_booleans_with_gaps_are_read(tmp_path):
    samples = cohort_tables()["samples"]
    samples["death"] = samples["death"].map({0.0: False, 1.0: True}).astype(object)
    cohort = Cohort.read(make_cohort(tmp_path, suffix=".parquet", tables={"samples": samples}))
    assert cohort.samples["death"].sum() == 18 and cohort.samples["death"].isna().sum() == 4


def test_rows_outside_the_window_are_dropped_and_counted(tmp_path):
    events = cohort_tables()["events"]
    events.loc[:2, "hours"] = [-0.01, 12.0, 12.01]
    images = cohort_tables()["images"]
    images["hours"] = np.nan
    images.loc[0, "hours"] = 0.5
    options = {"size": [4, 4], "end_hours": 0}
    tables = {"events": events, "images": images}
    cohort = Cohort.read(make_cohort(tmp_path, tables=tables, images=options))
    assert cohort.dropped == {"events outside the window": 2, "images outside the window": 1}
    assert len(cohort.images) == len(images) - 1


def test_of_too_many_images_the_latest_are_kept(cohort_folder):
    cohort = Cohort.read(cohort_folder)
    table = cohort_tables()["images"]
    latest = table.sort_values("hours").groupby("sample_id").tail(2)
    assert set(cohort.images["path"]) == set(latest["path"])
    assert cohort.dropped == {"images over max_per_sample": len(table) - len(latest)}


def test_a_second_format_beside_a_table_is_not_written(cohort_folder):
    with pytest.raises(CohortError, match=r"already holds samples.csv"):
        write_cohort(cohort_folder, CONFIG, {"samples": pd.DataFrame()}, ".parquet")


def test_the_summary_counts_without_showing_values(tmp_path):
    samples = cohort_tables()["samples"].assign(postcode="SW1")
    samples.loc[0, "age"] = 777
    lines = "\n".join(Cohort.read(make_cohort(tmp_path, tables={"samples": samples})).summary())
    assert "40 samples, 20 patients" in lines
    assert "Target death: 36 known labels, 4 unknown; 18 with the event" in lines
    assert "Input sequence: 800 rows of events, 75% of samples" in lines
    assert "Quarantined: 1 in samples: out of range" in lines and "777" not in lines
    assert "Not used: samples columns not named in cohort.yaml: postcode" in lines


def test_an_unused_table_is_said(cohort_folder, tmp_path):
    folder = make_cohort(tmp_path / "c", notes=None)
    assert (
        "Not used: table notes is there; cohort.yaml has no notes key"
        in Cohort.read(folder).summary()
    )
