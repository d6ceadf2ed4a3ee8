"""The page of speed: its verdicts are the figures', and its stages those of a real profile."""

import re
import sysconfig
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = """
import time
import numpy as np
from hybrid_zoo.evaluation.bootstrap import bootstrap, draw_resamples
from hybrid_zoo.evaluation.scores import Scores

ids, labels = np.arange(40), np.arange(40) % 2.0
scores = Scores(
    labels=labels, patients=ids, samples=ids, folds=ids * 0,
    probabilities={"hybrid": labels}, decisions={"hybrid": labels > 0}, classes=(),
)

def asleep(scores, model, weights):
    time.sleep(1.5)
    return {"": weights[0]}

time.sleep(1.5)  # py-spy needs about a second until it looks as often as it is asked to
bootstrap(scores, draw_resamples(scores, resamples=100), asleep)
"""


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_a_missed_bar_is_called_missed_and_what_was_not_run_claims_nothing():
    from _speed_page import Row, missed, rows_of, table
    from _tuning_figures import at_least, at_most, bare

    figures = {"slow": at_most(0.7, 0.6), "fast": at_least(6, 5), "seconds_taken": bare(3)}
    rows = rows_of(figures, {"slow": ("A step", "of Keras's")})
    rows.append(Row("Logits", None, why="not run here"))
    assert table(rows).splitlines()[2:] == [
        "| A step | 0.7 of Keras's | at most 0.6 | **missed** |",
        "| fast | 6 | at least 5 | held |",
        "| seconds taken | 3 |  |  |",
        "| Logits | not run here |  |  |",
    ]
    assert missed(table(rows)) == "1 of 2 bars held; missed: A step."


def test_what_is_measured_alone_changes_nothing_else_on_the_page():
    from _speed_page import Row, sections
    from speed import PAGE, page

    there = sections(PAGE.read_text(encoding="utf-8"))
    slow = Row("`hybrid-zoo --help`", 9.0, "s", "at most 0.3", False)
    new = page(there, {"imports": ([slow], "")})
    now = sections(new)
    assert list(now) == list(there)
    assert [title for title in now if now[title] != there[title]] == ["Imports"]
    assert "`hybrid-zoo --help`" in new.split("## ")[0]
    assert page(now, {}) == new


def test_a_profile_counts_a_sleep_inside_the_bootstrap_as_scoring_and_one_outside_as_the_rest(
    tmp_path,
):
    if not Path(sysconfig.get_path("scripts"), "py-spy").is_file():
        pytest.skip("py-spy is not installed")
    from _speed_flame import flame
    from _speed_profile import mostly, record, shares

    (tmp_path / "program.py").write_text(PROGRAM)
    samples = record([tmp_path / "program.py"], tmp_path, rate=50)
    found = shares(samples)
    assert found["bootstrap and scoring"] * samples.total() == pytest.approx(75, abs=25)
    assert 0 < found["everything else"] * samples.total() < 100
    where = "hybrid_zoo/evaluation/bootstrap.py:bootstrap"
    assert mostly(samples, "bootstrap and scoring") == f"`{where}`"
    drawn = ElementTree.fromstring(flame(samples, 2.0))
    said = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert any(text.startswith(where) for text in said)


def test_every_stage_is_told_by_files_and_functions_that_exist():
    from _speed_profile import STAGES

    installed = Path(find_spec("keras").origin).parent.parent
    for part in (part for parts in STAGES.values() for part in parts if part[0] != "<"):
        path, _, function = part.partition(":")
        found = next((p for p in (ROOT / path, installed / path) if p.exists()), None)
        assert found, part
        for name in filter(None, function.split(".")):
            assert re.search(rf"(def|class) {name}\b", found.read_text()), part
