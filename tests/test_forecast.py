"""What a study foretells of its own time."""

from types import SimpleNamespace

import numpy as np
import pytest

from hybrid_zoo.studies import forecast as module
from hybrid_zoo.studies.forecast import Forecast, duration

NETWORKS = ("hybrid", "image_only", "tabular_only")


def study(monkeypatch, *, tracing, minutes=None, networks=NETWORKS, cores=2):
    """A study of two rounds at 0 s, whose clock is turned by hand."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "usable_cores", lambda: cores)
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock.now)
    contest = SimpleNamespace(networks={n: SimpleNamespace(tracing=tracing) for n in networks})
    this = SimpleNamespace(
        trials=4,
        minutes=minutes,
        train=np.arange(1000),
        settings=SimpleNamespace(folds=5, seeds=3),
        arrays=SimpleNamespace(labels={"death": None}),
    )
    return clock, Forecast(contest, [this, this])


def test_a_fold_is_multiplied_and_tracing_is_not(monkeypatch):
    clock, forecast = study(monkeypatch, tracing=10.0)
    clock.now = 30.0
    forecast.after_fit()
    networks = 2 * (4 * 10 + 2 * (4 * 5 + 3) * 20)
    assert forecast.seconds == pytest.approx(networks + 4 + 8)
    assert forecast.words.startswith("about 32 minutes in all") and forecast.words.endswith("MB")


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
    forecast._contest.networks["hybrid"].tracing = 10.0
    clock.now = 30.1
    forecast.after_fit()
    once = forecast.words
    clock.now = 99.0
    forecast.after_fit()
    assert once == forecast.words == "about 32 minutes in all" + once[23:]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "10 seconds"), (47, "50 seconds"), (100, "2 minutes"), (720, "12 minutes"),
     (5399, "90 minutes"), (12600, "3.5 hours")],
)  # fmt: skip
def test_a_time_is_said_as_exactly_as_a_forecast_is(seconds, words):
    assert duration(seconds) == words
