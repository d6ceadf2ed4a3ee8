"""The table of components, made from the registries, and the page that holds it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS
from hybrid_zoo.studies import zoo
from hybrid_zoo.studies.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "zoo.md"
NAMES = [name for registry in (*ENCODERS.values(), BAGS, FUSIONS) for name in registry]


@pytest.fixture(scope="module")
def rows():
    return list(zoo.zoo_rows(timed=False))


def test_the_table_holds_every_registered_component_once(rows):
    assert [row.name for row in rows] == NAMES and len(rows) == 29


def test_parameters_are_those_of_the_reference_sample(rows):
    found = {(row.kind, row.name): row.parameters for row in rows}
    dense = 2048 * 64 + 64
    standardised = 3  # mean, deviation, logarithm of the one channel
    assert found["image encoder", "resnet50"] == 23_581_440 + dense + standardised
    assert found["bag pooling", "gated_attention"] == 2 * 64 * 64 + 64
    assert found["bag pooling", "mean"] == found["fusion", "late"] == 0


def test_every_row_has_features_and_a_source(rows):
    for row in rows:
        assert row.source and row.milliseconds is None
        assert row.features == (None if row.name == "late" else 64), row.name


def test_a_timed_row_takes_a_measurable_time():
    registry = ENCODERS["tabular"]
    x = zoo._sample("tabular")
    model = registry["mlp"](zoo.InputSpec.from_arrays({"tabular": x}))
    assert 0 < zoo._row(registry, "mlp", model, x, timed=True).milliseconds < 1000


def test_the_page_lists_what_is_registered_with_its_parameters(rows):
    lines = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    listed = [[cell.strip() for cell in line[1:5]] for line in lines[8:] if len(line) > 5]
    assert [line[1] for line in listed] == NAMES
    assert listed == [list(zoo.cells(row)[:4]) for row in rows]


def test_the_command_writes_the_page(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "zoo_rows", lambda timed: iter(rows))
    done = CliRunner().invoke(app, ["zoo", "--no-time", "--markdown", str(tmp_path / "zoo.md")])
    assert done.exit_code == 0 and "Wrote" in done.output
    assert (tmp_path / "zoo.md").read_text(encoding="utf-8").count("\n| ") == 30
    printed = CliRunner().invoke(app, ["zoo", "--no-time"]).output
    assert all(name in printed for name in NAMES)
