"""What a finished search leaves: tables, curves, space, TensorBoard's runs, and a page."""

import html
import json
import re

import keras_tuner
import numpy as np
import pandas as pd
import pytest
import yaml
from outline import Outline
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.util import tensor_util

from hybrid_zoo.errors import ConfigError, NumericsError
from hybrid_zoo.studies.search_files import read_search
from hybrid_zoo.studies.search_page import write_search_page
from hybrid_zoo.studies.tables_search import trials_table
from hybrid_zoo.studies.words_search import value_text
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.learner import Fitted
from hybrid_zoo.tuning.options import SearchOptions

ROWS = np.arange(40)
FILES = ["curves.csv", "space.yaml", "summary.json", "tensorboard", "trials.csv"]


class Scripted:
    """A learner that fits nothing: its scores and curves are functions of the configuration."""

    space = None

    def __init__(self, failing=("c",)):
        self.failing = failing

    def draw(self, hp):
        config = {
            "dropout": hp.Float("dropout", 0.1, 0.6, step=0.1, default=0.3),
            "rate": hp.Float("rate", 1e-4, 1e-1, sampling="log", default=1e-3),
            "score": hp.Int("score", 1, 9, default=5),
            "kind": hp.Choice("kind", ["a", "None", "c"]),
            "flag": hp.Boolean("flag"),
        }
        with hp.conditional_scope("kind", ["a"]):
            layers = hp.Choice("a.layers", [1, 2])
        return config | ({"layers": layers} if config["kind"] == "a" else {})

    def declare(self, hp):
        self.draw(hp)

    def fit(self, config, rows, valid=None, *, epochs=50, seed=0):
        if config["kind"] in self.failing:
            raise NumericsError("Epoch 1 left values that are not finite.")
        history = {"loss": [1.0, 0.5, 0.25], "val_loss": [config["dropout"], 0.05, 0.1]}
        return Fitted(model=None, epochs=2, seconds=1.5, history=history)

    def score(self, config, rows):
        found = 0.5 + 0.04 * config["score"] + 0.001 * (rows[0] % 3)
        return {"y": np.full(len(rows), found)}, {"auc": found}

    def identity(self):
        return {"data": "none"}


def made(folder, learner=None, objective="max", trials=12, **options):
    return CrossValidatedTuner(
        learner or Scripted(),
        objective=keras_tuner.Objective("auc", objective),
        directory=folder,
        trials=trials,
        options=SearchOptions(**({"epochs": 3} | options)),
    )


def run(tuner):
    folds = [(np.delete(ROWS, part), part) for part in np.split(ROWS, 4)]
    tuner.run(Protocol(folds=folds, labels={"y": ROWS % 2}, patient_ids=ROWS))
    return tuner


def searched(*args, **options):
    return run(made(*args, **options))


@pytest.fixture(scope="module")
def tuner(tmp_path_factory):
    """A search in which trials are whole, stopped and failed."""
    return searched(tmp_path_factory.mktemp("search"), race=0.05)


@pytest.fixture(scope="module")
def folder(tuner, tmp_path_factory):
    return tuner.write_report(tmp_path_factory.mktemp("report") / "deep" / "here")


@pytest.fixture(scope="module")
def page(folder):
    return write_search_page(folder, simulated=True).read_text(encoding="utf-8")


def words_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def test_the_table_of_trials_is_the_tuners_with_every_status(tuner, folder):
    table = pd.read_csv(
        folder / "trials.csv", index_col="trial", dtype={"trial": str},
        keep_default_na=False, na_values=[""],
    )  # fmt: skip
    pd.testing.assert_frame_equal(table, tuner.table(), check_dtype=False)
    assert set(table["status"]) == {"whole", "stopped", "failed"}


def test_a_parameter_that_is_called_like_a_column_takes_no_columns_place(tuner):
    table, trials = tuner.table(), tuner.oracle.trials
    assert table["parameter/score"].tolist() == [
        trials[t].hyperparameters.get("score") for t in table.index
    ]
    whole = table[table["status"] == "whole"]
    np.testing.assert_allclose(whole["score"], whole["mean"])


