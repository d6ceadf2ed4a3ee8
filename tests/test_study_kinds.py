"""Studies under cross-validation, of every input kind, of the least there is, and stopped ones."""

import gc
import logging

import numpy as np
import pandas as pd
import pytest
from factories import cohort_tables, make_cohort
from tiny_study import FILES, QUICK, SIMPLE, metrics_of

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies import parts
from hybrid_zoo.studies.result import study
from hybrid_zoo.studies.runner import prepare_folder, run_study

pytestmark = pytest.mark.usefixtures("quick_fits")


@pytest.fixture(scope="module")
def plain():
    """Samples of one column, with a declared split: the quickest study there is."""
    samples = pd.DataFrame(
        {"sample_id": [f"s{k}" for k in range(40)], "age": np.arange(40.0), "y": [0, 1] * 20}
    )
    samples["split"] = ["train", "train", "test", "test"] * 10
    return Cohort.from_frames(samples, targets=["y"], tabular=["age"], split="split")


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    """A study without a split, of one modality and of a binary and a multiclass target."""
    rng = np.random.default_rng(0)
    age, stage = rng.normal(60, 10, 60), np.resize([0, 1, 2], 60)
    samples = pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(60)],
            "patient_id": [f"p{k // 2}" for k in range(60)],
            "age": age + 9 * stage,
            "death": (age > 60).astype(int),
            "stage": np.array(["a", "b", "c"])[stage],
        }
    )
    targets = {"death": {"kind": "binary"}, "stage": {"kind": "multiclass", "classes": list("abc")}}
    cohort = Cohort.from_frames(samples, targets=targets, tabular=["age"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "OUTER_FOLDS", 2)  # five take half a minute
        return run_study(cohort, QUICK, tmp_path_factory.mktemp("crossed") / "run")


def test_a_study_in_python_is_one_call_and_is_gone_with_its_result(plain, capsys):
    settings = QUICK.model_dump(exclude_defaults=True)
    result = study(plain, progress=False, **settings)
    folder = result.folder
    assert result.metrics["plan"]["epochs"] == 1 and folder.is_dir() and not capsys.readouterr().out
    del result
    gc.collect()
    assert not folder.exists()
    with pytest.raises(ConfigError, match=r"unknown key 'minute'\. Did you mean 'minutes'"):
        study(plain, minute=3)


def test_a_small_cohort_of_one_modality_is_cross_validated(crossed):
    metrics = metrics_of(crossed)
    assert metrics["evaluation"] == "repeated_cv" and metrics["plan"]["rounds"] == 4
    assert "No hold-out" in metrics["plan"]["reason"]
    models = set(metrics["targets"]["death"]["models"])
    assert models == {"hybrid", "stack", "missingness", "majority"} | SIMPLE
    assert sorted(p.name for p in crossed.iterdir()) == sorted(FILES)
    assert not (crossed.parent / "test_looks.jsonl").exists()


def test_the_searches_of_all_rounds_are_reported_together(crossed):
    rounds = [p.name for p in sorted((crossed / "search").iterdir())]
    page = (crossed / "report.html").read_text()
    assert (
        rounds == [f"hybrid-{number}" for number in range(4)] and page.count(">Round 1</th>") == 1
    )
    assert "over 2 folds in each of 4 rounds: 8 finished fits" in page


def test_a_multiclass_target_is_scored_without_threshold_and_calibration_line(crossed):
    block = metrics_of(crossed)["targets"]["stage"]
    assert block["threshold"] is None and block["operating_points"] == []
    assert 0.6 < block["models"]["logistic_regression"]["auroc"]["value"] <= 1
    table = pd.read_csv(crossed / "predictions.csv", dtype={"sample_id": str})
    table = table[table.target == "stage"]
    sums = table.groupby(["sample_id", "model", "fold"]).probability.sum()
    np.testing.assert_allclose(sums, 1, rtol=1e-5)
    assert set(table["class"]) == set(table.label) == {"a", "b", "c"}


def test_under_cross_validation_every_sample_is_scored_once_per_repeat(crossed):
    table = pd.read_csv(crossed / "predictions.csv", dtype={"sample_id": str})
    table = table[(table.target == "death") & (table.model == "hybrid")]
    assert (table.split == "test").all() and (table.sample_id.value_counts() == 2).all()
    splits = pd.read_csv(crossed / "splits.csv", dtype=str)
    rounds = splits.filter(like="round_")
    assert rounds.shape == (60, 4) and ((rounds == "test").sum(axis=1) == 2).all()
    assert (splits.groupby("patient_id")[list(rounds)].nunique() == 1).all(axis=None)


@pytest.mark.slow
def test_every_input_kind_groups_scores_and_shortcuts_go_through(tmp_path):
    folder = make_cohort(tmp_path / "cohort", samples=40, split="part", tables=with_part())
    metrics = metrics_of(run_study(Cohort.read(folder), QUICK, tmp_path / "run"))
    models = set(metrics["targets"]["death"]["models"])
    assert {"image_only", "sequence_only", "tabular_only", "tokens_only"} < models
    assert {"score:sofa", "shortcuts"} < models
    names = {s["name"] for s in metrics["targets"]["death"]["subgroups"]}
    assert {"sex", "hospital"} < names
    assert metrics["missing_modalities"]["image"] == 0.5


def with_part():
    samples = cohort_tables()["samples"]
    return {"samples": samples.assign(part=np.where(np.arange(40) // 2 % 5 > 2, "test", "train"))}


def test_what_an_interrupted_run_left_is_replaced_and_a_whole_run_kept_until_the_end(tmp_path):
    (tmp_path / "run.partial").mkdir()
    (tmp_path / "run.partial" / "old").touch()
    (tmp_path / "run").mkdir()
    partial = prepare_folder(tmp_path / "run", overwrite=True)
    assert not list(partial.iterdir()) and (tmp_path / "run").exists()


@pytest.mark.parametrize("trials", [1, 2])
def test_an_interrupted_run_is_kept_as_partial_with_its_log(plain, tmp_path, trials):
    def interrupt(done, total, name):
        if done == 1:
            raise KeyboardInterrupt

    settings = QUICK.model_copy(update={"trials": trials})
    with pytest.raises(KeyboardInterrupt):
        run_study(plain, settings, tmp_path / "run", progress=interrupt)
    assert not (tmp_path / "run").exists()
    partial = {p.name for p in (tmp_path / "run.partial").iterdir()}
    assert {"run.log", "config.yaml", "quarantine.csv"} <= partial
    assert "stopped by KeyboardInterrupt" in (tmp_path / "run.partial/run.log").read_text()
    assert not logging.getLogger("hybrid_zoo").handlers
