"""What a study foretells of its own time."""

from types import SimpleNamespace

import numpy as np
import pytest

from hybrid_zoo.studies import forecast as module
from hybrid_zoo.studies import side_by_side
from hybrid_zoo.studies.forecast import Forecast, duration

NETWORKS = ("hybrid", "image_only", "tabular_only")


def study(monkeypatch, *, tracing, minutes=None, networks=NETWORKS, cores=2):
    """A study of two rounds at 0 s, whose clock is turned by hand."""
    clock = SimpleNamespace(now=0.0)
    for each in (module, side_by_side):
        monkeypatch.setattr(each, "usable_cores", lambda: cores)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    took = {"tracing": tracing, "fitting": 30.0 if tracing else 0.0}
    contest = SimpleNamespace(networks={n: SimpleNamespace(**took) for n in networks})
    this = SimpleNamespace(
        trials=4,
        minutes=minutes,
        train=np.arange(1000),
        settings=SimpleNamespace(folds=5, seeds=3),
        arrays=SimpleNamespace(labels={"death": None}),
    )
    return clock, Forecast(contest, [this, this])


@pytest.mark.parametrize(("cores", "times", "words"), [(1, 2, "34"), (2, 1.2, "19")])
def test_a_fold_is_multiplied_and_tracing_is_not(monkeypatch, cores, times, words):
    clock, forecast = study(monkeypatch, tracing=10.0, cores=cores)
    clock.now = 30.0
    forecast.after_fit()
    networks = times * (4 * 10 + 2 * (4 * 5 + 3) * 20)
    baselines = 0 if cores > 1 else 4 * 2 * 21 * (0.15 + 0.0006 * 1000)
    assert forecast.seconds == pytest.approx(networks + baselines + 4 + 8)
    assert forecast.words.startswith(f"about {words} minutes in all, ")
    assert forecast.words.endswith("MB")


def test_a_single_network_and_a_time_budget_are_reckoned_with(monkeypatch):
    clock, forecast = study(monkeypatch, tracing=10.0, networks=["hybrid"], minutes=5)
    clock.now = 30.0
    forecast.after_fit()
    assert forecast.seconds == pytest.approx(30 + 5 * 60 + 12)


@pytest.mark.parametrize(("cores", "models"), [(1, 12 + 126), (2, 126)])
def test_baselines_take_time_of_their_own_where_they_outlast_networks_or_share_a_core(
    monkeypatch, cores, models
):
    clock, forecast = study(monkeypatch, tracing=10.0, minutes=0.2, cores=cores)
    clock.now = 30.0
    forecast.after_fit()
    baselines = 4 * 2 * 21 * (0.15 + 0.6)
    assert baselines == pytest.approx(126)
    assert forecast.seconds == pytest.approx(30 + models + 12)


def test_nothing_is_foretold_from_what_an_earlier_study_left(monkeypatch):
    clock, forecast = study(monkeypatch, tracing=0.0)
    clock.now = 0.1
    forecast.after_fit()
    assert not forecast.words
    vars(forecast._contest.networks["hybrid"]).update(tracing=10.0, fitting=30.0)
    clock.now = 30.1
    forecast.after_fit()
    once = forecast.words
    clock.now = 99.0
    forecast.after_fit()
    assert once == forecast.words == "about 19 minutes in all" + once[23:]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "10 seconds"), (47, "50 seconds"), (100, "2 minutes"), (720, "12 minutes"),
     (5399, "90 minutes"), (12600, "3.5 hours")],
)  # fmt: skip
def test_a_time_is_said_as_exactly_as_a_forecast_is(seconds, words):
    assert duration(seconds) == words
