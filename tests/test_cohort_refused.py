import numpy as np
import pandas as pd
import pytest
from factories import cohort_tables, make_cohort

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort


def test_a_missing_folder_or_cohort_yaml_is_refused(tmp_path):
    with pytest.raises(CohortError, match="not a folder"):
        Cohort.read(tmp_path / "nowhere")
    with pytest.raises(CohortError, match=r"cohort.yaml is missing"):
        Cohort.read(tmp_path)


@pytest.mark.parametrize("name", ["samples", "events", "images", "notes"])
def test_a_missing_table_is_refused(cohort_folder, name):
    (cohort_folder / f"{name}.csv").unlink()
    with pytest.raises(CohortError, match=f"table {name} is missing"):
        Cohort.read(cohort_folder)


def test_a_table_in_two_formats_is_refused(cohort_folder):
    cohort_tables()["events"].to_parquet(cohort_folder / "events.parquet")
    with pytest.raises(CohortError, match=r"events.csv and events.parquet"):
        Cohort.read(cohort_folder)


@pytest.mark.parametrize(
    ("table", "column"),
    [("samples", "death"), ("samples", "hospital"), ("events", "hours"), ("images", "path")],
)
def test_a_missing_column_is_refused_with_the_nearest_one(tmp_path, table, column):
    wrong = cohort_tables()[table].rename(columns={column: column + "_x"})
    folder = make_cohort(tmp_path, tables={table: wrong})
    with pytest.raises(
        CohortError, match=f"{table} has no column '{column}'.*Did you mean '{column}_x'"
    ):
        Cohort.read(folder)


def test_a_duplicate_sample_id_is_named(tmp_path):
    samples = cohort_tables()["samples"]
    samples.loc[5, "sample_id"] = "0003"
    with pytest.raises(CohortError, match="1 sample_id stand more than once: 0003"):
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))


@pytest.mark.parametrize(
    ("target", "label"), [("death", 2), ("death", "yes"), ("death", np.inf), ("stage", "z")]
)
def test_an_impossible_label_is_refused_by_row_without_printing_it(tmp_path, target, label):
    samples = cohort_tables()["samples"].astype({target: object})
    samples.loc[7, target] = label
    with pytest.raises(
        CohortError, match=f"'{target}' has an impossible label in 1 rows: 8"
    ) as error:
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))
    assert "yes" not in str(error.value)


@pytest.mark.parametrize(("labels", "message"), [(1, "one class only"), (np.nan, "no known label")])
def test_a_target_without_two_classes_is_refused(tmp_path, labels, message):
    samples = cohort_tables()["samples"].assign(death=labels)
    with pytest.raises(CohortError, match=message):
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))


@pytest.mark.parametrize(
    ("count", "message"), [(2, "has 2 samples; expected at least 10"), (0, "has 0 samples")]
)
def test_a_cohort_that_is_too_small_is_refused(tmp_path, count, message):
    samples = cohort_tables()["samples"].head(count)
    with pytest.raises(CohortError, match=message):
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))


def test_a_cohort_without_any_usable_input_is_refused(tmp_path):
    samples = cohort_tables()["samples"].assign(age=-1.0)
    config = {
        "tabular": {"age": {"kind": "numeric", "range": [0, 120]}},
        "events": None,
        "images": None,
        "notes": None,
    }
    with pytest.raises(CohortError, match="no usable input"):
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}, shortcuts=[], **config))


def test_a_split_that_cuts_through_a_patient_is_refused(tmp_path):
    samples = cohort_tables()["samples"].assign(part=["train", "test"] * 20)
    with pytest.raises(
        CohortError, match="samples of one patient into different parts, for 20 patients"
    ):
        Cohort.read(make_cohort(tmp_path, tables={"samples": samples}, split="part"))


def test_a_file_that_is_no_table_is_refused_by_name(cohort_folder):
    (cohort_folder / "events.csv").write_bytes(b"")
    with pytest.raises(CohortError, match=r"events.csv is empty"):
        Cohort.read(cohort_folder)
    (cohort_folder / "events.csv").write_bytes("sample_id,größe\n".encode("latin-1"))
    with pytest.raises(CohortError, match=r"events.csv is not UTF-8"):
        Cohort.read(cohort_folder)
    (cohort_folder / "events.csv").rename(cohort_folder / "events.parquet")
    with pytest.raises(CohortError, match=r"events.parquet cannot be read as a table"):
        Cohort.read(cohort_folder)


def test_frames_with_images_need_a_folder():
    tables = cohort_tables()
    with pytest.raises(CohortError, match="no folder="):
        Cohort.from_frames(tables["samples"], images=tables["images"], targets=["death"])


def test_two_columns_of_one_name_are_refused():
    samples = cohort_tables()["samples"]
    samples = pd.concat([samples, samples[["age"]]], axis=1)
    with pytest.raises(CohortError, match="two columns named 'age'"):
        Cohort.from_frames(samples, targets=["death"], tabular=["sex"])
