"""The page that explains one patient: what it holds, what it hides, and how it looks in a browser."""

import base64
import dataclasses
import html
import io
import json
import re

import numpy as np
import pytest
from browser import WIDTHS, chromium, look_at
from outline import Outline
from patient_run import EVIL, NAME, SITE, make_patient_run
from PIL import Image

from hybrid_zoo.explain import Result
from hybrid_zoo.pipelines.loading import WORD
from hybrid_zoo.studies import new_patients
from hybrid_zoo.studies.checksums import require_unchanged
from hybrid_zoo.studies.patient import checked
from hybrid_zoo.studies.patient.checked import VERDICTS, Said, unseen, verdicts
from hybrid_zoo.studies.patient.held_out import choose_patients
from hybrid_zoo.studies.patient.note import _own_words
from hybrid_zoo.studies.patient.numbers import hours_of, value_of
from hybrid_zoo.studies.patient.overlay import overlaid
from hybrid_zoo.studies.patient.page import explain_subject, patient_page
from hybrid_zoo.studies.patient.panel import draw_panel
from hybrid_zoo.studies.patient.pictures import views
from hybrid_zoo.studies.patient.records import shares_table
from hybrid_zoo.studies.patient.risk import held_out_of, risks
from hybrid_zoo.studies.patient.subject import find_subject
from hybrid_zoo.studies.trained import read_trained

pytestmark = pytest.mark.usefixtures("quick_fits")
FULL, BARE = "0002", "0033"


class Made:
    """A run, its patients, and their explanations, each made once."""

    def __init__(self, folder, **model):
        self.run, self.cohort = make_patient_run(folder, **model)
        self.trained = read_trained(self.run)
        self.found = new_patients.read_new_patients(self.trained, self.cohort)
        self.known = held_out_of(self.run)

    def explained(self, sample, target=None):
        subject = find_subject(self.trained, *self.found, sample)
        return subject, explain_subject(subject, target)


@pytest.fixture(scope="module")
def made(tmp_path_factory, quick_fits):
    return Made(tmp_path_factory.mktemp("made"), sequence="attention_lstm")


@pytest.fixture(scope="module")
def full(made):
    return made.explained(FULL)


@pytest.fixture(scope="module")
def page(made, full):
    return patient_page(*full, made.known)


@pytest.fixture(scope="module")
def bare_page(made):
    return patient_page(*made.explained(BARE), made.known)


def said(method, result, finding, passed=False):
    return Said(method=method, result=result, passed=passed, finding=finding)


def section(page, name):
    return page.split(f'<section id="{name}">')[1].split("</section>")[0]


def text(part):
    return html.unescape(re.sub(r"<[^>]+>", "", part)).replace("\u00a0", " ")


def test_the_page_is_whole_and_reads_in_order(page, bare_page):
    for outline in map(Outline, (page, bare_page)):
        assert not outline.open and len(set(outline.ids)) == len(outline.ids)
        anchors = {x.removeprefix("#") for x in outline.links if x.startswith("#")}
        labels = {a["aria-labelledby"] for _, a in outline.tags if "aria-labelledby" in a}
        assert anchors | labels <= set(outline.ids)
        assert all(x.startswith(("#", "data:image/png")) for x in outline.links)
        levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1 and levels.count(1) == 1 and np.diff(levels).max() <= 1
        assert all(found.get("scope") for tag, found in outline.tags if tag == "th")
        assert all(found.get("alt") for tag, found in outline.tags if tag == "img")
        tags = [tag for tag, _ in outline.tags]
        assert (
            "main" in tags and "script" not in tags and tags.count("caption") == tags.count("table")
        )


def test_html_in_any_name_level_unit_or_note_is_text(made, full):
    page = patient_page(
        *full, made.known, identifiers=True, verdicts=[said("hires_cam", "image", EVIL)]
    )
    assert "<b " not in page
    for name in ("values", "series", "notes", "pictures"):
        assert html.escape(EVIL) in section(page, name)


def test_no_identifier_is_in_the_page_unless_asked_for(made, full, page):
    secrets = [FULL, "p1", NAME, NAME.lower(), SITE, "2021", "12.03", ".png"]
    assert str(made.run.parent) not in page
    assert not [s for s in secrets if re.search(rf"\b{re.escape(s)}\b", page)]
    shown = patient_page(*full, made.known, identifiers=True)
    assert f"Sample <strong>{FULL}</strong>" in shown and NAME in shown and "2021" in shown


