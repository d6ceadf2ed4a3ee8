"""`hybrid-zoo explain`: where pages go, what the report links, and what is refused."""

import json
import shutil
import subprocess
from dataclasses import replace

import pandas as pd
import pytest
from patient_run import make_patient_run
from test_report import one_target

from hybrid_zoo.studies.checksums import read_checksums, write_checksums
from hybrid_zoo.studies.new_patients import read_new_patients
from hybrid_zoo.studies.patient.held_out import choose_patients
from hybrid_zoo.studies.patient.page import explain_subject, patient_page
from hybrid_zoo.studies.patient.risk import held_out
from hybrid_zoo.studies.patient.subject import find_subject
from hybrid_zoo.studies.report import write_report
from hybrid_zoo.studies.report_files import read_run
from hybrid_zoo.studies.trained import read_trained

USAGE, DATA = 2, 3
pytestmark = pytest.mark.usefixtures("quick_fits")


@pytest.fixture(scope="module")
def made(tmp_path_factory, quick_fits):
    return make_patient_run(tmp_path_factory.mktemp("made"), only_columns=True)


@pytest.fixture(scope="module")
def reported(made, tmp_path_factory):
    """The same run with everything that a report is made of."""
    run = shutil.copytree(made[0], tmp_path_factory.mktemp("reported") / "run")
    known = one_target(run.parent / "other", resamples=20)
    metrics = json.loads((known / "metrics.json").read_text())
    threshold = json.loads((run / "metrics.json").read_text())["targets"]["death"]["threshold"]
    metrics["targets"]["death"]["threshold"] = threshold
    (run / "metrics.json").write_text(json.dumps(metrics))
    rows = pd.read_csv(run / "predictions.csv", dtype=str)
    models = metrics["targets"]["death"]["models"]
    table = pd.concat(rows.assign(model=name) for name in models)
    table.to_csv(run / "predictions.csv", index=False)
    (run / "MODEL_CARD.md").write_text("completed by its author")
    write_checksums(run)
    return run


def test_a_page_is_written_under_a_name_that_tells_nothing_and_says_which_methods_apply(
    made, call, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, err = call("explain", "--no-check", *made, "--sample", "0002")
    assert code == 0 and not err and "not a medical device" in out
    page = (tmp_path / "explanation.html").read_text(encoding="utf-8")
    assert "0002" not in page and "One patient explained" in page
    assert "HiResCAM does not apply: it needs" in page and "Attention does not apply" in page
    assert "and stand here: Shapley values, Integrated gradients and Occlusion." in page
    code, _, err = call("explain", "--no-check", *made, "--sample", "0001")
    assert code == USAGE and "--overwrite" in err


def test_patients_that_the_run_learnt_from_are_said_to_be_such(made, call, tmp_path):
    out = tmp_path / "deep" / "page.html"
    assert (
        call("explain", "--no-check", *made, "--sample", "0000", "--out", out, "--identifiers")[0]
        == 0
    )
    page = out.read_text(encoding="utf-8")
    assert "the risk flatters the model" in page and "Sample <strong>0000</strong>" in page


def test_new_patients_need_neither_labels_nor_configuration(made, call, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    table = pd.read_csv(made[1] / "samples.csv", dtype=str)[["sample_id", "age", "sex"]][:3]
    table["sample_id"], table["sex"] = ["ward-x1", "ward-x2", "ward-x3"], [None, "m", "m"]
    table.loc[0, "age"] = None
    table.to_csv(new / "samples.csv", index=False)
    out = tmp_path / "page.html"
    assert call("explain", "--no-check", made[0], new, "--sample", "ward-x2", "--out", out)[0] == 0
    page = out.read_text(encoding="utf-8")
    assert (
        "had held this patient out" not in page and "flatters" not in page and "ward-x2" not in page
    )
    assert (
        call(
            "explain",
            "--no-check",
            made[0],
            new,
            "--sample",
            "ward-x1",
            "--out",
            tmp_path / "bare.html",
        )[0]
        == 0
    )
    bare = (tmp_path / "bare.html").read_text(encoding="utf-8")
    assert "Not recorded at all: columns." in bare and 'id="values"' not in bare
    table.drop(columns="sex").to_csv(new / "samples.csv", index=False)
    code, _, err = call(
        "explain", "--no-check", made[0], new, "--sample", "ward-x2", "--out", out, "--overwrite"
    )
    assert code == DATA and "sex" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sample", "00021"), ["No sample '00021'", "'0002'", "among the 40"]),
        (("--sample", "0002", "--target", "deth"), ["'deth'", "Did you mean 'death'?"]),
        (("--report", "2", "--target", "deth"), ["'deth'", "Did you mean 'death'?"]),
        ((), ["--sample ID", "neither"]),
        (("--sample", "0002", "--report", "2"), ["both"]),
        (("--report", "2", "--identifiers"), ["hold no id"]),
    ],
)
def test_bad_options_are_refused_in_one_line(made, call, tmp_path, arguments, said):
    code, _, err = call("explain", "--no-check", *made, *arguments, "--out", tmp_path / "page.html")
    assert code == USAGE and all(words in err for words in said)
    assert err.count("\n") == 1 and not (tmp_path / "page.html").exists()


