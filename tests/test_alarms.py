"""Every alarm has a leak that it finds and a near miss that it leaves alone."""

import numpy as np
import pandas as pd
import pytest

from hybrid_zoo.pipelines import Cohort, find_leaks

SAMPLES = 120
LABEL = np.arange(SAMPLES) % 2
TEXT = "reports cough for three days and fever since yesterday with pain on deep breath today "


def cohort(columns=None, *, label=LABEL, patients=None, **config):
    """A cohort of honest noise and the columns and tables to look at."""
    rng = np.random.default_rng(0)
    size = len(label)
    samples = pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(size)],
            "patient_id": [f"p{k}" for k in (range(size) if patients is None else patients)],
            "event": label,
            "age": rng.normal(60, 10, size),
            **(columns or {}),
        }
    )
    given = {"targets": ["event"], "tabular": ["age", *(columns or {})], **config}
    return Cohort.from_frames(samples, **given)


def found(*arguments, **options):
    return [(a.kind, a.where) for a in find_leaks(cohort(*arguments, **options))]


def noise(seed=1, size=SAMPLES):
    return np.random.default_rng(seed).normal(size=size)


@pytest.mark.parametrize(
    ("distance", "sign", "alarm"), [(4, 1, True), (4, -1, True), (1.81, 1, False)]
)
def test_a_number_alone_tells_the_label_either_way_and_an_honest_one_does_not(
    distance, sign, alarm
):
    values = sign * (distance * LABEL + noise())
    assert found({"x": values}) == [("column", "tabular x")] * alarm


def test_a_column_of_many_levels_does_not_pass_by_heart():
    names = {"ward": [f"w{k}" for k in range(SAMPLES)]}
    assert not found(names)
    codes = np.where(LABEL == 1, np.arange(SAMPLES) % 7, 7 + np.arange(SAMPLES) % 9)
    assert found({"ward": [f"w{k}" for k in codes]}) == [("column", "tabular ward")]


def test_levels_that_are_one_patients_own_do_not_count():
    patient = np.arange(SAMPLES) // 4
    assert not found({"ward": [f"w{k}" for k in patient]}, label=patient % 2, patients=patient)


def test_a_code_in_the_middle_tells_the_label():
    other = np.where(noise() > 0, 3, 1)
    assert found({"x": np.where(LABEL == 1, 2, other)}) == [("column", "tabular x")]


def test_few_patients_are_no_proof():
    label = np.r_[np.ones(4), np.zeros(36)]
    assert not found({"x": label + noise(size=40) / 9}, label=label)
    repeated = np.r_[np.zeros(40), 1 + np.arange(80)]  # 40 samples with the event, one patient
    label = (np.arange(SAMPLES) < 40).astype(int)
    assert not found({"x": label + noise() / 9}, label=label, patients=repeated.astype(int))


def test_unknown_labels_are_left_out_and_every_class_is_asked_for():
    label = np.where(np.arange(SAMPLES) % 3 == 0, np.nan, LABEL)
    lies = np.where(np.isnan(label), -9, 5 * LABEL + noise())
    assert found({"x": lies}, label=label) == [("column", "tabular x")]
    classes = np.array(["a", "b", "c"])[np.arange(SAMPLES) % 3]
    kinds = {"event": {"kind": "multiclass", "classes": ["a", "b", "c"]}}
    middle = np.where(classes == "b", 9, 0) + noise()
    assert found({"x": middle}, label=classes, targets=kinds) == [("column", "tabular x")]


def events(variable="dose", hours=None, value=None, rows=4):
    sample = np.repeat(np.arange(SAMPLES), rows)
    spread = np.tile(np.linspace(0, 20, rows), SAMPLES)
    return pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in sample],
            "hours": spread if hours is None else hours,
            "variable": variable,
            "value": noise(2, len(sample)) if value is None else value,
        }
    )


WINDOW = {"start_hours": 0, "end_hours": 24, "step_hours": 1}


def test_the_last_value_or_the_occurrence_of_a_variable_tells_the_label():
    last = events()
    assert not found(events=last, events_options=WINDOW)
    late = (last["hours"] == 20) * 9.0 * np.repeat(LABEL, 4)
    told = last.assign(value=last["value"] + late)
    assert found(events=told, events_options=WINDOW) == [("column", "sequence dose")]
    occurs = last[np.repeat(LABEL, 4) == 1]
    kinds = WINDOW | {"variables": {"dose": {"kind": "event"}}}
    assert found(events=occurs, events_options=kinds) == [("column", "sequence dose")]


def test_scores_and_shortcuts_are_looked_at():
    told = {"x": 5 * LABEL + noise()}
    assert found(told, tabular=["age"], scores=["x"]) == [("column", "score x")]
    views = {"view": np.where(LABEL == 1, "ap", "pa")}
    assert found(views, tabular=["age"], shortcuts=["view"]) == [("column", "shortcut view")]
    assert not found(views, tabular=["age"], groups=["view"])


def test_a_column_named_like_an_outcome_is_named_and_a_close_contact_is_not():
    assert found({"los_days": noise()}) == [("name", "tabular los_days")]
    assert not found({"close_contact": noise(), "smoking_status": noise(2)})
    assert found(events=events("Entlassung"), events_options=WINDOW) == [
        ("name", "sequence Entlassung")
    ]


