import sys

import pytest
from factories import cohort_tables, make_cohort

from hybrid_zoo.studies import runner

USAGE, DATA = 2, 3


def broken(folder, name, **options):
    """A cohort folder whose table `name` was changed by a function."""
    table = cohort_tables()[name].astype(object)
    for (row, column), value in options.pop("cells").items():
        table.loc[row, column] = value
    return make_cohort(folder, tables={name: table}, **options)


def test_a_valid_cohort_is_summarised(call, cohort_folder):
    code, out, err = call("validate", cohort_folder)
    assert code == 0 and not err
    assert "40" in out and "death" in out and "bad rows" not in out
    assert not (cohort_folder / "quarantine.csv").exists()


@pytest.mark.parametrize(
    ("table", "cell", "value", "reason"),
    [
        ("samples", (4, "age"), "sixty", "not a number"),
        ("events", (4, "sample_id"), "nobody", "unknown sample"),
        ("events", (4, "hours"), None, "hours missing"),
        ("images", (4, "path"), "../outside.png", "outside the cohort folder"),
        ("images", (4, "path"), "images/none.png", "file missing"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_reason_and_the_rest_is_used(
    call, tmp_path, table, cell, value, reason
):
    folder = broken(tmp_path / "cohort", table, cells={cell: value})
    code, out, _ = call("validate", folder)
    assert code == 0 and "1 bad rows or files" in out
    lines = (folder / "quarantine.csv").read_text().splitlines()
    assert len(lines) == 2 and lines[1].startswith(f"{table},5,") and reason in lines[1]
    assert str(value) not in lines[1] or table == "images"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "file empty"), (b"hello", "not a PNG"), (None, "truncated")],
)
def test_a_bad_picture_is_quarantined_where_the_user_wants(
    call, cohort_folder, tmp_path, content, reason
):
    picture = cohort_folder / "images/0000_0.png"
    picture.write_bytes(picture.read_bytes()[:90] if content is None else content)
    elsewhere = tmp_path / "bad.csv"
    code, out, _ = call("validate", cohort_folder, "--quarantine", elsewhere)
    assert code == 0 and reason in elsewhere.read_text() and "bad.csv" in out
    assert not (cohort_folder / "quarantine.csv").exists()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({(5, "sample_id"): "0003"}, "sample_id"),
        ({(5, "death"): 2}, "impossible label"),
        ({(k, "death"): 1 for k in range(40)}, "one class only"),
    ],
)
def test_a_broken_samples_table_is_refused(call, tmp_path, cells, message):
    code, _, err = call("validate", broken(tmp_path / "cohort", "samples", cells=cells))
    assert code == DATA and message in err and "Traceback" not in err


def test_a_cohort_of_two_samples_and_an_empty_table_are_refused(call, tmp_path, cohort_folder):
    two = make_cohort(tmp_path / "two", tables={"samples": cohort_tables()["samples"].head(2)})
    code, _, err = call("validate", two)
    assert code == DATA and "2 samples; expected at least 10" in err
    (cohort_folder / "events.csv").write_bytes(b"")
    code, _, err = call("validate", cohort_folder)
    assert code == DATA and "events.csv is empty" in err


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("targets:", "targtes:", "Did you mean 'targets'"),
        ("name: tiny\n", "", "name"),
        ("  sex:", "  sexx:", "Did you mean 'sex'"),
    ],
)
def test_a_broken_cohort_yaml_is_refused_with_the_nearest_name(
    call, cohort_folder, before, after, message
):
    path = cohort_folder / "cohort.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    code, _, err = call("validate", cohort_folder)
    assert code == DATA and message in err and "Traceback" not in err


