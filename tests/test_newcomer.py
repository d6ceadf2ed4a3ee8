"""A newcomer follows the README and the tutorial to the letter. CI runs these; `make test` does not."""

import re

import pytest
import yaml
from reader import DEPLOY, EXPLAIN, TUTORIAL, blocks, run, shell, steps

pytestmark = pytest.mark.newcomer


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


def test_the_commands_of_the_readme_run_on_a_simulated_cohort(tmp_path):
    """`make demo` and an installation take minutes: what they call is tested by itself."""
    commands = "".join(blocks("sh")).splitlines()
    left = [c for c in commands if not re.match(r"make |python3.11 -m venv|.venv/bin/pip ", c)]
    assert len(commands) == 6 and len(left) == 3
    shell("hybrid-zoo simulate MY_COHORT --patients 60 --shortcut", tmp_path)
    config = yaml.safe_load((tmp_path / "MY_COHORT/cohort.yaml").read_text())
    del config["images"], config["events"]  # pictures and series: in the tutorial
    (tmp_path / "MY_COHORT/cohort.yaml").write_text(yaml.safe_dump(config))
    export = "mkdir EXPORT; sed '1s/icu/died/' MY_COHORT/samples.csv > EXPORT/patients.csv"
    shell(export, tmp_path)  # a table alone, with a split, which is quickest
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


def test_the_page_on_deploying_runs_block_by_block_and_prints_what_it_says(tmp_path):
    code = "".join(text for language, text in steps(DEPLOY) if language == "python")
    printed = [line for line in run("-c", code, folder=tmp_path).splitlines() if line[0] in "(T"]
    assert printed == ["(1,)", "(5, 1)", "(32, 1)", "True"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "my_model",
        "my_model.onnx",
        "my_model.tflite",
    }


def test_the_page_on_explaining_runs_block_by_block_and_prints_what_it_says(tmp_path):
    code = "".join(text for language, text in steps(EXPLAIN) if language == "python")
    printed = run("-c", code, folder=tmp_path).splitlines()
    assert printed[0].startswith("['attention', 'grad_cam',")
    assert printed[0].endswith(
        "{'modality_attention': \"the fusion 'attention', which this model lacks\"}"
    )
    assert abs(float(printed[2])) < 1e-5 and printed[3].startswith("(8, 2) 0.00")
    assert "True" in printed and list((tmp_path / "logs/patient_0/image_0").rglob("events*"))
    assert (tmp_path / "patient.png").stat().st_size > 10_000


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
