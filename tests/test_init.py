"""`hybrid-zoo init`: from files to a cohort that passes `validate` as it is."""

import json
import os

import numpy as np
import pandas as pd
import pytest
import yaml
from factories import cohort_tables, make_cohort
from messy import laboratory, patients, write_patients, write_pictures

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.guessing.initialise import init_cohort

USAGE, DATA = 2, 3


@pytest.fixture
def ward(tmp_path):
    """A folder of pictures in folders and one spreadsheet; two pictures are nobody's."""
    folder = tmp_path / "ward"
    folder.mkdir()
    write_patients(folder / "Patienten.csv")
    ids = patients()["Pat-ID"]
    names = [f"thorax/{k}_ap.png" for k in ids[:40]] + ["thorax/leer.png", "thorax/9999_ap.png"]
    write_pictures(folder, names)
    return folder


def config_of(folder):
    return yaml.safe_load((folder / "cohort.yaml").read_text())


def test_a_folder_of_pictures_and_one_spreadsheet_become_a_valid_cohort(call, ward, tmp_path):
    out = tmp_path / "cohort"
    code, told, err = call("init", ward, "--out", out, "--target", "verstorben")
    assert code == 0 and not err
    assert "42: 40 matched, 2 not" in told and f"hybrid-zoo study {out} --out runs/cohort" in told
    config, text = config_of(out), (out / "cohort.yaml").read_text()
    assert config["targets"] == {"Verstorben": {"kind": "binary"}}
    assert "1 is 'ja', 0 is 'nein': it says that the event happened" in text
    assert set(config["tabular"]) == {"Geschlecht", "Alter", "Gewicht (kg)", "Diabetes"}
    assert config["groups"] == ["Geschlecht"] and config["images"]["size"] == [16, 16]
    for name in ("Verweildauer", "Entlassung"):
        assert f"# {name}: " in text and name not in config["tabular"]
    assert "decimal commas turned into points in 60 cells" in text
    samples = pd.read_csv(out / "samples.csv", dtype=str)
    assert samples["sample_id"].tolist() == patients()["Pat-ID"].tolist()
    np.testing.assert_array_equal(samples["Verstorben"] == "1", patients()["Verstorben"] == "ja")
    assert samples["Diabetes"].isna().sum() == (patients()["Diabetes"] == "k.A.").sum()
    lost = pd.read_csv(out / "unmatched_images.csv")
    assert sorted(lost["file"]) == ["thorax/9999_ap.png", "thorax/leer.png"]
    code, told, err = call("validate", out)
    assert code == 0 and not err and "bad rows" not in told and "40 rows of images" in told


def test_pictures_are_linked_where_that_is_possible_and_copied_where_not(
    ward, tmp_path, monkeypatch
):
    draft, out = init_cohort([ward], tmp_path / "linked", ["Verstorben"])
    name = "thorax/0001_ap.png"
    assert (out / "images" / name).samefile(ward / name)
    assert "40 image files hard-linked (same bytes, no space)" in draft.did

    def refuse(*paths):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    draft, out = init_cohort([ward], tmp_path / "copied", ["Verstorben"])
    assert not (out / "images" / name).samefile(ward / name)
    assert (out / "images" / name).read_bytes() == (ward / name).read_bytes()
    assert "40 image files copied" in draft.did


def test_without_a_target_candidates_are_named_and_nothing_is_written(call, ward, tmp_path):
    out = tmp_path / "cohort"
    code, _, err = call("init", ward, "--out", out)
    assert code == USAGE and "--target" in err and not out.exists()
    assert "Candidates: Verstorben, Diabetes" in err


def test_in_a_terminal_it_asks_for_the_target(ward, tmp_path):
    asked = []

    def choose(candidates):
        asked.extend(candidates)
        return candidates[:1]

    draft, _ = init_cohort([ward], tmp_path / "cohort", [], choose=choose)
    assert asked == ["Verstorben", "Diabetes"] and draft.targets[0].name == "Verstorben"


def test_a_target_that_is_not_there_is_named_with_the_nearest(call, ward, tmp_path):
    code, _, err = call("init", ward, "--out", tmp_path / "out", "--target", "Verstorbn")
    assert code == USAGE and "Did you mean 'Verstorben'" in err and not (tmp_path / "out").exists()


def test_what_is_there_is_replaced_only_when_told_and_only_what_init_wrote(call, ward, tmp_path):
    out = tmp_path / "cohort"
    arguments = ("init", ward, "--out", out, "--target", "Verstorben")
    assert call(*arguments)[0] == 0
    code, _, err = call(*arguments)
    assert code == USAGE and "--overwrite" in err
    assert call(*arguments, "--overwrite")[0] == 0 and (ward / "thorax/0001_ap.png").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    code, _, err = call(*("init", ward, "--out", tmp_path / "mine"), "--overwrite")
    assert code == USAGE and "not written by init" in err
    assert (tmp_path / "mine/thesis.txt").exists()


