"""A sample is known again by what was recorded of it."""

import numpy as np
import pytest
from factories import cohort_tables, make_cohort

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.digests import sample_digests


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    return Cohort.read(make_cohort(tmp_path_factory.mktemp("digests") / "cohort")).to_arrays()


def test_samples_differ_and_each_is_told_by_16_digits(arrays):
    digests = sample_digests(arrays)
    assert len(set(digests)) == 40 and all(len(d) == 16 for d in digests)


def test_other_samples_padding_and_the_order_of_inputs_change_nothing(arrays, tmp_path):
    ids = [f"{k:04d}" for k in range(0, 40, 3)]
    tables = {n: t[t["sample_id"].isin(ids)][::-1] for n, t in cohort_tables().items()}
    few = Cohort.read(make_cohort(tmp_path / "few", tables=tables)).to_arrays()
    place = np.searchsorted(arrays.sample_ids, few.sample_ids)
    assert (sample_digests(few) == sample_digests(arrays)[place]).all()
    padded = {name: np.asarray(values) for name, values in reversed(few.inputs.items())}
    for name in ("image", "sequence"):
        blank = np.full_like(padded[name][:, :1], np.nan)
        padded[name] = np.concatenate([padded[name], blank, blank], axis=1)
    assert (sample_digests(with_inputs(few, padded))[0]) != ""
    series = {name: padded[name] for name in ("sequence", "tabular", "tokens")}
    stored = {name: few.inputs[name] for name in series}
    assert (
        sample_digests(with_inputs(few, series)) == sample_digests(with_inputs(few, stored))
    ).all()


def test_one_cell_makes_another_sample_and_nothing_at_all_has_no_hash(arrays):
    inputs = {name: np.array(arrays.inputs[name]) for name in ("sequence", "tabular")}
    before = sample_digests(with_inputs(arrays, inputs))
    inputs["tabular"][5, 0] += 1
    inputs["sequence"][7] = inputs["tabular"][7] = np.nan
    after = sample_digests(with_inputs(arrays, inputs))
    assert np.flatnonzero(before != after).tolist() == [5, 7] and after[7] == ""


def with_inputs(arrays, inputs):
    return CohortArrays(
        sample_ids=arrays.sample_ids, patient_ids=arrays.patient_ids, inputs=inputs, labels={}
    )
