"""MIMIC-IV becomes a cohort of what was known after 48 hours, whatever traps its files hold."""

import shutil

import numpy as np
import pandas as pd
import pytest
from mimic import subject, write_release

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import mimic4
from hybrid_zoo.pipelines.sources.mimic_images import study_time


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    raw, out = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("out")
    write_release(raw)
    return Cohort.read(mimic4(raw, out / "cohort"))


def test_adults_who_were_in_intensive_care_and_alive_for_48_hours(cohort):
    assert cohort.samples.index.tolist() == [str(30000000 + k) for k in (0, *range(4, 14))]
    assert cohort.samples["patient_id"].tolist()[0] == subject(0)
    assert cohort.samples["death"].tolist() == [float(k % 4 == 0) for k in (0, *range(4, 14))]
    assert cohort.samples["age"].tolist()[:2] == [42.0, 46.0]  # two years after the anchor


def test_events_are_those_known_within_the_window(cohort):
    own = cohort.events[cohort.events["sample_id"] == "30000005"].sort_values("hours")
    assert own["variable"].tolist() == ["Creatinine", "HR", "Temp"]
    assert own["hours"].tolist() == [4.0, 5.0, 6.0]
    np.testing.assert_allclose(own["value"], [1.1, 80.0, 37.0])


def test_x_rays_are_frontal_and_in_the_window(cohort):
    images = cohort.images
    assert set(images["view"]) == {"AP", "PA"}
    np.testing.assert_allclose(images["hours"], 14.5042, atol=1e-4)  # 00:30:15 after 10:00
    views = {f"{30000000 + k}": ("AP", "PA")[k % 4] for k in (0, *range(4, 14)) if k % 4 < 2}
    del views["30000004"]
    assert dict(zip(images["sample_id"], images["view"], strict=True)) == views


def test_a_picture_that_was_not_downloaded_is_quarantined(cohort):
    assert cohort.quarantine["reason"].tolist() == ["file missing"]
    assert subject(4) in cohort.quarantine["file"][0]


def test_discharge_summaries_never_become_notes(cohort):
    assert set(cohort.notes["text"]) == {'Lungs "clear",\nno ___.'}
    assert (cohort.notes["hours"] == 12).all() and len(cohort.notes) == 11


def test_race_is_a_group_and_the_view_a_shortcut_and_neither_an_input(cohort):
    assert "race" in cohort.config.groups and cohort.config.shortcuts == ("view",)
    assert not {"race", "view"} & set(cohort.config.tabular)


def test_the_cohort_holds_the_pictures_themselves(cohort):
    bags = cohort.to_arrays().inputs["image"]
    assert bags.shape == (11, 1, 128, 128, 1)
    assert np.isfinite(bags[0]).all() and np.isnan(bags[1]).all()


def test_the_layout_of_version_1_and_releases_that_are_not_there(tmp_path):
    write_release(tmp_path / "raw", core="core")
    shutil.rmtree(tmp_path / "raw/mimic-cxr-jpg")
    shutil.rmtree(tmp_path / "raw/mimic-iv-note")
    cohort = Cohort.read(mimic4(tmp_path / "raw", tmp_path / "out"))
    assert not cohort.config.images and not cohort.config.notes and len(cohort.samples) == 11


@pytest.mark.parametrize("name", ["icu/icustays", "icu/chartevents", "hosp/labevents"])
def test_a_missing_file_is_named(tmp_path, name):
    write_release(tmp_path / "raw")
    (tmp_path / f"raw/mimiciv/3.1/{name}.csv.gz").unlink()
    with pytest.raises(CohortError, match=name):
        mimic4(tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_study_times_have_lost_their_leading_zeros():
    found = study_time(
        pd.Series(["21500102", "21500102.0", "21500102", None]),
        pd.Series(["3015.25", "120000", "0.5", "1"]),
    )
    assert found.dt.strftime("%d %H:%M:%S").tolist()[:3] == [
        "02 00:30:15",
        "02 12:00:00",
        "02 00:00:00",
    ]
    assert found.isna().tolist() == [False, False, False, True]
