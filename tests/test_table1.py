"""The flow of participants and the table of patients, against counts made by hand."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from factories import cohort_tables, make_cohort

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.flow import participant_flow
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.scoring import Result
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.spreadsheets import plain_cell, safe_cell
from hybrid_zoo.studies.table1 import write_table1
from hybrid_zoo.studies.table1_statistics import mean_and_sd, median_and_quartiles

RNG = np.random.default_rng(0)


def result_of(cohort, parts=None):
    """What a study knows when it writes these files; nothing of it was fitted."""
    arrays = cohort.to_arrays()
    everyone = np.arange(len(arrays))
    test = everyone % 3 == 0
    parts = parts or [(everyone[~test], everyone[test])]
    options = {"settings": Settings(), "trials": 1, "workspace": None, "on_fit": print}
    rounds = [
        Round(number=k, arrays=arrays, train=train, scored=scored, **options)
        for k, (train, scored) in enumerate(parts)
    ]
    return Result(cohort=cohort, rounds=rounds, entries=[])


def many_samples(n=240):
    rng = np.random.default_rng(1)
    samples = pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(n)],
            "age": rng.normal(60, 12, n).round(1),
            "stay": rng.exponential(5, n).round(2),
            "sex": rng.choice(["f", "m"], n),
            "unit": ["rare"] * 4 + ["odd"] * 3 + list(rng.choice(["a", "b", "c"], n - 7)),
            "death": (rng.random(n) < 0.3).astype(float),
        }
    )
    samples.loc[:2, "age"] = np.nan
    samples.loc[5:30, "death"] = np.nan
    return samples


TABULAR = {
    "age": {"kind": "numeric"},
    "stay": {"kind": "numeric"},
    "sex": {"kind": "categorical"},
    "unit": {"kind": "categorical"},
}


def table_of(samples, folder, parts=None, **config):
    options = {"targets": ["death"], "tabular": TABULAR} | config
    write_table1(folder, result_of(Cohort.from_frames(samples, **options), parts))
    return pd.read_csv(folder / "table1.csv", dtype=str, keep_default_na=False)


def row_of(table, variable, level=""):
    found = table[(table["variable"] == variable) & (table["level"] == level)]
    assert len(found) == 1, (variable, level)
    return found.iloc[0]


@pytest.fixture(scope="module")
def samples():
    return many_samples()


@pytest.fixture(scope="module")
def table(samples, tmp_path_factory):
    return table_of(samples, tmp_path_factory.mktemp("run"))


def columns_of(samples):
    test = np.arange(len(samples)) % 3 == 0
    return {
        "overall": samples,
        "training": samples[~test],
        "test": samples[test],
        "death: without event": samples[samples["death"] == 0],
        "death: with event": samples[samples["death"] == 1],
    }


def test_means_medians_and_shares_are_those_of_pandas(table, samples):
    for column, part in columns_of(samples).items():
        assert row_of(table, "Samples")[column] == str(len(part))
        mean, spread = part["age"].mean(), part["age"].std()
        assert row_of(table, "age")[column] == f"{mean:.1f} ({spread:.1f})"
        quartiles = [part["stay"].quantile(q) for q in (0.5, 0.25, 0.75)]
        said = row_of(table, "stay")[column].replace("]", "").replace(" to ", " [").split(" [")
        np.testing.assert_allclose([float(x) for x in said], quartiles, atol=0.006)
        women = (part["sex"] == "f").sum()
        assert row_of(table, "sex", "f")[column] == f"{women} ({100 * women / len(part):.1f} %)"
    assert row_of(table, "age")["statistic"] == "mean (SD)"
    assert row_of(table, "stay")["statistic"] == "median [quartiles]"
    assert row_of(table, "age", "not recorded")["overall"] == "3"


def test_differences_between_training_and_test_are_standardised_and_there_are_no_p_values(
    table, samples
):
    found = columns_of(samples)
    train, test = found["training"], found["test"]
    spread = np.sqrt((train["age"].var() + test["age"].var()) / 2)
    apart = abs(train["age"].mean() - test["age"].mean()) / spread
    assert float(row_of(table, "age")["smd"]) == pytest.approx(apart, abs=0.0051)
    p, q = ((part["sex"] == "f").mean() for part in (train, test))
    apart = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert float(row_of(table, "sex", "f")["smd"]) == pytest.approx(apart, abs=0.0051)
    assert row_of(table, "sex", "m")["smd"] == "" and not {"p", "P-Value"} & set(table)


def test_what_is_available_is_compared_as_a_share_of_all_samples(samples, tmp_path):
    has = samples["sex"] == "f"
    notes = pd.DataFrame({"sample_id": samples["sample_id"][has], "text": "Short of breath"})
    config = {"targets": ["death"], "tabular": TABULAR, "notes": notes}
    write_table1(tmp_path, result_of(Cohort.from_frames(samples, **config)))
    table = pd.read_csv(tmp_path / "table1.csv", dtype=str, keep_default_na=False)
    found, women = row_of(table, "Input: Notes", "available"), row_of(table, "sex", "f")
    assert [found[name] for name in table.columns[3:]] == [women[n] for n in table.columns[3:]]


def test_levels_of_few_patients_have_no_name_and_no_count(table):
    assert not table.map(lambda cell: cell in ("rare", "odd")).any(axis=None)
    other = row_of(table, "unit", "other (2 levels)")
    assert other["overall"] == "<10" and {other["training"], other["test"]} == {"<10"}
    hidden = table[(table["variable"] == "unit") & (table["overall"] == "suppressed")]
    assert len(hidden) == 1  # the smallest other level, else the count would follow
    assert row_of(table, "unit", "a")["smd"] == "suppressed"


def test_outcomes_stand_in_the_table_once_and_not_by_themselves(table, samples):
    outcome = row_of(table, "Outcome: death", "with event")
    assert outcome["overall"].split()[0] == str(int(samples["death"].sum()))
    assert row_of(table, "Outcome: death", "label unknown")["overall"] == "26"
    assert outcome["death: with event"] == ""


def test_under_cross_validation_there_is_no_column_of_a_part(samples, tmp_path):
    half = np.arange(len(samples)) < 120
    parts = [(np.flatnonzero(half), np.flatnonzero(~half))] * 2
    table = table_of(samples, tmp_path, parts)
    assert list(table)[3:] == ["overall", "death: without event", "death: with event"]


def test_an_outcome_of_few_patients_has_no_columns(samples, tmp_path):
    rare = samples.assign(death=(np.arange(len(samples)) < 9).astype(float))
    table = table_of(rare, tmp_path)
    assert not [name for name in table if name.startswith("death")]
    # An article has to state how many events there were; the flow does so too.
    assert row_of(table, "Outcome: death", "with event")["overall"] == "9 (3.8 %)"


def test_the_mean_of_the_few_without_a_label_does_not_follow_by_subtraction(samples, tmp_path):
    labelled = samples.assign(death=samples["death"].fillna(0))
    labelled.loc[7, "death"] = np.nan
    table = table_of(labelled, tmp_path)
    assert row_of(table, "age")["statistic"] == "median [quartiles]"


def test_a_number_of_two_values_is_counted_and_a_cohort_of_few_patients_is_not(samples, tmp_path):
    yes = samples.assign(age=(np.arange(len(samples)) < 4).astype(float))
    assert row_of(table_of(yes, tmp_path), "age", "other (1 level)")["overall"] == "<10"
    few = samples.assign(patient_id=np.arange(len(samples)) % 9)
    few["death"] = (np.arange(len(samples)) % 9 < 4).astype(float)
    parts = [(np.flatnonzero(few["patient_id"] < 5), np.flatnonzero(few["patient_id"] >= 5))]
    table = table_of(few, tmp_path, parts)
    assert row_of(table, "Samples")["overall"] == row_of(table, "Patients")["overall"] == "<10"
    described = table[~table["variable"].str.startswith("Outcome")]
    assert set(described["overall"]) == {"<10"}


def test_no_cell_runs_as_a_formula_and_the_same_cohort_gives_the_same_bytes(samples, tmp_path):
    wild = samples.assign(sex=np.where(samples["sex"] == "f", "=1+1", "@x"))
    wild["age"] -= 60  # means below zero
    sums = []
    for _ in range(2):
        table = table_of(wild.rename(columns={"unit": "-unit"}), tmp_path, tabular={
            **{k: v for k, v in TABULAR.items() if k != "unit"}, "-unit": {"kind": "categorical"}
        })  # fmt: skip
        sums.append(hashlib.sha256((tmp_path / "table1.csv").read_bytes()).hexdigest())
    cells = {*table, *table.to_numpy().ravel()}
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert {"'=1+1", "'@x", "'-unit"} <= cells and sums[0] == sums[1]
    for text in ("=a", "'a", "'=a", "plain", "", "-1"):
        assert plain_cell(safe_cell(text)) == text


def test_statistics_are_written_with_the_digits_that_their_spread_bears():
    assert mean_and_sd(np.array([-1234.0, 1234.0])) == "0 (1745)"
    assert mean_and_sd(np.array([0.1, 0.2])) == "0.1500 (0.0707)"
    assert median_and_quartiles(np.array([1.0, 2.0, 3.0, 4.0])) == "2.5 [1.8 to 3.2]"
    assert median_and_quartiles(np.arange(1.0, 10.0)) == "5 [3 to 7]"


def bad_cohort(folder):
    """Every way in which a row is lost, each a known number of times."""
    good = cohort_tables(60)
    events, images, notes = good["events"], good["images"], good["notes"]
    first, path = events.iloc[0], images["path"].iloc[0]
    lost = [
        {"sample_id": "stranger"}, {"hours": "soon"}, {"hours": 99.0}, {"hours": -1.0},
        {"value": 1e9, "variable": "HR"}, {"value": "high"}, {"value": np.nan},
        {"variable": "Other"}, {"variable": np.nan},
    ]  # fmt: skip
    rows = pd.DataFrame(
        [{**first, "variable": "HR", "hours": 2.0, "value": 3.0, **x} for x in lost]
    )
    pictures = pd.DataFrame(
        [
            {"sample_id": "stranger", "path": path, "hours": 0.0, "view": "ap"},
            {"sample_id": "0000", "path": "images/gone.png", "hours": 0.0, "view": "ap"},
            {"sample_id": "0000", "path": "../outside.png", "hours": 0.0, "view": "ap"},
        ]
    )
    empty = pd.DataFrame([{"sample_id": "0000", "text": np.nan, "hours": 1.0}])
    samples = good["samples"].astype({"age": object})
    samples.loc[5, "age"] = 300.0
    samples.loc[6, ["age", "sofa"]] = ["old", np.nan]
    nameless = samples.iloc[[7, 8]].assign(sample_id=np.nan)
    tables = {
        "samples": pd.concat([samples, nameless]),
        "events": pd.concat([events, rows]),
        "images": pd.concat([images, pictures]),
        "notes": pd.concat([notes, empty]),
    }
    folder = make_cohort(folder, samples=60, tables=tables)
    with open(folder / "notes.csv", "a") as file:
        file.write("0001,more,1.0,cells,than,the,header\n")
    return folder, {name: len(table) for name, table in tables.items()}


def test_the_flow_adds_up_and_counts_every_exclusion_once(tmp_path):
    folder, sizes = bad_cohort(tmp_path / "cohort")
    cohort = Cohort.read(folder)
    flow = participant_flow(result_of(cohort))
    sizes["notes"] += 1
    for name, table in flow["tables"].items():
        assert table["rows"] == sizes[name]
        lost = sum(table["quarantined"].values()) + sum(table["dropped"].values())
        assert table["rows"] == lost + table["used"] == lost + len(getattr(cohort, name))
    events, images = flow["tables"]["events"], flow["tables"]["images"]
    assert sum(events["quarantined"].values()) == 5  # stranger, soon, 1e9, high, no variable
    assert events["dropped"] == {
        "events not in variables": 1,
        "events outside the window": 2,
        "events without a value": 1,
    }
    assert sum(images["quarantined"].values()) == 3
    assert flow["tables"]["samples"]["quarantined"] == {"sample_id missing": 2}
    assert flow["tables"]["samples"]["cells"] == {"not a number": 1, "out of range": 1}
    assert flow["tables"]["notes"]["quarantined"] == {
        "more cells than the 3 columns of the header": 1
    }
    assert flow["samples"] == 60 and flow["patients"] == 30


def test_the_flow_splits_samples_by_modality_part_and_label_without_a_rest(tmp_path):
    flow = participant_flow(result_of(Cohort.read(make_cohort(tmp_path / "cohort", samples=60))))
    assert all(sum(m.values()) == 60 for m in flow["modalities"].values())
    assert flow["modalities"]["image"]["with"] == 30
    assert sum(part["samples"] for part in flow["parts"].values()) == 60
    for target in flow["targets"].values():
        known = sum(sum(target[part].values()) for part in ("training", "test"))
        assert known + target["unknown"] == 60
    assert set(flow["targets"]["stage"]["test"]) == {"a", "b", "c"}
