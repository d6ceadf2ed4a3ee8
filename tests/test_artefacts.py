"""Values that their neighbours contradict are quarantined, and only those."""

import numpy as np
import pandas as pd
from factories import cohort_tables, make_cohort

from hybrid_zoo.pipelines.artefacts import artefacts
from hybrid_zoo.pipelines.cohort import Cohort


def series(values, sample="a", variable="HR"):
    hours = np.arange(len(values), dtype=float)
    return pd.DataFrame(
        {"sample_id": sample, "variable": variable, "hours": hours, "value": values}
    )


def wearable(seed: int = 0, steps: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 70 + 15 * np.sin(np.arange(steps) / 30) + rng.normal(0, 1.5, steps)


def test_planted_spikes_are_found_and_little_else():
    values, places = wearable(), np.array([20, 77, 150, 300, 395])
    values[places] += [60, -50, 80, -60, 70]
    found = np.flatnonzero(artefacts(series(values), 6))
    assert set(places) <= set(found)
    assert (
        len(found) - len(places) <= 8
    )  # 2 % of clean values, whose six neighbours happen to agree


def test_it_equals_a_loop_over_windows():
    rows = pd.concat(
        [series(wearable(1, 40)), series(wearable(2, 25), "b"), series([1.0, 9.0], "c")]
    )
    rows = rows.sample(frac=1, random_state=0, ignore_index=True)
    expected = np.zeros(len(rows), dtype=bool)
    for _, group in rows.groupby("sample_id"):
        group = group.sort_values("hours")
        for k in range(len(group)):
            near = group["value"].to_numpy()[max(0, k - 3) : k + 4]
            near = np.delete(near, min(k, 3))
            if len(near) >= 4:
                median = np.median(near)
                spread = max(1.4826 * np.median(np.abs(near - median)), 0.01 * abs(median))
                expected[group.index[k]] = abs(group["value"].iloc[k] - median) > 2 * spread
    assert expected.any()
    np.testing.assert_array_equal(artefacts(rows, 2), expected)


def test_steps_trends_and_constant_stretches_are_no_artefacts():
    step = np.repeat([60.0, 100.0], 30)
    assert not artefacts(series(step), 6).any()
    assert not artefacts(series(np.arange(50.0)), 6).any()
    almost = np.full(30, 37.0)
    almost[12] = 37.3
    assert not artefacts(series(almost), 6).any()


def test_short_series_and_other_variables_say_nothing():
    rows = pd.concat([series([60.0, 200, 60]), series([1.0] * 9, variable="K")], ignore_index=True)
    assert not artefacts(rows, 6).any()
    assert artefacts(series([]), 6).shape == (0,)


def test_they_are_quarantined_and_counted_where_asked_for(tmp_path):
    events = series(wearable(steps=60), "0000")
    events["hours"] = events["hours"] / 6
    events.loc[31, "value"] = 200.0
    more = pd.DataFrame(
        {"sample_id": "0000", "hours": events["hours"], "variable": "Vent", "value": 1}
    )
    tables = cohort_tables() | {"events": pd.concat([events, more])}
    options = {"step_hours": 1, "variables": {"HR": {}, "Vent": {"kind": "event"}}}
    plain = Cohort.read(make_cohort(tmp_path / "plain", tables=tables, events=options))
    assert len(plain.events) == 120 and plain.quarantine.empty
    options["artefacts"] = 8
    clean = Cohort.read(make_cohort(tmp_path / "clean", tables=tables, events=options))
    assert clean.quarantine["row"].tolist() == [32] and len(clean.events) == 119
    assert clean.quarantine["reason"].tolist() == ["unlike the values around it"]
