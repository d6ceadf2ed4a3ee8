"""The baselines of a study: limits, failures, and estimators by import path."""

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from hybrid_zoo.errors import ConfigError, UnsafeArtifactError
from hybrid_zoo.evaluation.verdict import is_simpler
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.cli import app
from hybrid_zoo.studies.commands import study
from hybrid_zoo.studies.rivals import Rivals
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.runner import run_study
from hybrid_zoo.studies.settings import Settings, read_settings
from hybrid_zoo.studies.words_models import in_sentence, model_name
from hybrid_zoo.studies.words_study import limits_in_words
from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.storage import load_baseline
from hybrid_zoo.tuning.worker import Worker

BAYES = "sklearn.naive_bayes.GaussianNB"


def _cohort():
    rng = np.random.default_rng(0)
    samples = pd.DataFrame({"sample_id": [f"s{k}" for k in range(40)], "age": rng.normal(size=40)})
    samples["y"] = (samples["age"] + rng.normal(size=40) > 0).astype(int)
    samples.loc[::7, "age"] = np.nan
    samples["split"] = ["train", "train", "train", "test"] * 10
    return Cohort.from_frames(samples, targets=["y"], tabular=["age"], split="split")


@pytest.fixture(scope="module")
def worker():
    with Worker("hybrid_zoo.tuning.baseline_task") as worker:
        yield worker


def _enter(worker, names, *, spaces=None, trials=1, minutes=30.0, deadline=None):
    """Let some baselines of 30 rows (20 per fold) and ten to score run through a round."""
    cohort = _cohort()
    arrays = cohort.to_arrays()
    further = {name: (spaces or {}).get(name, {}) for name in names if "." in name}
    rivals = Rivals(cohort, arrays, further)
    rivals.names, rivals.worker = names, worker
    done: list[str] = []
    test = (cohort.samples.loc[arrays.sample_ids, "split"] == "test").to_numpy()
    this = Round(
        number=0,
        arrays=arrays,
        train=np.flatnonzero(~test),
        scored=np.flatnonzero(test),
        settings=Settings(folds=3, baseline_minutes=minutes),
        trials=trials,
        workspace=Path(),
        on_fit=done.append,
        deadline=deadline,
    )
    entries = rivals.enter(this)
    assert done == rivals.names
    return rivals, entries, this


def _task(rivals, name, this):
    rivals._budget(name, this)
    return rivals.worker._thing


def test_a_process_of_its_own_changes_no_figure(worker):
    names = ["logistic_regression", "gradient_boosting", BAYES]
    rivals, entries, this = _enter(worker, names, trials=2)
    for name, entry in entries.items():
        task = _task(rivals, name, this)
        configs = rivals._baselines[name].configurations(2, 0)
        assert entry.cost.configurations == len(configs) == (1 if name == BAYES else 2)
        assert entry.cost.fits == 3 * len(configs) + 1
        tried = [task.cross_validate(config)["y"] for config in configs]
        best = int(np.argmax([area for area, _ in tried]))
        assert entry.config["y"] == configs[best]
        np.testing.assert_array_equal(entry.out_of_fold["y"], tried[best][1])
        (_, scored), *_ = task.fit_and_score(entry.config, this.train, this.scored).values()
        np.testing.assert_array_equal(entry.scored["y"][this.scored], scored)
        assert np.isnan(entry.scored["y"][this.train]).all()


def test_a_baseline_that_hangs_fails_dies_or_is_unsure_is_left_out_with_its_reason(worker):
    bad = [f"own_estimators.{name}" for name in ("Raises", "Crashes", "Unsure", "Hangs")]
    start = time.monotonic()
    rivals, entries, _ = _enter(worker, [*bad, "majority"], minutes=0.03)
    assert time.monotonic() - start < 60
    assert list(entries) == ["majority"] and list(rivals.left_out) == bad
    raises, crashes, unsure, hangs = rivals.left_out.values()
    early = ", before one configuration was done"
    assert raises == "ValueError: this one never learns" + early
    assert crashes.startswith("its process ended with code 7; is there enough memory?")
    assert unsure.startswith("NumericsError: predicted a score that is not a finite number")
    assert hangs == "reached its limit of 0.03 minutes" + early


