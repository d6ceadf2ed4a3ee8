"""The report's flow, table of patients and TRIPOD+AI items, from the files of a run folder."""

import base64
import html
import json
import re

import numpy as np
import pytest
import yaml
from browser import WIDTHS, chromium, look_at
from outline import Outline
from test_report import SKILL, make_run, make_scores
from test_table1 import many_samples, result_of

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.flow import participant_flow
from hybrid_zoo.studies.model_card import write_model_card
from hybrid_zoo.studies.report import write_report
from hybrid_zoo.studies.report_files import read_run
from hybrid_zoo.studies.table1 import write_table1
from hybrid_zoo.studies.tables_flow import flow_diagram, flow_table
from hybrid_zoo.studies.tripod import tripod_items

MODELS = {name: SKILL[name] for name in ("hybrid", "image_only", "tabular_only", "late_average")}
NUMBERS = """1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13
14 15 16 17 18a 18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c""".split()
EVIL = "<b onload=x>&amp;"


def add_patients(folder, n_targets=1):
    """Give a run folder what a study writes about its patients, and a cohort that says all."""
    samples = many_samples().rename(columns={"sex": EVIL})
    tabular = {"age": {"kind": "numeric"}, EVIL: {"kind": "categorical"}}
    result = result_of(
        Cohort.from_frames(
            samples, targets=["death"], tabular=tabular, title="A title", population="Adults",
            license="CC0", horizon="a day", description="Why", site="unit", groups=[EVIL],
        )
    )  # fmt: skip
    write_table1(folder, result)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["flow"] = participant_flow(result)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    settings = {"cohort_config": result.cohort.config.to_dict()}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture(scope="module")
def old_run(tmp_path_factory):
    """A run folder as versions before this one wrote it."""
    targets = {"death": (make_scores(0, MODELS, n=120), MODELS)}
    folder = make_run(tmp_path_factory.mktemp("runs") / "old", targets, resamples=20)
    metrics = json.loads((folder / "metrics.json").read_text())
    for row in metrics["targets"]["death"]["subgroups"]:
        for key in (
            "hide_counts",
            "hide_events",
            "observed_expected",
            "sensitivity",
            "specificity",
        ):
            del row[key]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    targets = {"death": (make_scores(0, MODELS, n=120), MODELS)}
    folder = make_run(tmp_path_factory.mktemp("runs") / "run", targets, resamples=20)
    write_report(add_patients(folder))
    return folder


@pytest.fixture(scope="module")
def page(run):
    return (run / "report.html").read_text(encoding="utf-8")


def test_a_run_of_an_older_version_still_makes_a_report(old_run):
    page = (old_run / "report.html").read_text(encoding="utf-8")
    assert "Participant flow</h3>" not in page and "table1.csv" not in Outline(page).links
    assert 'class="flow"' in page and "Table 3. Subgroups" in page
    assert "Observed / expected," not in page
    answers = {item.number: item.answer for item in tripod_items(read_run(old_run))}
    assert answers["20a"].startswith("NOT PROVIDED") and answers["20b"].startswith("NOT PROVIDED")
    assert (old_run / "TRIPOD.md").is_file()


def test_the_diagram_and_the_table_of_the_flow_hold_the_same_counts(run):
    flow = json.loads((run / "metrics.json").read_text())["flow"]
    said = " ".join(
        " ".join((box.title, *box.lines))
        for step in flow_diagram(flow)
        for box in (*step.boxes, *step.aside)
    )
    rows = [row for part in flow_table(flow).parts for row in part.rows]
    counts = {int(row.cells[0].text.replace(",", "")) for row in rows if row.cells[0].text}
    events = [flow["targets"]["death"][part]["with event"] for part in ("training", "test")]
    assert {240, 160, 80, *events} <= counts
    assert all(f"death: {n} event" in said for n in events) and "240 samples" in said
    assert "death: 26 samples" in said  # without a label


