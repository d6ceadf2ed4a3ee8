"""A configuration is stopped when it is predicted not to win, and seldom wrongly."""

import numpy as np
import pytest
from scipy.stats import norm

from hybrid_zoo.tuning.racing import Race

BEST = [0.80, 0.82, 0.78, 0.81, 0.79]


def race(highest=True, **options):
    found = Race(5, highest=highest, **options)
    found.finish(BEST if highest else [-x for x in BEST])
    return found


def test_the_first_configuration_runs_every_fold():
    assert not Race(5, highest=True).hopeless([0.1, 0.1])


def test_the_rule_is_the_predicted_chance_of_a_better_mean():
    spread = np.sqrt(2 * np.var(BEST, ddof=1))
    for behind in np.linspace(-0.2, 0.05, 50):
        for done in range(1, 5):
            scores = np.add(BEST[:done], behind)
            chance = norm.cdf(behind / (spread * np.sqrt(1 / done - 1 / 5)))
            assert race().hopeless(scores.tolist()) == (chance < 0.05)


def test_after_all_folds_nothing_is_left_to_stop():
    assert not race().hopeless([0.0] * 5)


def test_the_spread_is_pooled_over_what_has_finished():
    found = race()
    found.finish(np.add(BEST, -0.05))  # no spread at all between the folds' differences
    assert found.hopeless([0.78]) and not race().hopeless([0.78])


def test_a_loss_is_raced_downwards():
    found = race(highest=False)
    assert found.hopeless([-0.2]) and not found.hopeless([-0.9])
    assert found.expected([-0.7]) == pytest.approx(-0.80 + 0.1)


def test_a_better_configuration_becomes_the_one_to_beat():
    found = race()
    found.finish(np.add(BEST, [0.1, 0.11, 0.1, 0.09, 0.1]))
    assert found.expected([0.90]) == pytest.approx(0.9)
    assert found.hopeless([0.80])


def test_whoever_would_have_won_is_seldom_stopped():
    """The stated rate is 5 % per look; four looks together stop less than a tenth of the winners."""
    rng, lost, winners = np.random.default_rng(0), 0, 0
    for _ in range(4000):
        level = rng.normal(0.8, 0.03, 5)  # some folds are harder, for all alike
        tried = level + rng.normal(0, 0.02, (5, 5))
        found = Race(5, highest=True)
        for scores in tried[:-1]:
            found.finish(scores)
        if tried[-1].mean() > tried[:-1].mean(axis=1).max():
            winners += 1
            lost += any(found.hopeless(tried[-1, :done].tolist()) for done in range(1, 5))
    assert winners > 500
    assert lost / winners < 0.10
