"""The phenotypes of MIMIC-IV: which codes are which, and what a whole stay shows."""

import numpy as np
import pandas as pd
import pytest
from mimic import SUBJECTS, diagnoses, has_phenotype, save, write_release

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import mimic4_phenotypes
from hybrid_zoo.pipelines.sources.phenotypes import (
    PHENOTYPES,
    identifier,
    label_admissions,
    phenotype,
)

STAYS = [k for k in range(SUBJECTS) if k != 3]  # the fourth is a child
DIAGNOSES = "mimiciv/3.1/hosp/diagnoses_icd.csv.gz"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    raw, out = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("out")
    write_release(raw)
    return Cohort.read(mimic4_phenotypes(raw, out / "cohort"))


@pytest.mark.parametrize(
    ("code", "version", "expected"),
    [
        ("I10", "10", "essential_hypertension"),
        ("4019", "9", "essential_hypertension"),
        ("E119", "10", "diabetes_without_complication"),
        ("E1165", "10", "diabetes_with_complications"),
        ("9993", "9", "complications_of_care"),
        ("99931", "9", None),  # a complication of a device, though it begins with the one above
        ("E8771", "10", "complications_of_care"),
        ("E8770", "10", "fluid_and_electrolyte_disorders"),
        ("E8771", "9", None),  # an external cause
        ("J1282", "10", "pneumonia"),  # newer than the listing; J12 is all pneumonia there
        ("U071", "10", None),
        ("I6789", "10", None),  # MedFuse's conversion calls it acute; HCUP does not
        ("", "10", None),
    ],
)
def test_codes_belong_to_the_phenotypes_of_hcup(code, version, expected):
    assert phenotype(code, version) == expected


def test_25_phenotypes_whose_benchmark_names_lead_back_to_their_targets():
    assert len(set(PHENOTYPES.values())) == 25 == sum(n.isidentifier() for n in PHENOTYPES)
    assert list(PHENOTYPES.values()) == sorted(PHENOTYPES.values())
    assert all(identifier(written) == name for name, written in PHENOTYPES.items())
    assert identifier("Respiratory failure; insufficiency; arrest (adult)") == "respiratory_failure"
    assert identifier("Other (new; thing) ") == "other_new_thing"


def test_every_adult_stay_has_the_phenotypes_of_its_admission(cohort):
    assert cohort.samples.index.tolist() == [str(30000000 + k) for k in STAYS]
    for number, name in enumerate(PHENOTYPES):
        expected = [np.nan if k == 6 else float(has_phenotype(k, number)) for k in STAYS]
        np.testing.assert_array_equal(cohort.samples[name], expected)


def test_codes_may_have_blanks_or_dots_and_unknown_versions_tell_nothing():
    rows = [("a", " n17.9 ", "10"), ("a", "I10", "10.0"), ("b", "I10", "11"), ("c", None, "10")]
    labels = label_admissions(pd.DataFrame(rows, columns=["hadm_id", "icd_code", "icd_version"]))
    assert labels.index.tolist() == ["a"] and labels.loc["a"].sum() == 2
    assert label_admissions(pd.DataFrame(columns=["hadm_id", "icd_code", "icd_version"])).empty


def test_the_window_is_the_whole_stay(cohort):
    own = cohort.events[cohort.events["sample_id"] == "30000005"].sort_values("hours")
    assert own["hours"].tolist() == [4.0, 5.0, 6.0, 47.0, 49.0]  # of 72
    short = cohort.events[cohort.events["sample_id"] == "30000001"]
    assert short["hours"].max() == 6.0  # of 30
    assert cohort.images["hours"].between(14, 15).all() and len(cohort.images) == 7
    assert cohort.quarantine["reason"].tolist() == ["file missing"]


def test_the_model_sees_30_days_and_nobody_is_told_that_this_foretells(cohort):
    assert cohort.config.events["sequence"].end_hours == 720
    assert "retrospective" in cohort.config.prediction_time
    assert "shock is 'Shock'" in cohort.config.description
    assert set(cohort.notes["text"]) == {'Lungs "clear",\nno ___.'}
    assert set(cohort.to_arrays().labels) == set(PHENOTYPES)


def test_a_phenotype_that_nobody_has_is_a_column_and_no_target(tmp_path):
    rows = write_release(tmp_path / "raw")
    table = diagnoses(rows)
    table = table[~table["icd_code"].str.strip().isin(["R570", "78551"])]
    save(table, tmp_path / "raw" / DIAGNOSES)
    cohort = Cohort.read(mimic4_phenotypes(tmp_path / "raw", tmp_path / "out"))
    assert len(cohort.config.targets) == 24 and "shock" not in cohort.config.targets
    assert cohort.samples["shock"].astype(float).sum() == 0
    assert cohort.config.description.endswith("known labels are the same: shock.")


@pytest.mark.parametrize("what", ["missing", "empty", "truncated", "column", "no codes"])
def test_diagnoses_that_cannot_be_used_are_refused(tmp_path, what):
    rows, path = write_release(tmp_path / "raw"), tmp_path / "raw" / DIAGNOSES
    content, table = path.read_bytes(), diagnoses(rows)
    path.unlink()
    if what in ("empty", "truncated"):
        path.write_bytes(content[: {"empty": 0, "truncated": 60}[what]])
    elif what == "column":
        save(table.drop(columns="icd_version"), path)
    elif what == "no codes":
        save(table[:0], path)
    match = "no phenotype is there" if what == "no codes" else "diagnoses_icd.csv"
    with pytest.raises(CohortError, match=match):
        mimic4_phenotypes(tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()
