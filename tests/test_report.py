import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import WIDTHS, chromium, look_at
from outline import Outline

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.evaluation.evaluate import evaluate
from hybrid_zoo.evaluation.scores import Scores
from hybrid_zoo.evaluation.subgroups import subgroup_table
from hybrid_zoo.evaluation.thresholds import operating_points
from hybrid_zoo.studies.model_card import write_model_card
from hybrid_zoo.studies.report import write_report
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables import markdown_results
from hybrid_zoo.studies.words import CUSTODY
from hybrid_zoo.studies.words_models import model_name

SKILL = {
    "hybrid": 1.6, "image_only": 0.8, "sequence_only": 1.1, "tabular_only": 0.6, "late_average": 1.3,
    "logistic_regression": 1.2, "svm": 1.1, "random_forest": 1.3, "gradient_boosting": 1.4,
    "missingness": 0.3, "shortcuts": 0.4, "score:sofa": 0.7, "majority": 0.0,
}  # fmt: skip


def make_scores(seed, skill, n=400, folds=1, classes=()):
    rng = np.random.default_rng(seed)
    labels = (
        rng.integers(0, max(len(classes), 2), n) if classes else (rng.random(n) < 0.4).astype(int)
    )
    truth = np.eye(len(classes))[labels] if classes else labels - 0.4
    shared = 0.6 * rng.normal(size=truth.shape)
    probabilities = {}
    for model, strength in skill.items():
        noise = shared + 0.8 * rng.normal(size=truth.shape)
        logit = strength * (strength * truth + noise) + (0 if classes else -0.4)
        raised = np.exp(logit)
        probabilities[model] = raised / (raised.sum(1, keepdims=True) if classes else 1 + raised)
    ids = np.array([f"s{i:04d}" for i in range(n)])
    return Scores(
        labels=labels,
        patients=ids,
        samples=ids,
        folds=np.arange(n) % folds,
        probabilities=probabilities,
        decisions={} if classes else {m: p >= 0.4 for m, p in probabilities.items()},
        classes=classes,
    )


def make_block(scores, skill, resamples=40):
    singles = tuple(m for m in skill if m.endswith("_only"))
    block = evaluate(
        scores,
        out_of_fold_auroc={m: 0.5 + s / 5 for m, s in skill.items()},
        singles=singles,
        resamples=resamples,
    )
    for i, measured in enumerate(block["models"].values()):
        measured |= {"configurations": 1 + i, "fits": 3, "seconds": 2.5 * i}
    block["models"]["hybrid"]["auroc"]["seed_sd"] = 0.004
    n = len(scores)
    levels = np.array(["0", "1"])[np.arange(n) % 2]
    levels[:4] = "2"
    binary = not scores.classes
    return block | {
        "events": int(scores.labels.sum()) if binary else None,
        "prevalence": float(scores.labels.mean()) if binary else None,
        "threshold": 0.4 if binary else None,
        "n_train": 2 * n,
        "n_test": n,
        "n_unknown": 17,
        "ceiling": 0.93,
        "operating_points": operating_points(scores, {m: {0.8: 0.3, 0.9: 0.2} for m in skill})
        if binary
        else [],
        "subgroups": subgroup_table(scores, {("group", "gender"): levels}, resamples=resamples),
    }


def make_predictions(scores, target):
    parts = []
    for model, p in scores.probabilities.items():
        for k in range(p.shape[1] if scores.classes else 1):
            frame = pd.DataFrame(
                {"sample_id": scores.samples, "target": target, "model": model, "split": "test"}
            )
            frame["label"] = (
                np.array(scores.classes)[scores.labels] if scores.classes else scores.labels
            )
            frame["probability"] = p[:, k] if scores.classes else p
            parts.append(
                frame.assign(
                    fold=scores.folds, **{"class": scores.classes[k] if scores.classes else ""}
                )
            )
    return pd.concat(parts)