@pytest.fixture
def undescribed(tmp_path):
    """A folder that follows the cohort format but has no cohort.yaml."""
    tables = cohort_tables()
    tables["samples"] = tables["samples"].drop(columns="stage")
    folder = make_cohort(tmp_path / "tables", tables=tables)
    (folder / "cohort.yaml").unlink()
    return folder


def test_a_folder_of_cohort_tables_gets_its_yaml_and_nothing_else_changes(call, undescribed):
    before = {p: p.read_bytes() for p in undescribed.rglob("*") if p.is_file()}
    code, _told, err = call("init", undescribed, "--target", "death")
    assert code == 0 and not err
    after = {p: p.read_bytes() for p in undescribed.rglob("*") if p.is_file()}
    assert after.keys() - before.keys() == {undescribed / "cohort.yaml"}
    assert all(after[path] == content for path, content in before.items())
    cohort = Cohort.read(undescribed)
    assert cohort.config.scores == ("sofa",) and cohort.config.site == "hospital"
    assert cohort.config.shortcuts == ("view",) and set(cohort.config.tabular) == {"age", "sex"}
    assert not len(cohort.quarantine) and len(cohort.events) and len(cohort.notes)
    code, _, err = call("init", undescribed, "--target", "death")
    assert code == USAGE and "it alone is replaced" in err and "--overwrite" in err


def test_tables_that_would_have_to_change_are_left_alone_and_a_copy_is_asked_for(
    call, undescribed, tmp_path
):
    samples = pd.read_csv(undescribed / "samples.csv", dtype=str)
    samples["death"] = samples["death"].map({"0.0": "no", "1.0": "yes"})
    samples.to_csv(undescribed / "samples.csv", index=False)
    code, _, err = call("init", undescribed, "--target", "death")
    assert code == USAGE and "--out FOLDER" in err and not (undescribed / "cohort.yaml").exists()
    out = tmp_path / "copy"
    code, _, _ = call("init", undescribed, "--target", "death", "--out", out)
    assert code == 0 and Cohort.read(out).samples["death"].sum() > 0


def test_long_tables_become_events_counted_from_the_admission(ward, tmp_path):
    table = patients()
    laboratory(table["Pat-ID"].tolist(), table["Aufnahme"]).to_csv(
        ward / "Labor.csv", sep=";", decimal=",", index=False
    )
    draft, out = init_cohort([ward], tmp_path / "out", ["Verstorben"])
    cohort = Cohort.read(out)
    assert set(cohort.events["variable"]) == {"Na", "K", "CRP"} and not len(cohort.quarantine)
    hours = cohort.events["hours"]
    assert hours.between(0, 39).all() and (hours == hours.round()).all() and len(hours) == 600
    assert any("counted from 'Aufnahme' of samples" in line for line in draft.did)


def test_notes_are_recognised_and_a_warning_says_what_they_may_know(ward, tmp_path):
    ids = patients()["Pat-ID"]
    words = "Patient klagt über Atemnot seit drei Tagen, Husten und Fieber, Nummer "
    notes = pd.DataFrame({"Pat-ID": ids, "Befund": [words + k for k in ids]})
    notes.to_csv(ward / "Befunde.csv", index=False)
    draft, out = init_cohort([ward], tmp_path / "out", ["Verstorben"])
    assert len(Cohort.read(out).notes) == 60
    assert any("discharge letter" in line for line in draft.look)


@pytest.mark.parametrize(
    ("levels", "one"),
    [
        (("yes", "no"), "yes"),
        (("false", "true"), "true"),
        (("nein", "ja"), "ja"),
        (("alive", "dead"), "dead"),
        (("lebt", "verstorben"), "verstorben"),
        (("M", "F"), "F"),  # the rarer one
        (("T", "F"), "T"),
        (("1", "2"), "2"),
        (("gesund", "COPD"), "COPD"),  # the other one says no
    ],
)
def test_two_levels_become_a_binary_target_by_a_stated_rule(tmp_path, levels, one):
    frame = patients().drop(columns=["Verstorben", "Geschlecht"])
    frame["Ziel"] = np.where(np.arange(60) % 3 == 0, levels[1], levels[0])
    path = write_patients(tmp_path / "p.csv", frame)
    _draft, out = init_cohort([path], tmp_path / "out", ["Ziel"])
    labels = Cohort.read(out).samples["Ziel"].to_numpy()
    np.testing.assert_array_equal(labels == 1, frame["Ziel"] == one)
    assert f"1 is {one!r}" in (out / "cohort.yaml").read_text()