def test_what_was_done_before_the_limit_counts(worker):
    name = "own_estimators.quick_by_default"
    spaces = {name: {"slow_above": [0]}}
    rivals, entries, _ = _enter(worker, [name], spaces=spaces, trials=3, minutes=0.03)
    assert entries[name].config == {"y": {"model": name}} and not rivals.left_out
    assert entries[name].cost.configurations == 1 and entries[name].cost.fits == 4
    limit = "1 of 3 configurations, then reached its limit of 0.03 minutes"
    assert rivals.cut_short == {name: limit}


def test_a_final_fit_that_hangs_is_ended_too(worker):
    name = "own_estimators.quick_on_folds"
    rivals, entries, _ = _enter(worker, [name], minutes=0.03)
    assert rivals.left_out == {name: "reached its limit of 0.03 minutes, in its final fit"}
    assert not entries


def test_no_further_configuration_starts_when_the_time_of_the_study_is_over(worker):
    rivals, entries, _ = _enter(worker, ["logistic_regression"], trials=3, deadline=0.0)
    assert entries["logistic_regression"].cost.configurations == 1
    reason = "1 of 3 configurations, then the study's time was over"
    assert rivals.cut_short == {"logistic_regression": reason}


def test_who_was_left_out_of_a_round_is_not_fitted_in_the_next(worker):
    name = "own_estimators.Raises"
    rivals, _, this = _enter(worker, [name, "majority"])
    rivals.left_out[name] = "the first reason"
    assert list(rivals.enter(this)) == ["majority"]
    assert rivals.left_out == {name: "the first reason"}


WRONG = {
    "svm": r"'svm' runs anyway",
    "svn": r"'svn' is no import path\. Did you mean 'svm'\?",
    "sklaern.svm.SVC": r"no 'sklaern' in the installed packages\. Did you mean 'sklearn'\?",
    "sklearn.naive_bays.GaussianNB": r"no 'naive_bays' in sklearn\. Did you mean 'naive_bayes'\?",
    "sklearn.naive_bayes.GausianNB": r"Did you mean 'GaussianNB'\?",
    "sklearn.naive_bayes": r"called without arguments, got a module",
    "sklearn.linear_model.LinearRegression": r"is no classifier that ranks",
    "sklearn.ensemble.VotingClassifier": r"got one that needs \['estimators'\]",
    "own_estimators.NeedsMore": r"got one that needs \['prior'\]\. Write a function",
    "own_estimators.CannotBeCloned": r"cannot be made and cloned \(RuntimeError: ",
    "own_estimators.OnlyDecides": r"expected one with decision_function or predict_proba",
    "broken_on_import.Any": r"cannot be imported \(ZeroDivisionError: ",
    "lacking_something.Any": r"cannot be imported \(ModuleNotFoundError: .*no_such_package",
}


@pytest.mark.parametrize("path", WRONG)
def test_what_is_no_classifier_is_refused_before_anything_is_written(path, tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "broken_on_import.py").write_text("1 / 0")
    (tmp_path / "lib" / "lacking_something.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    with pytest.raises(ConfigError, match=WRONG[path]):
        run_study(_cohort(), Settings(baselines={path: {}}), tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["lib"]


def test_a_parameter_that_is_not_there_and_an_empty_space_are_refused():
    with pytest.raises(ConfigError, match=r"no parameter 'var_smooting'\. Did you mean 'var_smoo"):
        baseline(BAYES, {"var_smooting": [1]})
    with pytest.raises(ConfigError, match="var_smoothing got no value"):
        baseline(BAYES, {"var_smoothing": []})


def test_a_space_is_drawn_from_after_the_default_and_reaches_the_estimator():
    bayes = baseline(BAYES, {"var_smoothing": [0.1, 0.2]})
    first, *drawn = bayes.configurations(5, seed=0)
    assert first == {"model": BAYES} and len(drawn) == 4
    assert {config["var_smoothing"] for config in drawn} == {0.1, 0.2}
    assert len(baseline(BAYES).configurations(5, seed=0)) == 1


def test_seed_and_class_weights_reach_every_step_that_has_them(worker):
    name = "own_estimators.configured"
    rivals, _, this = _enter(worker, [name])
    fitted = _task(rivals, name, this).fit({"y": {"model": name}}, this.train)["y"]
    logistic = fitted.pipeline[-1][-1]
    assert (logistic.class_weight, logistic.random_state, logistic.C) == ("balanced", 0, 0.5)
    unfitted = baseline(name).recipes[name].build({}, rivals._features[name], 5, None)
    assert unfitted[-1][-1].class_weight is None and unfitted[-1][-1].random_state == 5


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BAYES, {BAYES: {}}),
        ([BAYES, "a.B"], {BAYES: {}, "a.B": {}}),
        ({BAYES: None, "a.B": {"c": [1, 2]}}, {BAYES: {}, "a.B": {"c": [1, 2]}}),
    ],
)
def test_baselines_are_one_several_or_a_mapping_to_their_spaces(given, expected):
    assert read_settings(None, {"baselines": given}).baselines == expected


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(minutes):
    with pytest.raises(ConfigError, match="Option baseline_minutes"):
        read_settings(None, {"baseline_minutes": minutes})
    with pytest.raises(ConfigError, match="Option baselines"):
        read_settings(None, {"baselines": {BAYES: {"var_smoothing": 3}}})