def test_what_is_no_run_or_was_changed_is_refused(made, call, tmp_path):
    out = ("--sample", "0002", "--out", tmp_path / "page.html")
    code, _, err = call("explain", "--no-check", tmp_path, made[1], *out)
    assert code == USAGE and "no metrics.json" in err
    run = shutil.copytree(made[0], tmp_path / "run")
    with (run / "predictions.csv").open("a") as file:
        file.write("0002,death,hybrid,test,1,0.9,0,\n")
    code, _, err = call("explain", "--no-check", run, made[1], *out)
    assert code == DATA and "predictions.csv is not the file that the study wrote" in err


def test_held_out_patients_are_chosen_by_a_rule_and_named_by_nothing_of_theirs(made):
    trained, known = read_trained(made[0]), held_out(read_run(made[0]).predictions)
    chosen = choose_patients(trained, known, "death", 6)
    assert chosen == choose_patients(trained, known.sample(frac=1, random_state=1), "death", 6)
    assert [c.name.split(":")[0] for c in chosen] == [f"Patient {k}" for k in range(1, 7)]
    rows = known[known["target"] == "death"].set_index("sample_id")
    for patient in chosen:
        high = rows.loc[patient.sample_id, "probability"] >= trained.threshold("death")
        event = rows.loc[patient.sample_id, "label"] == "1"
        assert ("high risk" in patient.name) == high
        assert ("correct" in patient.name) == (high == event)
        assert ("did not" in patient.outcome) != event
    assert len({c.sample_id for c in chosen}) == 6


def test_where_folds_were_held_out_the_page_tells_the_refit_from_their_models(made):
    trained = read_trained(made[0])
    folds = replace(trained, splits=trained.splits.drop(columns="split"))
    known = held_out(read_run(made[0]).predictions)
    (patient,) = choose_patients(folds, known, "death", 1)
    assert "when this patient's fold was held out" in patient.outcome
    subject = find_subject(folds, *read_new_patients(folds, made[1]), patient.sample_id)
    page = patient_page(subject, explain_subject(subject), known)
    assert "this model is a refit on everybody" in page and "the risk flatters the model" in page


def test_the_report_links_pages_by_neutral_names_and_vouches_for_them(reported, made, call):
    before = read_checksums(reported)
    code, out, err = call("explain", "--no-check", reported, made[1], "--report", "3")
    assert code == 0 and not err and "Wrote 3 pages" in out
    page = (reported / "report.html").read_text(encoding="utf-8")
    for k in (1, 2, 3):
        assert f'<a href="patients/patient-{k}.html">Patient {k}: ' in page
        patient = (reported / f"patients/patient-{k}.html").read_text(encoding="utf-8")
        assert f"<h1>Patient {k}: " in patient and "The event " in patient
    assert (reported / "MODEL_CARD.md").read_text() == "completed by its author"
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=reported)
    after = read_checksums(reported)
    assert done.returncode == 0 and {*after} > {*before, "patients/index.json"}
    assert after["model.keras"] == before["model.keras"]
    assert write_report(reported).read_text(encoding="utf-8") == page  # from the run's files alone


def test_pages_beside_a_report_are_replaced_only_when_asked(reported, made, call):
    code, _, err = call("explain", "--no-check", reported, made[1], "--report", "1")
    assert code == USAGE and "--overwrite" in err
    assert call("explain", "--no-check", reported, made[1], "--report", "1", "--overwrite")[0] == 0
    assert {p.name for p in (reported / "patients").iterdir()} == {"index.json", "patient-1.html"}
    assert "patients/patient-2.html" not in read_checksums(reported)


def test_other_patients_by_the_same_numbers_are_no_pages_of_a_report(made, call, tmp_path):
    run, other = shutil.copytree(made[0], tmp_path / "run"), tmp_path / "other"
    shutil.copytree(made[1], other)
    table = pd.read_csv(other / "samples.csv", dtype={"sample_id": str})
    table.assign(age=table["age"] + 1).to_csv(other / "samples.csv", index=False)
    code, _, err = call("explain", "--no-check", run, other, "--report", "2")
    assert code == USAGE and "2 of the 2 held-out patients" in err
    assert not (run / "patients").exists()
