"""A study of a declared split: its run folder, its figures, and that they can be had again."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_study import FILES, NETS, QUICK, SIMPLE, metrics_of

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.simulation import simulate
from hybrid_zoo.saving import load
from hybrid_zoo.studies.commands import study as command
from hybrid_zoo.studies.external import measure
from hybrid_zoo.studies.known_patients import find_parts
from hybrid_zoo.studies.new_patients import notices, predict, read_labelled, read_new_patients
from hybrid_zoo.studies.result import StudyResult
from hybrid_zoo.studies.runner import run_study
from hybrid_zoo.studies.search_files import read_search
from hybrid_zoo.studies.trained import read_trained

pytestmark = pytest.mark.usefixtures("quick_fits")


def without_seconds(content):
    if isinstance(content, dict):
        return {k: without_seconds(v) for k, v in content.items() if k != "seconds"}
    return [without_seconds(v) for v in content] if isinstance(content, list) else content


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return Cohort.read(simulate(tmp_path_factory.mktemp("trap"), patients=60, shortcut=True))


@pytest.fixture(scope="module")
def run(cohort, tmp_path_factory):
    """A study of two seeds on simulated patients."""
    settings = QUICK.model_copy(update={"seeds": 2})
    return run_study(cohort, settings, tmp_path_factory.mktemp("runs") / "run", command="typed")


def test_a_run_folder_holds_every_file(run):
    assert sorted(p.name for p in run.iterdir()) == sorted(FILES)
    assert not run.with_name("run.partial").exists()
    baselines = {p.name for p in (run / "baselines").iterdir()}
    assert {f"{m}-icu.skops" for m in SIMPLE} < baselines
    assert list((run / "figures").iterdir())
    assert (run / "quarantine.csv").read_text() == "table,row,file,column,reason\n"


def test_the_command_ends_with_verdicts_and_report(call, run, monkeypatch, cohort_folder):
    """Of a study that was run: how it is run, the newcomers' tests try."""
    monkeypatch.setattr(command, "run_with_bar", lambda *_, **__: run)
    code, out, err = call("study", cohort_folder, "--out", cohort_folder / "run")
    assert code == 0 and not err
    assert all(line in out for line in StudyResult(run).in_words())
    assert f"Report: {run / 'report.html'}" in out and "protect it like the source" in out


def test_the_run_keeps_what_its_searches_report_and_nothing_of_their_state(run):
    assert {p.name for p in (run / "search").iterdir()} == {f"{name}-0" for name in NETS}
    for folder in (run / "search").iterdir():
        found = read_search(folder)
        assert found.best == "0" and found.summary["folds"] == 2 and len(found.curves) == 2
    assert not list(run.rglob("*.npz")) and not list(run.rglob("oracle*"))
    page = (run / "report.html").read_text()
    assert "<h2>Training of the networks (simulated)</h2>" in page
    assert (run / "figures" / "learning-hybrid-simulated.png").is_file()


def test_metrics_hold_the_promised_keys(run):
    metrics = metrics_of(run)
    assert metrics["simulated"] and metrics["evaluation"] == "holdout"
    assert (metrics["n_train"], metrics["n_test"], metrics["n_patients"]) == (40, 20, 60)
    assert metrics["chosen"]["image"] == "paper_cnn" and metrics["chosen"]["units"] == 64
    block = metrics["targets"]["icu"]
    aside = {"late_average", "hybrid_ensemble", "stack", "missingness", "shortcuts", "majority"}
    weights = block["models"]["stack"]["weights"]
    assert set(weights) == {"hybrid_ensemble", *SIMPLE} and min(weights.values()) >= 0
    assert set(block["models"]) == NETS | SIMPLE | aside
    assert block["verdict"] in ("helped", "no_difference", "hurt", "no_evidence")
    assert block["recommended"] in block["models"] and 0.8 < block["ceiling"] < 1
    assert block["n_train"] + block["n_test"] + block["n_unknown"] == 60


def test_every_metric_has_an_interval_around_its_value(run):
    for block in metrics_of(run)["targets"].values():
        for model in block["models"].values():
            area = model["auroc"]
            assert 0 <= area["low"] <= area["value"] <= area["high"] <= 1
            assert {"auprc", "accuracy", "precision", "recall", "specificity", "f1"} < set(model)
            assert {"brier", "calibration_intercept", "calibration_slope"} < set(model)


def test_every_model_had_the_same_chances_and_the_nets_all_seeds(run):
    models = metrics_of(run)["targets"]["icu"]["models"]
    assert {m["configurations"] for m in models.values()} == {1}
    for name in NETS:
        assert models[name]["fits"] == 2 + 2
        assert models[name]["n_parameters"] > 0 and models[name]["epochs"] == 1
    assert max(models[name]["auroc"]["seed_sd"] for name in NETS) > 0
    assert all("seed_sd" not in models[name]["auroc"] for name in SIMPLE)


def test_the_saved_model_predicts_what_the_predictions_say(run, cohort):
    table = pd.read_csv(run / "predictions.csv", dtype={"sample_id": str})
    table = table[(table.model == "hybrid") & (table.split == "test")]
    arrays = cohort.to_arrays()
    found = load(run / "model.keras").predict(arrays.inputs, verbose=0)
    rows = pd.Index(arrays.sample_ids).get_indexer(table.sample_id)
    assert len(rows) == 20 and table.probability.nunique() > 2
    np.testing.assert_allclose(found["icu"][rows, 0], table.probability, atol=1e-5)