def test_the_curves_are_what_each_finished_fit_reported(tuner, folder):
    curves = pd.read_csv(folder / "curves.csv", dtype={"trial": str})
    table = tuner.table()
    finished = table.filter(like="fold_").notna().sum(axis=1)
    counted = curves.groupby("trial")["fold"].nunique().reindex(table.index, fill_value=0)
    assert counted.tolist() == finished.tolist()
    for (trial, _), rows in curves.groupby(["trial", "fold"]):
        assert rows["epoch"].tolist() == [1, 2, 3] and rows["loss"].tolist() == [1.0, 0.5, 0.25]
        assert rows["val_loss"].tolist() == [table.loc[trial, "dropout"], 0.05, 0.1]


def test_the_summary_says_what_was_chosen_and_what_it_cost(tuner, folder):
    summary, table = json.loads((folder / "summary.json").read_text()), tuner.table()
    config, result = tuner.best()
    assert summary["best"]["config"] == config
    assert summary["best"]["mean"] == np.mean(result.scores) == table["mean"].max()
    assert table.loc[summary["best"]["trial"], "mean"] == table["mean"].max()
    assert summary["fits"] == table.filter(like="fold_").notna().sum().sum()
    assert summary["seconds"] == 1.5 * summary["fits"] == table["seconds"].sum()
    assert (summary["trials"], summary["untried"], summary["folds"]) == (12, 0, 4)


def test_the_lowest_mean_is_chosen_where_lower_is_better(tmp_path):
    tuner = searched(tmp_path / "s", objective="min")
    summary = json.loads((tuner.write_report(tmp_path / "r") / "summary.json").read_text())
    assert summary["best"]["mean"] == tuner.table()["mean"].min() == np.mean(tuner.best()[1].scores)


def test_the_space_names_kind_range_and_default_of_each_parameter(folder):
    space = {p.pop("name"): p for p in yaml.safe_load((folder / "space.yaml").read_text())}
    assert list(space) == ["dropout", "rate", "score", "kind", "flag", "a.layers"]
    assert space["rate"] == {
        "kind": "Float", "min_value": 1e-4, "max_value": 0.1, "step": None, "sampling": "log", "default": 1e-3
    }  # fmt: skip
    assert space["kind"]["values"] == ["a", "None", "c"] and space["kind"]["default"] == "a"
    assert space["a.layers"]["when"] == {"kind": ["a"]} and "when" not in space["kind"]


