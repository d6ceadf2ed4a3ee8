import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from hybrid_zoo.errors import DataError
from hybrid_zoo.studies.figures_curves import (
    calibration_curve,
    mean_roc,
    one_versus_rest,
    roc_per_fold,
)
from hybrid_zoo.studies.figures_style import line
from hybrid_zoo.studies.report_files import slug
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table, to_markdown
from hybrid_zoo.studies.words import headline, verdict_in_words
from hybrid_zoo.studies.words_models import in_order, model_name
from hybrid_zoo.studies.words_numbers import number, p_value, percent, signed, times, with_interval
from hybrid_zoo.studies.words_study import evaluation_in_words, limits_in_words

AREAS = {
    "hybrid": 0.85,
    "image_only": 0.8,
    "sequence_only": 0.7,
    "late_average": 0.84,
    "random_forest": 0.86,
}
AREAS |= {"shortcuts": 0.82, "missingness": 0.6}


def block(verdict="helped", flags=(), areas=AREAS, **more):
    comparisons = [
        {"model": m, "against": "hybrid", "difference": a - areas["hybrid"], "test": "delong"}
        | {"low": a - areas["hybrid"] - 0.02, "high": a - areas["hybrid"] + 0.02, "p_holm": 0.5}
        for m, a in areas.items()
        if m != "hybrid"
    ]
    models = {
        m: {"auroc": {"value": a, "low": a - 0.02, "high": a + 0.02}} for m, a in areas.items()
    }
    found = {
        "kind": "binary",
        "n_test": 800,
        "events": 554,
        "events_test": 110,
        "best_single": "image_only",
    }
    found |= {
        "models": models,
        "comparisons": comparisons,
        "verdict": verdict,
        "flags": list(flags),
    }
    return found | {"simpler": ["random_forest"], "recommended": "random_forest"} | more


def words(*args, **kwargs):
    return verdict_in_words(block(*args, **kwargs), cohort="icu-2012")


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        ("helped", "Fusing helped: in the cohort icu-2012"),
        ("no_difference", "Fusing made no difference: in the cohort icu-2012"),
        ("no_evidence", "There is no evidence that fusing helped: in the cohort icu-2012"),
        ("hurt", "Fusing hurt: in the cohort icu-2012"),
    ],
)
def test_the_first_sentence_gives_cohort_n_events_comparator_and_interval(verdict, begins):
    first = words(verdict)[0]
    assert first.startswith(begins)
    for part in (
        "n = 800",
        "110 with the event",
        "the image alone",
        "+0.050 (95 % CI 0.030 to 0.070)",
    ):
        assert part in first


def test_a_shortcut_comes_first_and_says_how_far_it_explains_the_score():
    first, second = words(flags=["shortcut"], shortcuts=["view"])[:2]
    assert first.startswith("The way the picture was taken explains most of the hybrid's score")
    assert "declared shortcuts (view) alone reach an AUROC of 0.820" in first
    assert "91 % of the hybrid's lead over chance" in first
    assert (
        second.startswith("Fusing helped")
        and "shortcut is removed" in words(flags=["shortcut"])[-1]
    )


def test_a_pattern_of_recording_is_named_when_it_is_what_explains_the_score():
    areas = AREAS | {"missingness": 0.86, "shortcuts": 0.6}
    first = words(flags=["shortcut"], areas=areas)[0]
    assert first.startswith("What was recorded, and how often, explains the hybrid's score")
    assert "all of the hybrid's lead" in first


def test_a_hybrid_at_chance_is_said_to_be_no_better_than_chance():
    first = words(
        "no_evidence", flags=["shortcut"], areas=AREAS | {"hybrid": 0.49, "shortcuts": 0.5}
    )[0]
    assert "no better than chance" in first


def test_flags_are_said_in_words_with_figures():
    said = " ".join(words(flags=["simpler_model", "late_enough"], ceiling=0.9))
    assert "A simpler model is as good: random forest reaches 0.860" in said
    assert "late average is enough" in said and "+0.010 (95 % CI \u22120.010 to 0.030)" in said
    assert "this simulation allows is 0.900" in said


def test_no_evidence_names_the_single_modality_that_is_in_the_way():
    found = block("no_evidence")
    found["comparisons"][1]["high"] = 0.01
    said = verdict_in_words(found, cohort="c")[0]
    assert "but the hybrid is not clearly above the time series alone" in said


def test_one_modality_alone_cannot_be_fused():
    assert "no single modality" in words("no_evidence", best_single=None)[0]


def test_forbidden_words_never_occur():
    for verdict in ("helped", "no_difference", "no_evidence", "hurt"):
        said = " ".join(words(verdict, flags=["shortcut", "simpler_model", "late_enough"])).lower()
        assert not {"outperforms", "detects", "diagnoses"} & set(said.split())


