"""`hybrid-zoo evaluate`: a frozen model on patients that it knows, or does not, and says which."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import WIDTHS, chromium, look_at
from factories import cohort_tables
from sklearn.metrics import brier_score_loss, roc_auc_score
from tiny_run import TEST, make_run

pytestmark = pytest.mark.usefixtures("quick_fits")

USAGE, DATA = 2, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made"))


def write_patients(folder, ids=None, rename=lambda name: name, **changed):
    """Tables of some samples in another order, their ids renamed."""
    folder.mkdir()
    for name in ("samples", "events"):
        table = changed.get(name, cohort_tables()[name])
        kept = table if ids is None else table[table["sample_id"].isin(ids)]
        kept = kept[::-1].assign(sample_id=kept["sample_id"][::-1].map(rename))
        if "patient_id" in kept:
            kept["patient_id"] = kept["patient_id"].map(rename)
        kept.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture
def evaluate(call, tmp_path, made):
    """Run `hybrid-zoo evaluate` on patients; return what it printed and what it wrote."""

    def of(patients, *more):
        out = tmp_path / "evaluated"
        code, printed, err = call("evaluate", made[0], patients, "--out", out, *more)
        assert code == 0 and not err, err
        return printed, json.loads((out / "evaluation.json").read_text())

    return of


def test_training_patients_are_left_out_where_others_are_there(evaluate, tmp_path, made):
    printed, found = evaluate(write_patients(tmp_path / "all"))
    assert set(found["parts"]) == {"test"} and found["left_out"] == 30
    block = found["parts"]["test"]["death"]
    samples = cohort_tables()["samples"].set_index("sample_id").loc[TEST]
    known = samples["death"].notna()
    truth, p = samples["death"][known], made[1][TEST][known.to_numpy()]
    assert block["n"] == known.sum() and block["events"] == truth.sum()
    hybrid = block["models"]["hybrid"]
    assert hybrid["auroc"]["value"] == pytest.approx(roc_auc_score(truth, p), abs=1e-6)
    assert hybrid["brier"]["value"] == pytest.approx(brier_score_loss(truth, p), abs=1e-6)
    assert block["observed_expected"]["value"] == pytest.approx(truth.sum() / p.sum(), abs=1e-5)
    assert "The study's own test part" in printed and "30 samples of patients" in printed
    assert "not a medical device" in printed and "too good" not in printed


def test_where_only_training_patients_remain_they_are_scored_as_apparent(evaluate, tmp_path):
    ids = [f"{k:04d}" for k in range(30)]
    printed, found = evaluate(write_patients(tmp_path / "some", ids))
    assert set(found["parts"]) == {"apparent"} and found["left_out"] == 0
    assert found["parts"]["apparent"]["stage"]["n"] == 30
    assert "Apparent: patients that the model was trained on" in printed and "too good" in printed
    assert "Apparent" in (tmp_path / "evaluated" / "evaluation.html").read_text()


def test_new_patients_are_scored_beside_the_test_part(evaluate, tmp_path):
    rename = {name: f"x{name}" for name in (f"{k:04d}" for k in range(20))}
    rename |= {f"p{k}": f"xp{k}" for k in range(10)}
    patients = write_patients(tmp_path / "mixed", rename=lambda name: rename.get(name, name))
    printed, found = evaluate(patients)
    assert set(found["parts"]) == {"new", "test"} and found["left_out"] == 10
    assert found["parts"]["new"]["stage"]["n"] == 20
    (doubt,) = found["notices"]
    assert doubt.startswith("20 samples that count as new hold exactly") and doubt in printed
    table = pd.read_csv(tmp_path / "evaluated" / "predictions.csv", dtype=str)
    assert set(table["split"]) == {"new", "test"} and set(table["class"].dropna()) == {*"abc"}
    assert len(list((tmp_path / "evaluated" / "figures").iterdir())) == 4


def test_another_sample_of_a_training_patient_is_not_new(evaluate, tmp_path):
    rename = {f"{k:04d}": f"later{k}" for k in range(10)}
    patients = write_patients(
        tmp_path / "again", [f"{k:04d}" for k in range(12)], lambda name: rename.get(name, name)
    )
    assert set(evaluate(patients)[1]["parts"]) == {"apparent"}


def test_ids_that_coincide_are_doubted_and_the_user_decides(evaluate, tmp_path):
    samples = cohort_tables(seed=5)["samples"]
    patients = write_patients(tmp_path / "other", samples=samples)
    printed, found = evaluate(patients)
    assert re.search(r"40 sample ids are those of the run, but \d+ of them hold other", printed)
    assert set(found["parts"]) == {"test"}


def test_with_other_patients_no_id_is_known(evaluate, tmp_path):
    patients = write_patients(tmp_path / "other", samples=cohort_tables(seed=5)["samples"])
    printed, found = evaluate(patients, "--other-patients")
    assert set(found["parts"]) == {"new"} and "--other-patients" not in printed
    assert found["parts"]["new"]["stage"]["n"] == 40


def test_recalibration_mends_a_shifted_outcome_and_each_patient_is_scored_by_others(
    evaluate, tmp_path, made
):
    from hybrid_zoo.studies.external import scores_beside

    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))).astype(float)

    class Arrays:
        labels, classes = {"y": y}, {}
        sample_ids = patient_ids = np.arange(4000).astype(str)

    p = 1 / (1 + np.exp(-logits))
    scores, fits = scores_beside(Arrays, "y", p, np.arange(4000), 0.5)
    assert fits["recalibrated"]["slope"] == pytest.approx(0.5, abs=0.1)
    assert fits["recalibrated"]["intercept"] == pytest.approx(-1, abs=0.1)
    brier = {m: np.mean((q - y) ** 2) for m, q in scores.probabilities.items()}
    assert brier["recalibrated"] < brier["recalibrated_in_the_large"] < brier["hybrid"]
    large = scores.probabilities["recalibrated_in_the_large"]
    assert large.mean() == pytest.approx(y.mean(), abs=0.005)


def test_few_patients_are_scored_without_recalibration_and_without_what_is_not_there(
    evaluate, tmp_path
):
    samples = cohort_tables()["samples"].drop(columns=["stage", "hospital", "sex"]).assign(sex=None)
    printed, found = evaluate(
        write_patients(tmp_path / "few", TEST, samples=samples.drop(columns="sofa"))
    )
    assert set(found["parts"]["test"]) == {"death"}
    block = found["parts"]["test"]["death"]
    assert set(block["models"]) == {"hybrid"} and "Not recalibrated: target 'death'" in printed
    assert {row["kind"] for row in block["subgroups"]} == {"availability", "group"}


def test_patients_without_labels_or_a_folder_that_is_there_are_refused(call, tmp_path, made):
    samples = cohort_tables()["samples"].drop(columns=["death", "stage"])
    patients = write_patients(tmp_path / "new", samples=samples)
    code, _, err = call("evaluate", made[0], patients)
    assert code == DATA and "no column of a target" in err and "hybrid-zoo predict" in err
    code, _, err = call("evaluate", made[0], tmp_path / "nowhere")
    assert code == DATA and "is not a folder" in err
    code, _, err = call("evaluate", made[0], patients, "--out", patients)
    assert code == USAGE and "exists" in err


def test_text_of_a_cohort_comes_out_as_text(evaluate, tmp_path):
    samples = cohort_tables()["samples"].assign(hospital="<script>alert(1)</script>")
    evaluate(write_patients(tmp_path / "odd", samples=samples))
    page = (tmp_path / "evaluated" / "evaluation.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page


def test_a_browser_shows_the_page_at_any_width_and_axe_finds_no_barrier(evaluate, tmp_path):
    evaluate(write_patients(tmp_path / "patients"))
    address = (tmp_path / "evaluated" / "evaluation.html").as_uri()
    with chromium() as browser:
        look = look_at(browser, address, axe_at=WIDTHS)
    assert look.text.count("<svg") == 2 and look.asked == [address]
    assert not look.logged and not look.overflowing and not look.violations