def test_the_images_hold_pixels_and_nothing_else(page):
    images = re.findall(r"data:image/png;base64,([^\"]+)", page)
    assert len(images) >= 3
    for image in images:
        assert not Image.open(io.BytesIO(base64.b64decode(image))).info


def test_the_risks_are_the_runs_own_predictions(made, full):
    subject, explanation = full
    rows = made.known[made.known["sample_id"] == FULL].set_index(["target", "class"])
    for risk in risks(subject, explanation, made.known):
        expected = rows.loc[(risk.target, risk.label), "probability"]
        np.testing.assert_allclose(risk.probability, expected, atol=1e-6)


def test_the_interval_counts_the_held_out_patients_of_nearest_risk(made, full, page):
    subject, explanation = full
    death = next(r for r in risks(subject, explanation, made.known) if r.target == "death")
    others = made.known.query("target == 'death' and sample_id not in ['0002', '0003']")
    distance = (others["probability"] - death.probability).abs()
    nearest = others.loc[distance.sort_values(kind="stable").index[:20]]
    events = int((nearest["label"] == "1").sum())
    assert (death.similar.n, death.similar.events) == (20, events)
    said = text(section(page, "risk"))
    assert "Of the 20 held-out samples with the most similar risk" in said
    assert f"{events} had the event" in said and "The run had held this patient out" in said
    assert "that threshold" in said and "not how certain this patient's own risk is" in said


def test_few_held_out_patients_give_no_interval(made, full):
    page = patient_page(*full, made.known.iloc[:5])
    assert "no interval is given" in text(section(page, "risk"))


def test_what_was_recorded_is_counted_and_what_was_not_is_said(page, bare_page):
    said = text(section(page, "records"))
    assert "Something of every kind" in said and "2 of 2 columns" in said and "2 images" in said
    said = text(section(bare_page, "records"))
    assert "Not recorded at all: images, series and notes." in said and said.count("nothing\n") == 3
    assert not re.search('<section id="(pictures|series|notes)">', bare_page)
    assert "Never recorded, and so not drawn: Never." in text(section(page, "series"))


def test_the_contributions_of_kinds_of_data_add_up_on_the_page(page):
    cells = re.findall(r"<td>.*?([+\u2212]?\d\.\d{3})</td>", section(page, "kinds"))
    amounts = [float(c.replace("\u2212", "-")) for c in cells]
    assert len(amounts) == 6 and abs(sum(amounts[:-1]) - amounts[-1]) < 0.004


def test_what_an_attending_fusion_reads_of_each_kind_of_data_stands_beside_its_contribution(full):
    _, explanation = full
    weights = {name: np.array(0.25) for name in explanation["modality_shapley"].values}
    read = {"modality_attention": Result(values=weights)}
    both = dataclasses.replace(explanation, results=explanation.results | read)
    table = shares_table(both)
    assert table.columns == ("Kind of data", "Contribution", "Attention")
    *kinds, none, logit = table.parts[0].rows
    assert [row.cells[1].text for row in kinds] == ["0.25"] * len(weights)
    assert none.cells[1].text == logit.cells[1].text == "" and "Attention: the share" in table.note
    assert shares_table(explanation).columns == ("Kind of data", "Contribution")


def test_every_image_stands_beside_its_maps_with_its_hour(page):
    part = section(page, "pictures")
    assert re.search(r"Image 1 of 2, hour -?[\u2212\d.]+ of the record", part)
    assert part.count("The image alone") == 2 and 'alt="Image 2 of 2' in part
    assert part.count("HiResCAM") >= 3 and part.count("Occlusion") >= 3


def test_of_a_volume_the_strongest_slice_stands_beside_itself(full):
    volume, found = np.zeros((1, 6, 8, 8, 1)), np.zeros((1, 6, 8, 8))
    volume[0, 4], found[0, 4, 1, 7] = 1.0, 2.0
    _, explanation = full
    results = {"occlusion": Result(values={"volume_ct": found})}
    changed = type(explanation)(**vars(explanation) | {"results": results})
    alone, map_of = views(changed, "volume_ct", 0, "Volume 1 of 1", (0, 1), volume[0])
    assert alone["caption"] == "The image alone, slice 5 of 6"
    assert map_of["alt"].endswith("slice 5 of 6; strongest at the top, right.")
    png = base64.b64decode(alone["address"].removeprefix("data:image/png;base64,"))
    assert np.asarray(Image.open(io.BytesIO(png))).min() == 255


