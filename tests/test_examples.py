"""The examples and the README run as a reader would run them."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from hybrid_zoo.pipelines.schema import parse_config
from hybrid_zoo.pipelines.shards import Shards
from hybrid_zoo.studies.cli import app
from hybrid_zoo.studies.settings import read_settings
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.tuning.baselines import baseline

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LAST_WORDS = {
    "numpy_arrays": r"largest change after save and load: [0-9]e[-+]\d+",
    "own_cohort": r"Report: .+report.html",
    "own_encoder": r"probabilities: \(120, 1\), all finite: True",
    "tune_own_model": r"3 +(whole|stopped) .+",
}


def steps(page: str) -> list[tuple[str, str]]:
    """Return a page's fenced blocks in order: language and text."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the README in one language."""
    return [text for name, text in steps(README) if name == language]


def run(*arguments: str | Path, folder: Path, program: str = sys.executable) -> str:
    """Run Python, or another program, in a folder and return what it printed."""
    bin_first = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PATH": bin_first},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell(commands: str, folder: Path) -> str:
    """Run commands as they stand, and stop at the first that fails."""
    return run("-euo", "pipefail", "-c", commands, folder=folder, program="bash")


@pytest.mark.parametrize("script", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_runs_and_ends_with_its_result(script, tmp_path):
    last = run(script, folder=tmp_path).strip().splitlines()[-1]
    assert re.fullmatch(LAST_WORDS[script.stem], last), last


def test_there_are_four_examples_of_at_most_80_lines():
    assert [path.stem for path in EXAMPLES] == sorted(LAST_WORDS)
    assert all(len(path.read_text().splitlines()) <= 80 for path in EXAMPLES)


def test_the_python_of_the_readme_runs_and_saves_its_model(tmp_path):
    assert len(blocks("python")) == 5
    run("-c", blocks("python")[0], folder=tmp_path)
    assert (tmp_path / "model.keras").is_file()


def test_the_readme_tunes_a_model_as_it_says(tmp_path):
    """With the model and the arrays of the example, whose metric is another, fewer trials and folds."""
    example = (ROOT / "examples" / "tune_own_model.py").read_text(encoding="utf-8")
    given = example.split("with tempfile")[0]
    block = blocks("python")[4].replace("val_auc", "val_accuracy")
    block = block.replace("trials=10", "trials=1").replace("folds=5)", "folds=2)")
    run("-c", given + block, folder=tmp_path)
    assert list((tmp_path / "search" / "folds").glob("*.npz"))


def test_the_readme_uses_shards_as_they_are():
    """Its lines are run, at a smaller size, by the tests of shards."""
    tree = ast.parse(blocks("python")[1])
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert used - {"fit", "pipelines"} <= set(dir(Shards))


@pytest.mark.slow
def test_the_tutorial_runs_line_by_line_from_an_empty_folder(tmp_path):
    said = [
        shell(text, tmp_path) if language == "sh" else run("-c", text, folder=tmp_path)
        for language, text in steps(TUTORIAL)
    ]
    assert len(said) == 10
    assert "All that is needed is there." in said[0]
    assert "A shortcut explains the score" in said[4] and "report.html" in said[5]
    assert said[6].splitlines()[-3].startswith("sample_id,target")
    assert "New patients" in said[7] and "Calibration slope" in said[7]
    changes = [
        float(line.split(":")[1]) for line in " ".join(said[8:]).splitlines() if "largest" in line
    ]
    assert len(changes) == 2 and max(changes) < 1e-6


@pytest.mark.slow
def test_the_commands_of_the_readme_run_on_a_simulated_cohort(tmp_path):
    """`make demo` and an installation take minutes: what they call is tested by itself."""
    commands = "".join(blocks("sh")).splitlines()
    left = [c for c in commands if not re.match(r"make |python3.11 -m venv|.venv/bin/pip ", c)]
    assert len(commands) == 6 and len(left) == 3
    shell("hybrid-zoo simulate MY_COHORT --patients 60 --shortcut", tmp_path)
    config = yaml.safe_load((tmp_path / "MY_COHORT/cohort.yaml").read_text())
    del config["images"]  # pictures: in the tutorial
    (tmp_path / "MY_COHORT/cohort.yaml").write_text(yaml.safe_dump(config))
    export = "mkdir EXPORT; sed '1s/icu/died/; s/,split,/,part,/' MY_COHORT/samples.csv > EXPORT/patients.csv"
    shell(export, tmp_path)  # a table alone, which is quickest
    for command in left:
        words = command.split("#")[0].replace(".venv/bin/", "").strip()
        small = " --trials 1 --folds 2 --epochs 1 --seeds 1" if " study " in words else ""
        shell(words + small, tmp_path)
    assert (tmp_path / "runs/my-study/report.html").is_file()
    assert (tmp_path / "runs/my-ward/report.html").is_file()
    shell("hybrid-zoo shard MY_COHORT OUT", tmp_path)
    run("-c", blocks("python")[1].replace("epochs=50", "epochs=1"), folder=tmp_path)
    call = 'study("MY_COHORT", minutes=20)'  # by itself: in the tests of studies
    notebook = blocks("python")[2].replace(call, 'StudyResult("runs/my-study")')
    run("-c", notebook.replace('"death"', '"icu"'), folder=tmp_path)


@pytest.mark.slow
def test_the_readme_cross_validates_a_table_of_columns_and_pictures(tmp_path):
    """With pictures of noise, and a table that the README leaves to its reader."""
    given = """
import numpy as np, pandas as pd
from pathlib import Path
from PIL import Image
Path("pictures").mkdir()
for k in range(60):
    Image.fromarray(np.full((64, 64), 2 * k, np.uint8)).save(f"pictures/{k}.png")
died, patients = np.arange(60) % 2, np.arange(60) // 2
frame = pd.DataFrame({"age": np.arange(60.0), "xray": [f"{k}.png" for k in range(60)]})
"""
    block = blocks("python")[3].replace("GroupKFold(5)", "GroupKFold(2)")
    block = block.replace('folder="pictures"', 'folder="pictures", epochs=1')
    run("-c", given + block, folder=tmp_path)


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