def test_a_folder_that_is_none_is_refused(call, tmp_path):
    code, _, err = call("validate", tmp_path / "nowhere")
    assert code == DATA and "nowhere" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("study", "cohort", "--out", "run", "--trails", "3"), "--trails"),
        (("study", "cohort"), "--out"),
        (("study", "cohort", "--out", "run", "--folds", "1"), "--folds"),
        (("vaildate", "cohort"), "vaildate"),
        (("validate",), "Missing argument"),
    ],
)
def test_a_wrong_call_is_a_usage_error(call, arguments, message):
    code, _, err = call(*arguments)
    assert code == USAGE and message in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch: 3", "unknown key 'epoch'. Did you mean 'epochs'"),
        ("folds: 1", "Option folds: "),
        ("trials: many", "Option trials: "),
        ("- 3", "expected keys and values, got list"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_config_file_is_a_usage_error(call, cohort_folder, tmp_path, text, message):
    (tmp_path / "options.yaml").write_text(text)
    arguments = ("--out", tmp_path / "run", "--config", tmp_path / "options.yaml")
    code, _, err = call("study", cohort_folder, *arguments)
    assert code == USAGE and message in err and not (tmp_path / "run.partial").exists()


def test_an_existing_run_is_refused_before_the_cohort_is_read(call, tmp_path):
    (tmp_path / "run").mkdir()
    code, _, err = call("study", tmp_path / "nowhere", "--out", tmp_path / "run")
    assert code == USAGE and "run exists" in err and "--overwrite" in err


def test_options_of_the_command_line_win_over_the_file(call, cohort_folder, tmp_path, monkeypatch):
    seen = []

    def stop(cohort, settings, out, **options):
        seen.append(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_study", stop)
    names = "image: {small_resnet: {blocks: 1}}\nfusion: [gated, late]\nbaselines: [a.B]\n"
    (tmp_path / "options.yaml").write_text("seed: 7\nepochs: 3\n" + names)
    code, out, _ = call(
        *("study", cohort_folder, "--out", tmp_path / "run", "--fusion", "late"),
        *("--config", tmp_path / "options.yaml", "--epochs", 9),
    )
    assert (seen[0].seed, seen[0].epochs, seen[0].folds) == (7, 9, 3)
    assert seen[0].names == {"image": {"small_resnet": {"blocks": 1}}, "fusion": {"late": {}}}
    assert seen[0].baselines == {"a.B": {}}
    assert code == 130 and "kept in" in out and "run.partial" in out


def test_an_unknown_source_is_named_with_the_nearest(call, tmp_path):
    code, _, err = call("prepare", "hanover", tmp_path, tmp_path / "out")
    assert code == USAGE and "Did you mean 'hannover'" in err


@pytest.mark.parametrize("source", ["hannover", "physionet2012", "digits"])
def test_a_source_alone_says_where_its_files_are_found(call, source):
    code, out, _ = call("prepare", source)
    assert code == 0 and f"hybrid-zoo prepare {source} RAW OUT" in out
    assert "http" in out or "doi" in out


def test_a_simulated_cohort_is_valid_and_its_folder_not_written_over(call, tmp_path):
    folder = tmp_path / "simulated"
    code, out, _ = call("simulate", folder, "--patients", 60)
    assert code == 0 and "hybrid-zoo study" in out
    code, out, _ = call("validate", folder)
    assert code == 0 and "60" in out and "imulated" in out
    code, _, err = call("simulate", folder, "--patients", 60)
    assert code == DATA and "simulated" in err
    code, _, err = call("simulate", tmp_path / "few", "--patients", 59)
    assert code == USAGE


def test_no_message_prints_a_measured_value_or_a_label(call, tmp_path):
    cells = {(5, "death"): 7.25, (6, "age"): 987654.0}
    code, out, err = call("validate", broken(tmp_path / "cohort", "samples", cells=cells))
    assert code == DATA and "7.25" not in out + err and "987654" not in out + err


def test_a_missing_package_is_an_error_of_the_environment(call, monkeypatch, cohort_folder):
    monkeypatch.setitem(sys.modules, "hybrid_zoo.pipelines.manifest", None)
    code, _, err = call("validate", cohort_folder)
    assert code == 4 and "Check the installation" in err


def test_the_statement_stands_in_the_help(call):
    code, out, _ = call("--help")
    words = " ".join(out.split())
    assert code == 0 and "is not a medical device" in words
    assert all(c in words for c in ("study", "validate", "simulate", "prepare", "demo"))


def leaking(folder):
    """A cohort whose `sofa` is the label and whose age is called a length of stay."""
    samples = cohort_tables(120)["samples"].rename(columns={"age": "los_days"})
    samples["sofa"] = samples["death"].fillna(0) * 9
    samples["patient_id"] = samples["sample_id"]
    tabular = {"los_days": {"kind": "numeric", "range": [0, 120]}}
    none = dict.fromkeys(("images", "notes", "shortcuts"))
    return make_cohort(folder, samples=120, tables={"samples": samples}, tabular=tabular, **none)


def test_possible_leaks_are_listed_and_stop_nothing_unless_strict(call, tmp_path, cohort_folder):
    folder = leaking(tmp_path / "leaking")
    code, out, err = call("validate", folder)
    assert code == 0 and not err and "Possible leaks: 2" in out and "To do:" in out
    assert "name:tabular los_days" in out and "column:score sofa" in out
    assert not (folder / "quarantine.csv").exists()
    assert call("validate", folder, "--strict")[0] == DATA
    code, out, _ = call("validate", cohort_folder, "--strict")
    assert code == 0 and "Possible leaks: none found" in out


def test_a_leak_that_is_meant_is_accepted_by_kind_or_place(call, tmp_path):
    folder = leaking(tmp_path / "leaking")
    code, out, _ = call("validate", folder, "--strict", "--accept", "name")
    assert code == DATA and "Possible leaks: 1, and 1 accepted" in out and "los_days" not in out
    both = ("--accept", "name:tabular los_days", "--accept", "column:score sofa")
    code, out, _ = call("validate", folder, "--strict", *both, "--accept", "time")
    assert code == 0 and "none found, and 2 accepted" in out
    assert "Accepted, and not found: time" in out


def test_a_study_says_how_many_leaks_are_possible(call, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_study", stop)
    code, out, _ = call("study", leaking(tmp_path / "leaking"), "--out", tmp_path / "run")
    assert code == 130 and "Possible leaks: 2 (name, column)" in out
