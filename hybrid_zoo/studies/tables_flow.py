"""The flow of participants, as boxes for a diagram and as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hybrid_zoo.evaluation.suppression import SMALLEST_CELL
from hybrid_zoo.studies.tables_parts import Cell, Part, Row, Table
from hybrid_zoo.studies.words_models import modality_name
from hybrid_zoo.studies.words_numbers import counted, whole

Flow = Mapping[str, Any]

_ROWS = {
    "samples": ("sample", "samples"),
    "events": ("measurement", "measurements"),
    "images": ("image", "images"),
    "notes": ("note", "notes"),
}
_PARTS = {
    "training": "Training",
    "test": "Test",
    "all": "Cross-validation: every sample is fitted on and scored",
}


@dataclass(frozen=True)
class Box:
    """One box of the diagram.

    Args:
        title: What it counts.
        lines: The counts.
    """

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One row of the diagram: boxes side by side, and beside them what leaves the flow.

    Args:
        boxes: One box, or one for each part.
        aside: What was set aside or left out here.
    """

    boxes: tuple[Box, ...]
    aside: tuple[Box, ...] = ()


def flow_diagram(flow: Flow) -> list[Step]:
    """Arrange the counts as a participant flow.

    Args:
        flow: `flow` of `metrics.json`.

    Returns:
        The steps from the tables as read to the events of each part.
    """
    tables = flow["tables"]
    read = [_count(name, table["rows"]) for name, table in tables.items()]
    used = [_count(name, table["used"]) for name, table in tables.items() if name != "samples"]
    samples = f"{counted(flow['samples'], 'sample')} of {counted(flow['patients'], 'patient')}"
    modalities = [_with(name, sizes) for name, sizes in flow["modalities"].items()]
    return [
        Step((Box("Rows in the tables", tuple(read)),), tuple(_aside(tables))),
        Step((Box("Used", (samples, *used)),), tuple(_cells(tables))),
        Step((Box("Inputs", tuple(modalities)),), tuple(_unlabelled(flow))),
        Step(tuple(_part(flow, name) for name in flow["parts"])),
    ]


def flow_table(flow: Flow) -> Table:
    """Make the table that says the same as the diagram.

    Args:
        flow: `flow` of `metrics.json`.
    """
    return Table(
        caption="Participant flow, as a table",
        columns=("Step", "Count"),
        parts=(
            *(_table_part(name, table) for name, table in flow["tables"].items()),
            Part("Inputs", tuple(_input_rows(flow["modalities"]))),
            *(_part_rows(flow, name) for name in flow["parts"]),
        ),
        note="Each row of a table is counted once: set aside with a reason, left out by rule, or "
        "used. A quarantined value of a sample counts as not recorded, and the sample stays.",
    )


def _count(table: str, rows: int) -> str:
    return counted(rows, *_ROWS[table])


def _aside(tables: Flow) -> Iterator[Box]:
    for kind, title in (("quarantined", "Quarantined"), ("dropped", "Left out by rule")):
        lines = [
            f"{_count(name, n)}: {_reason(name, reason)}"
            for name, table in tables.items()
            for reason, n in table[kind].items()
        ]
        yield Box(title, tuple(lines) or ("nothing",))


def _reason(table: str, reason: str) -> str:
    return reason.removeprefix(f"{table} ")


def _cells(tables: Flow) -> Iterator[Box]:
    cells = tables.get("samples", {}).get("cells", {})
    if cells:
        lines = [f"{counted(n, 'value')}: {reason}" for reason, n in cells.items()]
        yield Box("Values of samples, quarantined", (*lines, "their samples stay"))


def _with(name: str, sizes: Flow) -> str:
    few, rest = _few(sizes)
    return f"{modality_name(name)}: {few} with, {rest} without"


def _few(sizes: Flow) -> tuple[str, str]:
    """Write how many have a modality; of fewer than 10 neither that nor the rest."""
    if 0 < sizes["with"] < SMALLEST_CELL:
        return f"<{SMALLEST_CELL}", "all others"
    return whole(sizes["with"]), whole(sizes["without"])


def _unlabelled(flow: Flow) -> Iterator[Box]:
    lines = [
        f"{name}: {counted(target['unknown'], 'sample')}"
        for name, target in flow["targets"].items()
        if target["unknown"]
    ]
    if lines:
        yield Box("Label unknown, neither fitted nor scored for that target", tuple(lines))


def _part(flow: Flow, part: str) -> Box:
    size = flow["parts"][part]
    samples = f"{counted(size['samples'], 'sample')} of {counted(size['patients'], 'patient')}"
    targets = [_classes(name, target[part]) for name, target in flow["targets"].items()]
    return Box(_PARTS[part], (samples, *targets))


def _classes(name: str, counts: Flow) -> str:
    if "with event" in counts:
        known = sum(counts.values())
        return f"{name}: {counted(counts['with event'], 'event')} of {whole(known)}"
    return f"{name}: {', '.join(f'{whole(n)} {of}' for of, n in counts.items())}"


def _table_part(name: str, table: Flow) -> Part:
    rows = [
        ("Rows read", table["rows"]),
        *((f"Quarantined: {reason}", n) for reason, n in table["quarantined"].items()),
        *((f"Left out: {_reason(name, why)}", n) for why, n in table["dropped"].items()),
        ("Used", table["used"]),
        *((f"Values quarantined: {reason}", n) for reason, n in table["cells"].items()),
    ]
    return Part(f"Table {name}", tuple(Row(head, (Cell(whole(n)),)) for head, n in rows))


def _input_rows(modalities: Flow) -> Iterator[Row]:
    for name, sizes in modalities.items():
        present, absent = _few(sizes)
        yield Row(f"Samples with {modality_name(name)}", (Cell(present),))
        yield Row(f"Samples without {modality_name(name)}", (Cell(absent),))


def _part_rows(flow: Flow, part: str) -> Part:
    size = flow["parts"][part]
    rows = [("Samples", size["samples"]), ("Patients", size["patients"])]
    for name, target in flow["targets"].items():
        rows += [(f"{name}: {of}", n) for of, n in target[part].items()]
        if part == "all":
            rows.append((f"{name}: label unknown", target["unknown"]))
    return Part(_PARTS[part], tuple(Row(head, (Cell(whole(n)),)) for head, n in rows))