def test_the_command_line_takes_several_import_paths_and_a_limit(monkeypatch, cohort_folder):
    seen = []

    def stop(cohort, settings, out, **more):
        seen.append(settings)
        raise typer.Exit

    monkeypatch.setattr(study, "run_with_bar", stop)
    words = ["--baseline", BAYES, "--baseline", "a.B", "--baseline-minutes", "2.5"]
    done = CliRunner().invoke(app, ["study", str(cohort_folder), "--out", "run", *words])
    assert done.exit_code == 0
    assert (seen[0].baselines, seen[0].baseline_minutes) == ({BAYES: {}, "a.B": {}}, 2.5)


def test_the_limits_of_a_study_tell_who_did_not_come_as_far_as_the_others():
    reasons = {"left_out": {"svm": "A"}, "cut_short": {BAYES: "B"}, "not_saved": {}}
    told = limits_in_words({"targets": {}, "simulated": False, **reasons})
    assert told[:2] == [
        "Not compared. Support vector machine: A.",
        "Compared with fewer configurations than the others. GaussianNB (sklearn.naive_bayes): B.",
    ]
    assert len(limits_in_words({"targets": {}, "simulated": False})) == len(told) - 2


def test_an_import_path_is_always_simpler_than_the_hybrid_whatever_its_name():
    assert is_simpler("stack_library.Model") and is_simpler("hybrid_models.Tree")
    assert not is_simpler("stack") and not is_simpler("hybrid_ensemble")


def test_an_import_path_has_a_name_for_people():
    assert model_name(BAYES) == "GaussianNB (sklearn.naive_bayes)"
    assert in_sentence(BAYES) == "GaussianNB"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A study with further baselines, of which one always fails and one is nobody's type."""
    steps: list[tuple[int, int, str]] = []
    further = (BAYES, "own_estimators.Raises", "own_estimators.Prior")
    settings = Settings(
        trials=1,
        seeds=1,
        folds=2,
        epochs=1,
        resamples=100,
        baselines={path: {} for path in further},
    )
    out = tmp_path_factory.mktemp("runs") / "run"
    run_study(_cohort(), settings, out, progress=lambda *step: steps.append(step))
    # The progress reaches the total that it announced.
    assert [step[0] for step in steps] == list(range(steps[0][1] + 1))
    assert len({step[1] for step in steps}) == 1
    return out


def test_a_study_compares_further_baselines_and_names_those_it_had_to_leave_out(run):
    metrics = json.loads((run / "metrics.json").read_text())
    block = metrics["targets"]["y"]
    assert {BAYES, "own_estimators.Prior"} < set(block["models"])
    assert BAYES in block["models"]["stack"]["weights"]
    assert metrics["left_out"] == {
        "own_estimators.Raises": "ValueError: this one never learns, before one configuration was "
        "done"
    }
    for page in ("report.html", "MODEL_CARD.md"):
        assert "Not compared. Raises" in (run / page).read_text()
    assert "own_estimators.Raises is left out: ValueError" in (run / "run.log").read_text()
    assert not list((run / "baselines").glob("own_estimators.Raises*"))


def test_a_saved_baseline_takes_the_models_inputs_and_a_foreign_one_only_on_trust(run):
    inputs = _cohort().to_arrays()
    bayes = load_baseline(run / "baselines" / f"{BAYES}-y.skops")
    assert bayes.predict_proba(inputs).shape == (40, 2)
    path = run / "baselines" / "own_estimators.Prior-y.skops"
    with pytest.raises(UnsafeArtifactError, match=r"'own_estimators\.Prior'.* as `trusted`"):
        load_baseline(path)
    prior = load_baseline(path, trusted=["own_estimators.Prior"])
    assert np.ptp(prior.predict_proba(inputs), axis=0).tolist() == [0, 0]
