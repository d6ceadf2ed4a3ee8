"""The bins of boosting are scikit-learn's own, and cost little where rows have weights."""

import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from hybrid_zoo.tuning.binning import Binned


def patients(rows, columns=6, seed=0):
    """Heavy tails, a column of few levels, one that is constant; a fifth is unknown."""
    draw = np.random.default_rng(seed)
    x = draw.standard_t(2, (rows, columns))
    x[:, 0], x[:, 1] = draw.integers(3, size=rows), 7.0
    ill = x[:, 2] + x[:, 0] + draw.normal(size=rows) > 2
    x[draw.random(x.shape) < 0.2] = np.nan
    return x, ill.astype(int)


@pytest.mark.parametrize(("rows", "bins"), [(20, 31), (400, 31), (400, 255), (3000, 63)])
def test_boosting_on_bins_equals_scikit_learns_own_binning_to_the_last_bit(rows, bins):
    x, ill = patients(rows)
    new = patients(500, seed=1)[0]
    own = HistGradientBoostingClassifier(max_bins=bins, random_state=0).fit(x, ill)
    ours = make_pipeline(Binned(bins), HistGradientBoostingClassifier(random_state=0)).fit(x, ill)
    assert_array_equal(ours.predict_proba(new), own.predict_proba(new))


def test_nan_stays_nan_and_there_are_no_more_bins_than_asked_for():
    x, _ = patients(1000)
    bins = Binned(31).fit(x).transform(x)
    assert_array_equal(np.isnan(bins), np.isnan(x))
    assert np.nanmin(bins) == 0 and np.nanmax(bins) == 30
    assert set(bins[:, 1][~np.isnan(bins[:, 1])]) == {0}  # never varies


def test_weighted_boosting_is_several_times_as_fast_on_bins():
    x, ill = patients(600, columns=60)
    took = []
    for first in ([], [Binned(31)]):
        model = HistGradientBoostingClassifier(max_iter=5, class_weight="balanced", random_state=0)
        start = time.process_time()
        make_pipeline(*first, model).fit(x, ill)
        took.append(time.process_time() - start)
    assert took[1] < took[0] / 3