def test_predict_gives_the_test_rows_the_studys_own_predictions(run, cohort):
    trained = read_trained(run)
    new, arrays = read_new_patients(trained, cohort.folder)
    found = predict(trained, arrays).set_index("sample_id")
    table = pd.read_csv(run / "predictions.csv", dtype={"sample_id": str})
    table = table[(table.model == "hybrid") & (table.split == "test")].set_index("sample_id")
    assert len(found) == 60 and not arrays.labels and not notices(trained, new, arrays)
    np.testing.assert_allclose(found.probability[table.index], table.probability, atol=1e-6)
    assert set(found.threshold) == {metrics_of(run)["targets"]["icu"]["threshold"]}


def test_a_result_shows_itself_as_text_page_and_tables(run):
    result = StudyResult(run)
    block = metrics_of(run)["targets"]["icu"]
    assert result.verdict.keys() == {"icu"} and result.verdict["icu"] in str(result)
    assert "<StudyResult of portable-view: icu: " in repr(result)
    table = result.table()
    assert set(table.index) == set(block["models"])
    for name, expected in block["models"]["svm"].items():
        if isinstance(expected, dict):
            assert table.loc["svm", (name, "low")] == expected["low"], name
    assert (result.comparisons()["model"] == [c["model"] for c in block["comparisons"]]).all()
    levels = result.subgroups("icu")
    assert len(levels) == len(block["subgroups"]) and {"n", "auroc", "low", "high"} < set(levels)
    assert result.model.targets == ["icu"] and len(result.predictions) and result.report.is_file()
    page = result._repr_html_()
    assert "<table>" in page and "Support vector machine" in page and "<html" not in page
    with pytest.raises(ConfigError, match="got 'icy'"):
        result.table("icy")


def test_evaluate_gives_the_test_part_the_studys_own_numbers(run, cohort):
    trained = read_trained(run)
    found, arrays = read_labelled(trained, cohort.folder)
    parts = find_parts(trained, arrays)
    assert set(parts.rows) == {"test"} and parts.left_out == 40 and not parts.notices
    block = measure(trained, found, arrays, trained.predict(arrays), parts.rows["test"])["icu"]
    study = metrics_of(run)["targets"]["icu"]
    assert (block["n"], block["events"]) == (study["n_test"], study["events_test"])
    for name, expected in study["models"]["hybrid"].items():
        if isinstance(expected, dict):
            expected.pop("seed_sd", None)
            assert block["models"]["hybrid"][name] == pytest.approx(expected, rel=1e-6, abs=1e-6), (
                name
            )
    assert [row["auroc"] for row in block["subgroups"]] == [
        row["auroc"] for row in study["subgroups"] if row["model"] == "hybrid"
    ]


def test_predictions_and_splits_follow_the_declared_split(run, cohort):
    splits = pd.read_csv(run / "splits.csv", dtype=str).set_index("sample_id")
    assert (splits["split"] == cohort.samples.loc[splits.index, "split"]).all()
    table = pd.read_csv(run / "predictions.csv", dtype={"sample_id": str})
    assert (table.split == splits.loc[table.sample_id, "split"].to_numpy()).all()
    assert not table.duplicated(["sample_id", "target", "model"]).any()
    assert table.probability.between(0, 1).all()


def test_the_log_foretells_how_long_it_takes(run):
    assert (run / "run.log").read_text().count("forecast: about ") == 1


def test_the_run_says_how_it_was_made(run):
    environment = json.loads((run / "environment.json").read_text())
    assert environment["command"] == "typed" and environment["test_looks"] >= 1
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["seeds"] == 2 and config["cohort_config"]["split"] == "split"
    assert "evaluating icu" in (run / "run.log").read_text()
    assert "imulated" in (run / "report.html").read_text()
    assert "not a medical device" in (run / "MODEL_CARD.md").read_text()
    flow = metrics_of(run)["flow"]
    assert flow["samples"] == 60 and flow["parts"]["test"] == {"samples": 20, "patients": 20}
    table = pd.read_csv(run / "table1.csv", dtype=str)
    assert table.loc[0, ["overall", "training", "test"]].tolist() == ["60", "40", "20"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_metrics_also_of_a_run_that_was_stopped_and_went_on(
    run, cohort
):
    fits = []

    def stop(done, total, name):
        fits.append(name.split()[0])
        if fits.count("hybrid") == 4:  # the first says that the study begins
            raise KeyboardInterrupt

    settings, out = QUICK.model_copy(update={"seeds": 2}), run.with_name("again")
    with pytest.raises(KeyboardInterrupt):
        run_study(cohort, settings, out, progress=stop)
    kept = {p: p.stat().st_mtime_ns for p in out.with_name("again.partial").rglob("*.npz")}
    assert len(kept) == 2  # both folds of the hybrid; its third fit is its refit
    with pytest.raises(ConfigError, match=r"a search with another .*epochs.*--new"):
        run_study(cohort, settings.model_copy(update={"epochs": 2}), out)

    def unchanged(done, total, name):
        assert all(path.stat().st_mtime_ns == time for path, time in kept.items())

    again = run_study(cohort, settings, out, command="typed", progress=unchanged)
    first, second = (json.dumps(without_seconds(metrics_of(r))) for r in (run, again))
    assert first == second
    for name in ("predictions.csv", "table1.csv"):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    looks = [json.loads((r / "environment.json").read_text())["test_looks"] for r in (run, again)]
    assert looks == [1, 2]


def test_an_existing_run_is_refused_before_anything_is_written(cohort, tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(ConfigError, match=r"run exists. Choose another --out, or pass --overwrite"):
        run_study(cohort, QUICK, tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_an_unknown_encoder_is_refused_before_anything_is_written(cohort, tmp_path):
    wrong = QUICK.model_copy(update={"sequence": ("lstn",)})
    with pytest.raises(ConfigError, match=r"Unknown sequence encoder 'lstn'. Did you mean 'lstm'"):
        run_study(cohort, wrong, tmp_path / "run")
    assert not list(tmp_path.iterdir())