def test_a_modality_of_few_patients_is_not_counted_in_the_flow(run):
    flow = json.loads((run / "metrics.json").read_text())["flow"]
    flow["modalities"]["image"] = {"with": 4, "without": 236}
    said = str(flow_diagram(flow)) + str(flow_table(flow))
    assert "<10 with" in said and "236" not in said and "'4'" not in said


def test_the_table_of_patients_is_shown_and_can_be_had_as_a_file(run, page):
    table = page.split("Characteristics of the simulated patients</caption>")[1].split("</table>")[
        0
    ]
    assert "SMD" in table and "death: with event" in table and "&lt;10" in table
    link = next(link for link in Outline(page).links if link.startswith("data:"))
    held = base64.b64decode(link.removeprefix("data:text/csv;charset=utf-8;base64,"))
    assert held == (run / "table1.csv").read_bytes()


def test_the_page_is_still_whole_and_names_from_the_cohort_are_text(page):
    outline = Outline(page)
    assert not outline.open and len(set(outline.ids)) == len(outline.ids)
    assert all(link.startswith(("#", "data:text/csv")) for link in outline.links)
    assert "<b " not in page and html.escape(EVIL) in page
    assert all(found.get("scope") for tag, found in outline.tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and np.diff(levels).max() <= 1


def test_every_item_of_the_checklist_is_there_once_and_none_is_empty(run):
    items = tripod_items(read_run(run))
    assert [item.number for item in items] == NUMBERS
    assert all(item.title and len(item.answer) > 10 for item in items)
    lacking = [item for item in items if item.answer.startswith("NOT PROVIDED: the author must")]
    assert [item.number for item in lacking] == [item.number for item in items if not item.given]
    assert {"2", "5b", "6b", "17", "18a", "19"} <= {item.number for item in lacking}


def test_items_hold_values_of_the_run(run):
    answers = {item.number: item.answer for item in tripod_items(read_run(run))}
    assert answers["1"].startswith("A title") and answers["3b"].startswith("Adults")
    assert "a day" in answers["8a"] and "CC0" in answers["18e"]
    assert not [text for text in answers.values() if not text.endswith(".") or ". ." in text]
    assert "age" in answers["9a"] and "240 samples" in answers["20a"]
    assert re.search(r"AUROC of the hybrid 0\.\d{3} \(95 % CI", answers["23a"])
    assert "standardised difference between training and test: 0." in answers["16"]


def test_the_checklist_stands_in_the_page_and_in_a_file_to_complete(run, page):
    text = (run / "TRIPOD.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(NUMBERS) and len({line.count(" | ") for line in rows}) == 1
    assert page.count("NOT PROVIDED: the author must state") == text.count("NOT PROVIDED: the")
    assert "<b " not in text and "(TRIPOD+AI)</h2>" in page


def test_the_model_card_takes_what_the_cohort_says(run):
    card = write_model_card(run).read_text(encoding="utf-8")
    assert "- Population: Adults" in card and "- License: CC0" in card and "table1.csv" in card
    assert "Source: NOT PROVIDED: the author must state" in card


def test_nothing_about_patients_names_a_sample(run):
    names = re.compile(r"\bs\d{1,4}\b")
    text = (run / "table1.csv").read_text() + (run / "TRIPOD.md").read_text()
    assert not names.search(
        text + json.dumps(json.loads((run / "metrics.json").read_text())["flow"])
    )


def test_no_window_is_too_narrow_for_the_page_and_the_browser_does_not_complain(page, tmp_path):
    unfolded, wide = tmp_path / "unfolded.html", tmp_path / "wide.html"
    unfolded.write_text(page.replace("<details>", "<details open>"), encoding="utf-8")
    # So that this test can fail.
    wide.write_text(page.replace("<h1>", "<h1 style='width: 2000px'>"), encoding="utf-8")
    with chromium() as browser:
        look = look_at(browser, unfolded.as_uri(), axe_at=WIDTHS[:1])
        too_wide = look_at(browser, wide.as_uri()).overflowing
    assert not look.overflowing and not look.logged and not look.violations
    assert too_wide == list(WIDTHS)