def test_headlines_put_a_shortcut_first_and_the_late_average_behind_helped():
    assert headline(block(flags=["shortcut"])).startswith("A shortcut explains the score")
    assert headline(block(flags=["late_enough"])) == "Fusing helped; the late average is enough"
    assert headline(block("no_evidence", flags=["late_enough"])) == "No evidence that fusing helped"


def test_simulated_cohorts_are_called_so_in_the_sentence():
    assert "simulated cohort demo" in verdict_in_words(block(), cohort="demo", simulated=True)[0]


def test_numbers_have_true_signs_and_undefined_ones_a_dash():
    assert [number(-0.0004), signed(0.0001), signed(0.02), number(None), number(float("nan"))] == [
        "0.000", "0.000", "+0.020", "\u2013", "\u2013"
    ]  # fmt: skip
    assert (
        number(-0.5, 1) == "\u22120.5"
        and p_value(0.0004) == "< 0.001"
        and percent(0.004) == "< 1 %"
    )
    assert with_interval({"value": 0.8, "low": 0.75, "high": None}) == "0.800"
    assert [times(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]


def test_models_are_listed_hybrid_first_and_checks_last():
    given = [
        "majority",
        "score:sofa",
        "svm",
        "tabular_only",
        "image_only",
        "late_average",
        "hybrid",
    ]
    expected = [
        "hybrid",
        "image_only",
        "tabular_only",
        "late_average",
        "svm",
        "score:sofa",
        "majority",
    ]
    assert in_order(given) == expected
    assert model_name("sequence_wearable_only") == "Time series (wearable) only"


def test_lines_are_told_apart_by_dashes_alone():
    dashes = [line(position).get("dashes") for position in range(12)]
    assert len(set(dashes)) == len(dashes)


def test_the_mean_roc_has_the_mean_area_of_its_folds():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"sample_id": range(300), "class": "", "fold": np.arange(300) % 3})
    rows["label"] = rng.integers(0, 2, 300).astype(str)
    rows["probability"] = rng.random(300)
    cases = one_versus_rest(rows)
    areas = [roc_auc_score(part["event"], part["probability"]) for _, part in cases.groupby("fold")]
    assert np.trapezoid(mean_roc(roc_per_fold(cases))[1][1:], dx=1 / 200) == pytest.approx(
        np.mean(areas), abs=0.005
    )


def test_calibration_groups_are_equal_in_size_and_their_intervals_hold_the_share():
    cases = pd.DataFrame({"sample_id": np.arange(100), "probability": np.linspace(0, 1, 100)})
    curve = calibration_curve(cases.assign(event=(np.arange(100) >= 50).astype(int)))
    assert len(curve) == 5 and list(curve["observed"]) == [0, 0, 0.5, 1, 1]
    assert (curve["low"] <= curve["observed"]).all() and (curve["high"] >= curve["observed"]).all()
    assert curve["high"][0] == pytest.approx(0.1611, abs=1e-4)  # Wilson, 0 of 20


def test_multiclass_labels_that_are_no_class_are_refused():
    rows = pd.DataFrame(
        {"sample_id": ["a"], "fold": 0, "class": "cat", "label": "1", "probability": 0.5}
    )
    with pytest.raises(DataError, match="expected the class name in both columns"):
        one_versus_rest(rows)


def test_names_that_differ_keep_different_files():
    assert slug("icu_care-1.0") == "icu_care-1.0"
    assert slug("a/b") != slug("a b") and "/" not in slug("../x")


def test_markdown_cells_cannot_break_a_table():
    row = Row("a|b", (Cell("x\ny", "[1]"),), strong=True)
    text = to_markdown(Table(caption="", columns=("A", "B"), parts=(Part("", (row,)),)))
    assert text.splitlines()[-1] == r"| **a\|b** | x y [1] |"


def test_the_plan_is_told_with_its_reason_and_the_looks_at_the_test_part():
    plan = {
        "reason": "Because.",
        "folds": 3,
        "trials": 20,
        "seeds": 3,
        "epochs": 50,
        "test_looks": 3,
    }
    metrics = {"evaluation": "holdout", "n_train": 3200, "n_test": 800, "plan": plan}
    said = " ".join(evaluation_in_words(metrics))
    assert "3,200 samples" in said and "Because." in said and "looked at 3 times" in said
    assert "20 configurations" in said
    limits = " ".join(
        limits_in_words(metrics | {"simulated": False, "targets": {"x": {"events": 40}}})
    )
    assert "Fewer than 100 events: x (40)" in limits and "looked at 3 times" in limits