def test_a_map_is_seen_by_lightness_and_its_contour_by_broken_lines():
    image, found = np.full((48, 48, 3), 0.5), np.zeros((48, 48))
    found[8:20, 8:20], found[30:40, 30:40] = 1, -1
    address = overlaid(image, found).removeprefix("data:image/png;base64,")
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(address))).convert("L")).astype(int)
    raised, lowered, rest = grey[84, 84], grey[210, 210], grey[150, 20]
    assert lowered + 20 < rest < raised - 20
    assert (grey == 255).any() and (grey[170:250, 170:250] == 255).sum() < (grey == 255).sum() / 2


def test_series_are_drawn_where_recorded_with_their_normal_range_and_windows(made, full, page):
    part = section(page, "series")
    events = full[0].events("sequence")
    assert part.count('class="point"') == (events["variable"] != "Vent").sum()
    assert "hours before prediction" in part and "half of the model&#39;s attention" in part
    assert part.count('<rect class="normal" x=') == 1 and 'fill="url(#shade)"' in part
    rows = re.findall(r'<th scope="row">', part.split("<details>")[1])
    assert len(rows) == len(events)


def test_a_panel_puts_values_and_windows_where_they_belong():
    drawn = draw_panel(
        np.array([0.0, 48.0]), np.array([1.0, 3.0]), span=(0, 48), windows=[(12, 24)],
        normal=(1, 2), end=48,
    )  # fmt: skip
    left, right, *_ = drawn["axes"]
    assert [x for x, _ in drawn["points"]] == [left, right]
    assert drawn["windows"] == [(left + (right - left) / 4, (right - left) / 4)]
    assert drawn["band"][0] + drawn["band"][1] == drawn["points"][0][1]
    assert [said for _, said in drawn["across"]] == ["48", "36", "24", "12", "0"]


def test_the_largest_contributions_name_value_unit_and_hour(full, page):
    part = text(section(page, "values"))
    result = full[1]["integrated_gradients"]
    largest = max(np.nanmax(abs(result.values[n])) for n in ("sequence", "tabular"))
    first = re.search(r"[+\u2212]\d\.\d{3}", part)[0]
    assert abs(abs(float(first.replace("\u2212", "-"))) - largest) < 0.0006
    assert "h before prediction" in part and "Logit minus that of the average patient" in part


def test_a_gap_above_one_per_cent_is_said(made, full):
    subject, explanation = full
    result = explanation["integrated_gradients"]
    wide = Result(values=result.values, checks=result.checks | {"gap": 0.034}, words=result.words)
    changed = type(explanation)(
        **vars(explanation) | {"results": explanation.results | {"integrated_gradients": wide}}
    )
    assert "miss the sum below by 3 % of it" in text(patient_page(subject, changed, made.known))


def test_words_that_weigh_are_marked_and_rare_ones_hidden(made, full, page):
    shown = section(patient_page(*full, made.known, identifiers=True), "notes")
    marked = re.findall(r'<mark class="t[123][^>]*>(.*?)<small>', shown)
    read = {"x", "amp", "since", "12", "03", "2021", "seen", "by", NAME, "in", SITE}
    assert marked and set(marked) <= read and "are not read by the model" in shown
    hidden = text(section(page, "notes"))
    assert "Short of breath" in hidden and "[\u2026]" in hidden and "seen" not in hidden


def test_the_site_is_no_word_of_a_note_also_where_it_is_an_input(full):
    subject, _ = full
    level = str(subject.cohort.samples.iloc[subject.row]["sex"])
    words = set(WORD.findall(level.lower()))
    config = subject.trained.config.model_copy(update={"site": "sex"})
    trained = dataclasses.replace(subject.trained, config=config)
    assert words <= _own_words(dataclasses.replace(subject, trained=trained))
    assert not words <= _own_words(subject)


def test_a_verdict_stands_with_its_method_and_its_kind_of_data(made, full):
    both = [said("hires_cam", "image", "it fails."), said("attention", "sequence", "passed.", True)]
    page = patient_page(*full, made.known, verdicts=both)
    assert text(section(page, "pictures")).count("HiResCAM, checked on this model: it fails.") == 1
    assert 'class="note checked failed"' in section(page, "pictures")
    assert "Attention, checked on this model: passed." in text(section(page, "series"))
    assert page.count("checked on this model:") == 2
    left = text(section(page, "limits"))
    assert "was not checked of Occlusion of images" in left and "HiResCAM of images" not in left


