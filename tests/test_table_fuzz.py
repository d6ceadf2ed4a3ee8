"""Tables as hospitals write them: only this package's errors escape, and good rows stay as they are."""

import csv
import io

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybrid_zoo.errors import HybridZooError
from hybrid_zoo.pipelines.cohort import Cohort

CONFIG = {
    "version": 1,
    "name": "fuzz",
    "targets": {"death": {"kind": "binary"}},
    "tabular": {"age": {"kind": "numeric", "range": [0, 120]}, "ward": {"kind": "categorical"}},
    "events": {"step_hours": 1, "end_hours": 9, "variables": {"HR": {"range": [0, 300]}}},
    "notes": {"max_tokens": 4},
}
TABLES = {
    "samples": (
        ["sample_id", "death", "age", "ward"],
        [[f"s{k}", k % 2, 30 + k, "ab"[k % 2]] for k in range(12)],
    ),
    "events": (
        ["sample_id", "hours", "variable", "value"],
        [[f"s{k}", k % 9, "HR", 60 + k] for k in range(12)],
    ),
    "notes": (["sample_id", "text"], [[f"s{k}", f"note {k}"] for k in range(12)]),
}

cell = st.one_of(
    st.sampled_from(
        ["", " ", "NA", "nan", "inf", "-inf", "1e999", "1,5", "-1", "0x1F", "s1", "s99"]
    ),
    st.sampled_from(
        ["1", "0", "36.6", "9999999999999999999999", "true", "HR", "2024-01-01", "=A1"]
    ),
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
    st.just("x" * 140_000),
)
line_end = st.sampled_from(["\n", "\r\n"])


@st.composite
def table(draw, name):
    """Good rows with bad ones among them, written as some spreadsheet would."""
    header, good = TABLES[name]
    header = list(header)
    extra = draw(st.sampled_from([""] * 6 + ["comment", "comment", header[0], header[-1].upper()]))
    header += [extra] if extra else []
    rows = [[str(value) for value in row] + [""] * bool(extra) for row in good]
    width = len(header)
    bad = draw(st.lists(st.lists(cell, min_size=width, max_size=width + draw(st.integers(0, 1)))))
    for row in bad:
        rows.insert(draw(st.integers(0, len(rows))), row)
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, lineterminator=draw(line_end))
    writer.writerows([header, *rows])
    encoding = draw(st.sampled_from(["utf-8"] * 4 + ["utf-8-sig"] * 4 + ["utf-16", "latin-1"]))
    end = draw(st.sampled_from([""] * 5 + ["\n", "\n\n", ",,,,\n", ",,,,\r\n", '"']))
    return (text.getvalue() + end).encode(encoding, errors="replace")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "cohort.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def fuzzed(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@fuzzed(100)
@given(data=st.data())
def test_only_our_errors_escape_and_good_rows_are_unchanged(folder, data):
    fuzzed = data.draw(st.sampled_from(list(TABLES)))
    for name, (header, good) in TABLES.items():
        plain = io.StringIO()
        csv.writer(plain).writerows([header, *good])
        content = data.draw(table(name)) if name == fuzzed else plain.getvalue().encode()
        (folder / f"{name}.csv").write_bytes(content)
    try:
        cohort = Cohort.read(folder)
        arrays = cohort.to_arrays()
    except HybridZooError:
        return
    rows = [list(arrays.sample_ids).index(f"s{k}") for k in range(12)]
    assert cohort.samples["death"].iloc[rows].tolist() == [k % 2 for k in range(12)]
    assert arrays.inputs["tabular"][rows, 0].tolist() == [30 + k for k in range(12)]
    notes = cohort.notes[cohort.notes["text"].str.fullmatch(r"note \d+")]
    assert set(zip(notes["sample_id"], notes["text"], strict=True)) >= {
        (f"s{k}", f"note {k}") for k in range(12)
    }
    events = cohort.events
    found = set(zip(events["sample_id"], events["hours"], events["value"], strict=True))
    assert found >= {(f"s{k}", float(k % 9), 60.0 + k) for k in range(12)}
    assert np.isin(cohort.quarantine["table"], list(TABLES)).all()


@pytest.mark.slow
@fuzzed(500)
@given(data=st.data())
def test_the_same_of_five_hundred_tables(folder, data):
    test_only_our_errors_escape_and_good_rows_are_unchanged.hypothesis.inner_test(folder, data)