def test_more_levels_are_classes_and_a_quantity_is_refused(tmp_path):
    frame = patients().assign(Stadium=np.resize(["I", "II", "III"], 60))
    path = write_patients(tmp_path / "p.csv", frame)
    _, out = init_cohort([path], tmp_path / "out", ["Stadium"])
    assert Cohort.read(out).config.targets["Stadium"].classes == ("I", "II", "III")
    for name, message in (("Gewicht (kg)", "a quantity"), ("Pat-ID", "id of the rows")):
        with pytest.raises(ConfigError, match=message):
            init_cohort([path], tmp_path / "no", [name])


def test_a_target_whose_name_no_layer_may_have_gets_one(tmp_path):
    frame = patients().rename(columns={"Verstorben": "Décès à 1 an (oui/non)"})
    path = write_patients(tmp_path / "p.csv", frame)
    _draft, out = init_cohort([path], tmp_path / "out", ["Décès à 1 an (oui/non)"])
    assert list(Cohort.read(out).config.targets) == ["deces_a_1_an_oui_non"]


def test_a_column_that_knows_the_answer_is_left_out_whatever_its_name(tmp_path):
    frame = patients()
    dead = frame["Verstorben"] == "ja"
    noise = np.random.default_rng(3).normal(0, 0.1, 60)
    frame["Wert A"] = (dead + noise).round(3)
    frame["Wert B"] = np.where(dead, "x", "y")
    frame["Wert C"] = pd.Series(noise.round(3)).where(dead)
    draft, _out = init_cohort(
        [write_patients(tmp_path / "p.csv", frame)], tmp_path / "out", ["Verstorben"]
    )
    assert all(draft.roles[f"Wert {k}"].role == "outcome" for k in "ABC")
    assert "AUROC of 1.00" in draft.roles["Wert A"].why
    assert "one class of the target only" in draft.roles["Wert C"].why


def test_repeated_ids_are_patients_of_several_samples(tmp_path):
    frame = patients()
    frame["Pat-ID"] = [f"{k // 3:04d}" for k in range(60)]
    _draft, out = init_cohort(
        [write_patients(tmp_path / "p.csv", frame)], tmp_path / "out", ["Verstorben"]
    )
    cohort = Cohort.read(out)
    assert cohort.samples["patient_id"].nunique() == 20 and "0000_1" in cohort.samples.index


def test_sentinels_are_named_and_never_changed(tmp_path):
    frame = patients()
    frame.loc[:4, "Alter"] = 999
    draft, out = init_cohort(
        [write_patients(tmp_path / "p.csv", frame)], tmp_path / "out", ["Verstorben"]
    )
    assert any("999 in 5 cells may stand for not recorded" in line for line in draft.look)
    assert (pd.read_csv(out / "samples.csv")["Alter"] == 999).sum() == 5


def test_a_variable_that_knows_the_answer_is_no_variable(tmp_path, ward):
    table = patients()
    lab = laboratory(table["Pat-ID"].tolist(), table["Aufnahme"])
    dead = set(table["Pat-ID"][table["Verstorben"] == "ja"])
    rows = lab["Parameter"] == "CRP"
    lab.loc[rows, "Wert"] = lab["Pat-ID"][rows].isin(dead) * 5 + 1
    lab.to_csv(ward / "Labor.csv", index=False)
    draft, out = init_cohort([ward], tmp_path / "out", ["Verstorben"])
    assert set(Cohort.read(out).events["variable"]) == {"Na", "K"}
    assert any("CRP: it alone tells the target" in line for line in draft.look)


@pytest.mark.slow
def test_from_300_pictures_and_a_spreadsheet_to_a_report_by_two_commands(call, tmp_path):
    table = patients(300, seed=4)
    write_patients(tmp_path / "raw.csv", table)
    write_pictures(tmp_path / "bilder", [f"{k}/p{k}.png" for k in table["Pat-ID"]], side=24)
    out, run = tmp_path / "cohort", tmp_path / "run"
    paths = (tmp_path / "raw.csv", tmp_path / "bilder")
    code, _, err = call("init", *paths, "--out", out, "--target", "Verstorben")
    assert code == 0 and not err
    options = "--trials 1 --folds 2 --seeds 1 --epochs 2".split()
    code, _told, _ = call("study", out, "--out", run, *options)
    assert code == 0 and (run / "report.html").stat().st_size > 10_000
    models = json.loads((run / "metrics.json").read_text())["targets"]["Verstorben"]["models"]
    assert {"hybrid", "image_only", "tabular_only"} <= set(models)