def test_a_multiclass_target_is_explained_by_its_likeliest_class(made):
    subject, explanation = made.explained(FULL, "stage")
    page = patient_page(subject, explanation, made.known)
    label = "abc"[explanation.label]
    assert f"Predicted risk of class {label}" in page and f"class {label} (the likeliest)" in page
    assert "lies at or above" not in page
    for patient in choose_patients(made.trained, made.known, "stage", 4):
        probabilities = made.known.query("target == 'stage' and sample_id == @patient.sample_id")
        likeliest = probabilities.loc[probabilities["probability"].idxmax()]
        right = likeliest["class"] == likeliest["label"]
        assert patient.name.endswith(
            f"class {likeliest['class']}, {'correct' if right else 'wrong'}"
        )


def test_of_a_model_that_says_the_same_of_everybody_nothing_is_explained(made, full):
    weights = made.trained.model.trainable_variables
    held = [np.array(weight) for weight in weights]
    for weight in weights:
        weight.assign(np.zeros(weight.shape))
    page = patient_page(*made.explained(FULL), made.known)
    for weight, values in zip(weights, held, strict=True):
        weight.assign(values)
    assert "Nothing of this patient's records changes the logit" in text(section(page, "risk"))
    assert "No patch changes the logit." in page and "<mark" not in page


@pytest.mark.parametrize(
    ("x", "said"), [(0, "0"), (12.345, "12.35"), (120.0, "120"), (-0.00123, "\u22120.00123"), (12345.6, "12346"), (np.nan, "\u2013")]
)  # fmt: skip
def test_a_value_is_written_with_four_digits_and_no_exponent(x, said):
    assert value_of(x) == said


def test_an_hour_is_counted_from_the_prediction_where_that_is_stated():
    assert hours_of(46, 48) == "2 h before prediction"
    assert hours_of(46, None) == "hour 46 of the record"
    assert hours_of(np.nan, 48) == "hour not recorded"


def test_the_browser_does_not_complain_of_the_page(page, bare_page, tmp_path):
    (tmp_path / "full.html").write_text(page.replace("<details>", "<details open>"))
    (tmp_path / "bare.html").write_text(bare_page)
    with chromium() as browser:
        looks = [
            look_at(browser, (tmp_path / "full.html").as_uri(), axe_at=WIDTHS),
            look_at(browser, (tmp_path / "bare.html").as_uri()),
        ]
    for look in looks:
        assert not look.overflowing and not look.logged and not look.violations
        assert all(address.startswith(("file:", "data:")) for address in look.asked)


@pytest.fixture
def few(monkeypatch):
    """Few patients and draws: what is checked here is what becomes of the verdicts."""
    monkeypatch.setattr(checked, "PATIENTS", 2)
    monkeypatch.setattr(checked, "DRAWS", 2)


def test_every_picture_of_a_page_gets_its_verdict_once_per_run(made, full, few, monkeypatch):
    run, trained, arrays, case = made.run, made.trained, made.found[1], full[1].case
    assert verdicts(run, trained, arrays, case, check=False) == []
    found = verdicts(run, trained, arrays, case)
    results = {(one.method, one.result) for one in found}
    assert {("hires_cam", "image"), ("occlusion", "image"), ("attention", "sequence")} <= results
    assert ("integrated_gradients", "sequence") in results
    assert all("2 patients of death" in one.finding for one in found)
    kept = json.loads((run / VERDICTS).read_text())
    assert kept["model"] == trained.digest and len(kept["targets"]["death/0"]) == len(found)
    require_unchanged(run, (VERDICTS,))
    monkeypatch.setattr(checked, "_check", lambda *_: [])  # nothing is checked again
    assert verdicts(run, trained, arrays, case) == found
    (run / VERDICTS).write_text("{")  # half written
    assert verdicts(run, trained, arrays, case) == []


def test_patients_that_the_model_learnt_from_are_looked_at_if_there_are_no_others(
    made, full, monkeypatch
):
    trained, arrays = made.trained, made.found[1]
    rows = unseen(trained, arrays)
    split = trained.splits.set_index("sample_id")["split"]
    assert len(rows) and (split[arrays.sample_ids[rows]] == "test").all()
    looked_at = []
    monkeypatch.setattr(checked, "_verdicts", lambda _, x, case: looked_at.append(x) or ())
    learnt = dataclasses.replace(trained, splits=trained.splits.assign(split="train"))
    for of in (trained, learnt):
        assert verdicts(made.run.parent, of, arrays, full[1].case) == []
    assert [len(x["tabular"]) for x in looked_at] == [len(rows), len(arrays)]
