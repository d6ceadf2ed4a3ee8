"""A test part that is another hospital, or the latest patients."""

import re

import numpy as np
import pytest
from factories import cohort_tables, make_cohort
from tiny_study import QUICK

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.parts import make_rounds, plan_study
from hybrid_zoo.studies.settings import read_settings

YEARS = np.resize([2019, 2020, 2021, 2022, 2023], 40)


def read(folder, *, events=True, **config):
    """A cohort whose patient p0 was seen at both hospitals, with a year and a day of admission."""
    samples = cohort_tables()["samples"]
    samples["hospital"] = np.where(np.arange(40) < 21, "north", "south")
    samples.loc[1, "hospital"] = "south"
    samples.loc[39, "hospital"] = None
    samples["year"] = np.repeat(YEARS[:20], 2)
    samples["day"] = [f"{year}-0{1 + k % 9}-15" for k, year in enumerate(samples["year"])]
    samples.loc[0, ["year", "day"]] = [2023, "2023-12-31"]
    samples.loc[39, ["year", "day"]] = None
    tables = {"samples": samples}
    return Cohort.read(
        make_cohort(folder, images=None, notes=None, shortcuts=[], tables=tables, **config)
    )


def cut(cohort, **asked):
    """Plan, training and test rows of the one round."""
    arrays = cohort.to_arrays()
    settings = read_settings(None, QUICK.model_dump() | asked)
    plan = plan_study(cohort, arrays, settings)
    (only,) = make_rounds(cohort, arrays, settings, plan, workspace=None)
    assert plan.evaluation == "holdout"
    assert not set(arrays.patient_ids[only.train]) & set(arrays.patient_ids[only.scored])
    return plan, only.train, only.scored


def test_a_site_is_the_test_part_and_its_patients_are_nowhere_else(tmp_path):
    plan, train, scored = cut(read(tmp_path / "cohort"), hold_out_site="south")
    # Of patients p0 and p10 one sample is in the north, sample 39 has no site.
    assert scored.tolist() == [1, *range(21, 39)] and train.tolist() == list(range(2, 20))
    assert "site 'south' (column 'hospital')" in plan.reason and "Warning" in plan.reason
    assert "2 samples of patients who are in the test part" in plan.reason
    assert "1 samples without a site" in plan.reason


@pytest.mark.parametrize("column", ["year", "day"])
def test_the_latest_fifth_of_the_patients_is_the_test_part(tmp_path, column):
    plan, train, scored = cut(read(tmp_path / "cohort"), hold_out_after=column)
    years = np.repeat(YEARS[:20], 2)
    late = set(scored)
    assert 0 in late and 1 not in late | set(train)  # p0 came again in the last year
    assert set(years[scored][1:]) == {2023} and years[train].max() <= 2023
    assert 4 <= len(late) <= 9 and re.search("latest (20|25)% of the patients", plan.reason)


@pytest.mark.parametrize("asked", ["year=2021", "day=2021-12-31"])
def test_what_is_dated_after_a_given_day_is_the_test_part(tmp_path, asked):
    _, train, scored = cut(read(tmp_path / "cohort"), hold_out_after=asked)
    years = np.repeat(YEARS[:20], 2)
    assert years[train].max() == 2021 and years[scored[1:]].min() == 2022
    assert len(train) + len(scored) == 40 - 2  # p0's other sample, and the one without a date


def test_the_users_wish_wins_over_what_the_cohort_declares_and_says_so(tmp_path):
    samples = cohort_tables()["samples"]
    fold = {"fold": np.repeat(np.arange(20) % 3, 2)}
    cohort = Cohort.read(
        make_cohort(
            tmp_path / "cohort", images=None, notes=None, shortcuts=[], folds="fold",
            tables={"samples": samples.assign(**fold, hospital=np.repeat(["a", "b"], 20))},
        )
    )  # fmt: skip
    plan, _, scored = cut(cohort, hold_out_site="b")
    assert scored.tolist() == list(range(20, 40)) and "wins over the cohort's folds" in plan.reason


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"hold_out_site": "sout"}, "no sample has the site 'sout'. Did you mean 'south'"),
        ({"hold_out_after": "yaer"}, "no column 'yaer'. Did you mean 'year'"),
        ({"hold_out_after": "sex"}, "40 values are no date, the first in rows"),
        ({"hold_out_after": "day=next year"}, "expected numbers or dates like"),
        ({"hold_out_after": "year=2030"}, "The test part would be empty"),
        ({"hold_out_after": "year=1999"}, "The training part would be empty"),
        ({"hold_out_site": "north", "hold_out_after": "year"}, "hold_out_after, not both"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(tmp_path, asked, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        cut(read(tmp_path / "cohort"), **asked)


def test_a_cohort_without_a_site_says_what_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="has no `site`"):
        cut(read(tmp_path / "cohort", site=None), hold_out_site="north")