def make_run(folder, targets, simulated=True, evaluation="holdout", resamples=40):
    """Write a run folder: random scores, everything else computed by the package."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks, tables = {}, []
    for name, (scores, skill) in targets.items():
        blocks[name] = make_block(scores, skill, resamples)
        tables.append(make_predictions(scores, name))
    n = len(next(iter(targets.values()))[0])
    metrics = {
        "cohort": "three-diseases", "simulated": simulated, "seed": 0, "split_seed": 0, "evaluation": evaluation,
        "n_train": 2 * n, "n_test": n, "n_patients": 3 * n, "targets": blocks, "chosen": {"image": "paper_cnn"},
        "plan": {
            "reason": "The cohort declares its split; both parts hold at least 100 patients with and without each event.",
            "folds": 3, "repeats": 1, "trials": 1, "seeds": 1, "epochs": 50, "test_looks": 2,
        },
        "package_version": "0.1.0", "citation": "Doe et al. 2020, A cohort", "quarantined": 3,
        "dropped": {"events": 120, "notes": 0}, "missing_modalities": {"image": 0.0, "sequence_wearable": 0.5},
        "seconds": 60.0,
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(metrics))
    pd.concat(tables).to_csv(folder / "predictions.csv", index=False)
    ids = [f"s{i:04d}" for i in range(3 * n)]
    pd.DataFrame({"sample_id": ids, "patient_id": ids, "split": "test"}).to_csv(
        folder / "splits.csv", index=False
    )
    (folder / "quarantine.csv").write_text(
        "table,row,file,column,reason\nevents,7,,value,out of range\nevents,9,,value,out of range\nimages,2,a.png,path,unreadable\n"
    )
    (folder / "environment.json").write_text(
        json.dumps({"python": "3.11.7", "packages": {"keras": "3.15.0"}})
    )
    (folder / "config.yaml").write_text("seed: 0\nfolds: 3\n")
    return folder


def one_target(folder, name="death", seed=0, skill=SKILL, **options):
    folds = options.pop("folds", 1)
    return make_run(folder, {name: (make_scores(seed, skill, folds=folds), skill)}, **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = one_target(tmp_path_factory.mktemp("runs") / "run")
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def page(run):
    return (run / "report.html").read_text(encoding="utf-8")


def test_the_report_is_balanced_and_its_identifiers_are_unique_and_resolve(page):
    outline = Outline(page)
    assert not outline.open
    assert len(set(outline.ids)) == len(outline.ids)
    labels = [a["aria-labelledby"] for _, a in outline.tags if "aria-labelledby" in a]
    anchors = [link.removeprefix("#") for link in outline.links]
    assert set(labels + anchors) <= set(outline.ids)


def test_the_report_asks_nothing_from_outside_and_runs_no_script(page):
    outline = Outline(page)
    assert all(link.startswith("#") for link in outline.links)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in outline.tags}
    assert not re.search(r"url\((?!#)", page)


def test_every_header_cell_has_a_scope_and_every_table_a_caption(page):
    tags = Outline(page).tags
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    counts = {kind: sum(tag == kind for tag, _ in tags) for kind in ("table", "caption")}
    assert counts["table"] == counts["caption"] >= 6


def test_the_report_begins_with_title_statement_and_verdict(page):
    text = html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main>")[0].split("<body>")[1]))
    assert "Simulated study: three-diseases" in text and STATEMENT in text
    verdict = html.unescape(page).split("<main>")[1]
    assert verdict.index("Fusing helped") < verdict.index("How the models were evaluated")
    assert CUSTODY in html.unescape(page)


def test_simulated_results_carry_the_word_in_title_figure_and_figure_file(run, page):
    files = sorted(path.name for path in (run / "figures").iterdir())
    assert files == [
        f"{kind}-death-simulated.png" for kind in ("calibration", "differences", "roc")
    ]
    assert page.count("death (simulated)</text>") == 3
    assert (run / "MODEL_CARD.md").read_text().startswith("# Simulated model card")


def test_all_models_stand_in_table_and_figure(page):
    for model in SKILL:
        assert page.count(model_name(model)) >= 3, model
    assert re.search(r"0\.\d{3} \(SD 0\.004\)", page)


def test_small_cells_are_suppressed_and_counts_of_them_not_shown(tmp_path):
    table = markdown_and_page(one_target(tmp_path / "run"))[1].split("Table 3. Subgroups")[1]
    row = table.split('<th scope="row">2</th>')[1].split("</tr>")[0]
    cells = re.findall(r"<td>([^<]*)", row)
    assert cells == ["suppressed", "fewer than 10", *["suppressed"] * 5]
    others = [table.split(f'<th scope="row">{level}</th>')[1] for level in "01"]
    counts = [re.findall(r"<td>([^<]*)", row.split("</tr>")[0])[0] for row in others]
    assert counts.count("suppressed") == 1  # else the small one would follow from the total


def markdown_and_page(folder):
    return markdown_results(folder), write_report(folder).read_text(encoding="utf-8")


def test_names_from_a_cohort_are_never_markup(tmp_path):
    name = "<script>alert(1)</script> $x^2$ | a/../b"
    markdown, page = markdown_and_page(one_target(tmp_path / "run", name=name))
    assert "<script" not in page and "<script" not in markdown
    assert "&lt;script&gt;alert(1)" in page and "$x^2$" in page
    assert (
        len({len(re.findall(r"(?<!\\)\|", x)) for x in markdown.splitlines() if x.startswith("|")})
        == 1
    )
    assert all(path.parent == tmp_path / "run/figures" for path in tmp_path.rglob("*.png"))


def test_a_multiclass_target_under_cross_validation_gets_a_report(tmp_path):
    skill = {
        m: SKILL[m] for m in ("hybrid", "image_only", "sequence_only", "late_average", "majority")
    }
    scores = make_scores(5, skill, n=120, folds=3, classes=("zero", "one", "two"))
    folder = make_run(
        tmp_path / "run",
        {"digit": (scores, skill)},
        simulated=False,
        evaluation="repeated_cv",
        resamples=20,
    )
    markdown, page = markdown_and_page(folder)
    assert "macro one-vs-rest AUROC" in page and "mean of the curves of 3 folds" in html.unescape(
        page
    )
    assert "imulated" not in markdown and (folder / "figures/roc-digit.png").is_file()
    assert "Table 2" not in page


def test_several_targets_get_a_table_on_top_and_a_section_each(tmp_path):
    skill = {m: SKILL[m] for m in ("hybrid", "image_only", "tabular_only", "late_average")}
    targets = {name: (make_scores(i, skill, n=80), skill) for i, name in enumerate(["a", "b_c"])}
    page = write_report(make_run(tmp_path / "run", targets, resamples=20)).read_text()
    assert page.index("All targets at a glance") < page.index("How the models were evaluated")
    assert 'id="target-a"' in page and 'id="target-b_c"' in page


def test_the_same_run_gives_the_same_report(tmp_path):
    folder = one_target(tmp_path / "run", skill={m: SKILL[m] for m in ("hybrid", "image_only")})
    first = write_report(folder).read_bytes()
    pictures = [path.read_bytes() for path in sorted((folder / "figures").iterdir())]
    assert write_report(folder).read_bytes() == first
    assert [path.read_bytes() for path in sorted((folder / "figures").iterdir())] == pictures


def test_results_as_markdown_hold_no_sample_and_no_picture(run):
    text = markdown_results(run)
    assert not re.search(r"s\d{4}", text) and "![" not in text and ".png" not in text
    assert "Doe et al. 2020" in text and "hybrid-zoo study" in text and "| **Hybrid" in text


def test_the_model_card_says_what_the_model_is_not_for(run):
    card = write_model_card(run).read_text(encoding="utf-8")
    assert STATEMENT in card and CUSTODY in card
    assert "Out of scope" in card and "image: paper" in card
    headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
    ]  # fmt: skip
    assert card.index("## Intended use") < card.index(STATEMENT) < card.index("## Factors")
    assert "NOT PROVIDED: the author must state the committee and its decision" in card


def test_a_folder_that_is_no_run_is_refused_with_what_is_missing(tmp_path):
    with pytest.raises(
        ConfigError, match=r"no metrics\.json and no predictions\.csv.*hybrid-zoo study"
    ):
        write_report(tmp_path)


def test_a_browser_shows_three_figures_that_fit_and_axe_finds_no_barrier(run):
    with chromium() as browser:
        look = look_at(browser, (run / "report.html").as_uri(), axe_at=WIDTHS[::2])
    assert look.text.count("<svg") == 3 and "ROC curves" in look.text
    assert look.asked == [(run / "report.html").as_uri()]
    assert not look.logged and not look.overflowing and not look.violations