def events_of(folder):
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def scalars(events, tag):
    return [float(tensor_util.make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]


def hparams_of(events):
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    return start, {k: getattr(v, v.WhichOneof("kind")) for k, v in start.hparams.items()}


def test_tensorboard_reads_every_trials_values_scores_and_curves(tuner, folder):
    table = tuner.table()
    assert len(table) == len([p for p in (folder / "tensorboard").iterdir() if p.is_dir()])
    # TensorBoard's own names hold that of the machine.
    assert {p.name for p in folder.rglob("*tfevents*")} == {"events.out.tfevents"}
    for trial, row in table.iterrows():
        events = events_of(folder / "tensorboard" / trial)
        start, values = hparams_of(events)
        assert start.group_name == trial
        assert values == tuner.oracle.trials[trial].hyperparameters.values
        if row["status"] == "whole":
            assert scalars(events, "mean") == [pytest.approx(row["mean"])]
            assert scalars(events, "sd") == [pytest.approx(row["sd"])]
            curve = [pytest.approx(v) for v in (row["dropout"], 0.05, 0.1)]
            assert scalars(events, "val_loss/fold_4") == curve
            assert [e.step for e in events.Tensors("loss/fold_1")] == [1, 2, 3]
        else:
            assert "mean" not in events.Tags()["tensors"]


def test_tensorboard_knows_failed_trials_and_the_range_of_every_parameter(tuner, folder):
    events = events_of(folder / "tensorboard")
    content = events.SummaryMetadata("_hparams_/experiment").plugin_data.content
    experiment = plugin_data_pb2.HParamsPluginData.FromString(content).experiment
    ranges = {info.name: info for info in experiment.hparam_infos}
    kinds = {value.string_value for value in ranges["kind"].domain_discrete.values}
    assert kinds == {"a", "None", "c"}
    assert (ranges["dropout"].domain_interval.min_value, ranges["score"].type) == (
        0.1, api_pb2.DATA_TYPE_FLOAT64
    )  # fmt: skip
    ends = {}
    for trial in tuner.table().index:
        found = events_of(folder / "tensorboard" / trial)
        content = found.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
        ends[trial] = plugin_data_pb2.HParamsPluginData.FromString(content).session_end_info.status
    failed = tuner.table()["status"] == "failed"
    assert [ends[t] == api_pb2.STATUS_FAILURE for t in failed.index] == failed.tolist()


def test_written_again_it_is_there_once(tuner, tmp_path):
    for _ in range(2):
        tuner.write_report(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert len(list((tmp_path / "tensorboard" / "00").iterdir())) == 1


def test_a_worker_writes_nothing(tuner, tmp_path, monkeypatch):
    monkeypatch.setattr(tuner, "_is_worker", lambda: True)
    assert not tuner.write_report(tmp_path / "none").exists()


def test_the_page_is_balanced_labelled_and_asks_nothing_from_outside(page):
    outline = Outline(page)
    assert not outline.open and len(set(outline.ids)) == len(outline.ids)
    labels = [a["aria-labelledby"] for _, a in outline.tags if "aria-labelledby" in a]
    assert set(labels) <= set(outline.ids) and all(x.startswith("#") for x in outline.links)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in outline.tags}
    assert not re.search(r"url\((?!#)", page) and page.count("<svg") == 2
    images = [a["aria-label"] for _, a in outline.tags if a.get("role") == "img"]
    assert "fold 1 epoch 2 of 3" in images[1] and "dropout" in images[0]


def test_the_page_says_every_trials_fate_and_the_cost(tuner, page):
    text, table = words_of(page), tuner.table()
    status = table["status"].value_counts()
    fits = table.filter(like="fold_").notna().sum().sum()
    assert f"12 configurations over 4 folds: {fits} finished fits in {1.5 * fits:.0f} sec" in text
    assert f"{status['stopped']} trials were stopped" in text and "failed, such as" in text
    for kind in ("stopped", "failed"):
        assert text.count(f"({kind})") == status[kind]
    best = json.loads((tuner.write_report(tuner._folder / "r") / "summary.json").read_text())[
        "best"
    ]
    assert f"{best['trial']} (chosen) {best['mean']:.3f}" in text


def test_simulated_searches_say_so_in_title_figure_and_figure_file(folder, page):
    files = sorted(path.name for path in (folder / "figures").iterdir())
    assert files == ["learning-trials-simulated.png", "search-trials-simulated.png"]
    assert page.count("(simulated)</text>") == 2 and "<title>Search (simulated)</title>" in page


def test_trials_that_the_time_budget_left_out_are_counted_on_the_page(tmp_path):
    tuner = searched(tmp_path / "s", minutes=1e-9)
    page = write_search_page(tuner.write_report(tmp_path / "r")).read_text()
    text = words_of(page.partition("<body>")[2])
    assert "11 trials were not begun: the time budget was used up." in text
    assert "imulated" not in text


def test_one_configuration_has_fold_scores_and_a_learning_curve_but_no_search(tmp_path):
    folder = searched(tmp_path / "s", trials=1).write_report(tmp_path / "r")
    page = write_search_page(folder).read_text()
    assert "The prespecified configuration over 4 folds: 4 finished fits" in words_of(page)
    assert page.count("<svg") == 1 and "Score by parameter" not in page
    assert "Configuration: dropout 0.3, rate 0.001, score 5, kind a" in words_of(page)


def test_a_hyperband_search_shows_the_epochs_that_it_gave(tmp_path):
    tuner = searched(tmp_path / "s", oracle="hyperband", epochs=9)
    search = read_search(tuner.write_report(tmp_path / "r"))
    columns = trials_table([search], "Trials").columns
    assert "tuner/epochs" in columns and "tuner/bracket" not in columns


def test_a_search_of_which_every_trial_failed_can_still_be_read(tmp_path):
    tuner = made(tmp_path / "s", Scripted(failing=("a", "None", "c")), trials=3)
    with pytest.raises(NumericsError, match="All 3 trials failed"):
        run(tuner)
    folder = tuner.write_report(tmp_path / "r")
    page = write_search_page(folder).read_text()
    assert "No trial ran all folds" in page and "<svg" not in page
    assert json.loads((folder / "summary.json").read_text())["best"] is None


def test_a_folder_without_a_search_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no trials\.csv and no curves\.csv.*write_report"):
        write_search_page(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1024.0, "1024"), (2.84e-5, "2.84e-05"), (0.3, "0.3"), (np.nan, "\u2013"), ("None", "None"), (True, "True")],
)  # fmt: skip
def test_the_value_of_a_hyperparameter_is_short_and_a_whole_number_whole(value, text):
    assert value_text(value) == text
