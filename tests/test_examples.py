"""The examples and the README run as a reader would run them."""

import ast
import re

import pytest
import yaml
from reader import README, ROOT, blocks, run, run_here
from typer.main import get_command

from hybrid_zoo.pipelines.schema import parse_config
from hybrid_zoo.pipelines.shards import Shards
from hybrid_zoo.studies.cli import app
from hybrid_zoo.studies.settings import read_settings
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.tuning.baselines import baseline

ALONE = ("own_cohort", "own_encoder")
"""Examples that need a process of their own: a study's log, an encoder that stays registered."""
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LAST_WORDS = {
    "numpy_arrays": r"largest change after save and load: [0-9]e[-+]\d+",
    "own_cohort": r"Report: .+report.html",
    "own_encoder": r"probabilities: \(120, 1\), all finite: True",
    "tune_own_model": r"3 +(whole|stopped) .+",
}


@pytest.mark.parametrize("script", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_runs_and_ends_with_its_result(script, tmp_path):
    if script.stem in ALONE:
        said = run(script, folder=tmp_path)
    else:
        said = run_here(script.read_text(encoding="utf-8"), tmp_path)
    last = said.strip().splitlines()[-1]
    assert re.fullmatch(LAST_WORDS[script.stem], last), last


def test_there_are_four_examples_of_at_most_80_lines():
    assert [path.stem for path in EXAMPLES] == sorted(LAST_WORDS)
    assert all(len(path.read_text().splitlines()) <= 80 for path in EXAMPLES)


def test_the_python_of_the_readme_runs_and_saves_its_model(tmp_path):
    assert len(blocks("python")) == 5
    run_here(blocks("python")[0], tmp_path)
    assert (tmp_path / "model.keras").is_file()


def test_the_readme_tunes_a_model_as_it_says(tmp_path):
    """With the model and the arrays of the example, whose metric is another, fewer trials and folds."""
    example = (ROOT / "examples" / "tune_own_model.py").read_text(encoding="utf-8")
    given = example.split("with tempfile")[0]
    block = blocks("python")[4].replace("val_auc", "val_accuracy")
    block = block.replace("trials=10", "trials=1").replace("folds=5)", "folds=2)")
    run_here(given + block, tmp_path)
    assert list((tmp_path / "search" / "folds").glob("*.npz"))


def test_the_readme_uses_shards_as_they_are():
    """Its lines are run, at a smaller size, by the tests of shards."""
    tree = ast.parse(blocks("python")[1])
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert used - {"fit", "pipelines"} <= set(dir(Shards))


def test_the_cohort_yaml_of_the_readme_is_valid_and_ten_lines_long():
    block, _ = blocks("yaml")
    config = parse_config(yaml.safe_load(block), "README.md")
    assert list(config.targets) == ["death"] and len(block.splitlines()) <= 10


def test_the_settings_yaml_of_the_readme_is_read_and_its_baselines_are_classifiers(tmp_path):
    _, block = blocks("yaml")
    path = tmp_path / "settings.yaml"
    path.write_text(block, encoding="utf-8")
    settings = read_settings(path, {})
    assert settings.model_fields_set == {"baseline_minutes", "baselines"}
    assert len(settings.baselines) == 2
    for name, space in settings.baselines.items():
        assert "." in name and baseline(name, space).configurations(1, seed=0)


def test_the_readme_lists_every_command_and_no_other():
    listed = set(re.findall(r"^\| `hybrid-zoo ([a-z]+)", README, re.MULTILINE))
    assert listed == set(get_command(app).commands)


def test_the_readme_opens_with_the_statement_word_for_word():
    opening = README.split("\n## ")[0]
    assert STATEMENT in " ".join(opening.replace(">", " ").split())


def test_the_readme_makes_no_claim_that_the_numbers_do_not_carry():
    for word in ("outperform", "detects", "diagnoses", "anonymous", "HIPAA", "GDPR"):
        assert word.lower() not in README.lower(), word