@pytest.mark.parametrize(
    ("values", "alarm"),
    [
        (pd.date_range("2021-01-01", periods=SAMPLES).strftime("%Y-%m-%d"), True),
        (pd.date_range("2021-01-01", periods=SAMPLES).strftime("%d.%m.%y"), True),
        (44000.0 + np.arange(SAMPLES), True),
        (20210101 + 100 * (np.arange(SAMPLES) // 28) + np.arange(SAMPLES) % 28, True),
        (1.6e9 + 86400 * np.arange(SAMPLES), True),
        (30159.0 + np.arange(SAMPLES) % 9, False),  # the postal codes of one city
        (20000.0 + 400 * np.arange(SAMPLES), False),  # a hormone
        ([f"1.{k}" for k in range(SAMPLES)], False),
    ],
)
def test_dates_are_known_by_their_looks(values, alarm):
    values = np.random.default_rng(0).permutation(np.asarray(values))
    assert found({"x": values}) == [("name", "tabular x")] * alarm


def notes(*texts, hours=1.0):
    """One note each, of the first samples; the rest have their own words."""
    own = [f"patient {k} {TEXT * 2}" for k in range(len(texts), SAMPLES)]
    return pd.DataFrame(
        {"sample_id": [f"s{k}" for k in range(SAMPLES)], "text": [*texts, *own], "hours": hours}
    )


@pytest.mark.parametrize(
    ("texts", "alarm"),
    [
        ((TEXT * 2, "  " + TEXT.upper() + "\n" + TEXT), True),
        ((TEXT, TEXT), False),  # too short
        (["No effusion. " + TEXT * 2] * 6, False),  # a template
        ([TEXT * 5] * 6, True),  # none is that long
        ((f"Clear. {TEXT}. {TEXT}.",) * 2 + (f"{TEXT}.", "Clear. Large heart."), False),  # phrases
    ],
)
def test_a_note_of_two_patients_is_found_and_a_template_is_not(texts, alarm):
    assert found(notes=notes(*texts)) == [("same-note", "tokens")] * alarm


def test_a_note_may_stand_twice_under_one_patient():
    twins = np.maximum(np.arange(SAMPLES) - 1, 0)
    assert not found(notes=notes(TEXT * 2, TEXT * 2), patients=twins)
    assert found(notes=notes(TEXT * 2, TEXT * 2))


@pytest.mark.parametrize(
    ("hours", "options", "alarm"),
    [
        (np.tile([0, 20, 40, 90], SAMPLES), {"step_hours": 1}, ("time", "sequence")),
        (np.tile([-9, -2, 1, 2], SAMPLES), {"step_hours": 1}, ("time", "sequence")),
        (np.tile([-9, -6, -2, -1], SAMPLES), {"step_hours": 1}, None),
        (np.tile([0, 5, 10, 15], SAMPLES), {"step_hours": 1}, None),
        (np.tile([0, 20, 40, 90], SAMPLES), WINDOW, None),
        (np.where(np.arange(4 * SAMPLES) % 11, 90, 1), WINDOW, ("time", "events")),
    ],
)
def test_rows_after_the_moment_of_prediction(hours, options, alarm):
    assert [alarm] * bool(alarm) == found(events=events(hours=hours), events_options=options)


def test_notes_after_the_end_of_the_series_or_without_hours():
    series = {"events": events(), "events_options": WINDOW}
    assert not found(notes=notes(), **series)
    assert found(notes=notes(hours=40.0), **series) == [("time", "tokens")]
    assert not found(notes=notes(hours=40.0), notes_options={"end_hours": 48}, **series)
    assert found(notes=notes(hours=np.nan), **series) == [("time", "tokens")]
    assert not found(notes=notes(hours=np.nan))


def sometimes(yes, no, seed=1):
    """Recorded in a share of those with and without the event."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=SAMPLES)
    return np.where(rng.random(SAMPLES) < np.where(LABEL == 1, yes, no), values, np.nan)


def test_what_was_recorded_tells_the_label():
    assert found({"x": sometimes(0.99, 0.02)}) == [("missingness", "tabular x")]
    assert not found({"x": sometimes(0.7, 0.3)})
    many = {f"x{k}": sometimes(0.85, 0.25, k) for k in range(8)}
    assert found(many) == [("missingness", "target event")]
    assert not found({f"x{k}": sometimes(0.6, 0.5, k) for k in range(8)})


def test_how_often_a_variable_was_measured_tells_the_label():
    rare = events(rows=12)[np.tile(np.arange(12), SAMPLES) < np.repeat(3 + 8 * LABEL, 12)]
    assert found(events=rare, events_options=WINDOW) == [("missingness", "sequence dose")]


def test_a_message_holds_no_value_no_class_and_no_text():
    classes = np.array(["sepsis_x", "shock_x", "none_x"])[np.arange(SAMPLES) % 3]
    kinds = {"event": {"kind": "multiclass", "classes": sorted(set(classes))}}
    value = np.where(classes == "shock_x", 7777.0, 1111.0)
    columns = {"x": value, "outcome": ["zebra", "quagga"] * (SAMPLES // 2)}
    given = cohort(columns, label=classes, targets=kinds, notes=notes(TEXT * 2, TEXT * 2))
    alarms = find_leaks(given)
    assert {a.kind for a in alarms} == {"column", "name", "same-note"}
    said = " ".join(f"{a.where} {a.message} {a.advice}" for a in alarms)
    assert "AUROC" in said and "s0 = s1" in said
    for secret in ("7777", "1111", "shock_x", "zebra", "cough"):
        assert secret not in said


def test_nothing_is_quarantined_or_changed():
    given = cohort({"los": 5 * LABEL + noise()}, notes=notes(TEXT * 2, TEXT * 2))
    before = given.samples.copy(), given.notes.copy()
    assert len(find_leaks(given)) == 3
    assert given.quarantine.empty and not given.dropped
    assert given.samples.equals(before[0]) and given.notes.equals(before[1])
