"""The table of all components, made from the registries."""

import inspect
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.layers.knob_layers import count_parameters
from hybrid_zoo.registries import BAGS, ENCODERS, FUSIONS
from hybrid_zoo.registry import Registry

SHAPES = {
    "image": (1, 128, 128, 1),
    "volume": (1, 16, 64, 64, 1),
    "sequence": (48, 37),
    "tabular": (20,),
    "tokens": (256,),
}
"""One reference sample of each kind."""

MEASURED_ON = (
    "one grey image of 128x128 pixels, one volume of 16x64x64, 48 steps of 37 variables, "
    "20 columns, 256 tokens; bags of 4 and fusions of 3 vectors of 64 features"
)

WIDTH, BATCH, REPEATS = 64, 8, 5


@dataclass(frozen=True)
class Row:
    """One component.

    Args:
        kind: What it is: "image encoder", "fusion".
        name: Its registered name.
        parameters: All weights at the reference sample.
        features: Width of the vector it ends in; None where it has none of its own.
        milliseconds: Per sample, median over repeats of a batch; None if not measured.
        source: From its docstring.
    """

    kind: str
    name: str
    parameters: int
    features: int | None
    milliseconds: float | None
    source: str


def zoo_rows(*, timed: bool = True) -> Iterator[Row]:
    """Build every registered component and describe it.

    Args:
        timed: Measure milliseconds per sample as well.

    Yields:
        One row per component, in the order of the registries.
    """
    for kind, registry in ENCODERS.items():
        x = _sample(kind)
        spec = InputSpec.from_arrays({kind: x})
        batch = x[:, 0] if kind in ("image", "volume") else x
        for name, builder in registry.items():
            yield _row(registry, name, builder(spec, units=WIDTH), batch, timed)
    for registry, inputs, build in ((BAGS, *_bag()), (FUSIONS, *_fused())):
        for name, builder in registry.items():
            yield _row(registry, name, build(builder), inputs, timed)


def markdown(rows: list[Row]) -> str:
    """Return the rows as a page of documentation.

    Args:
        rows: From `zoo_rows`.
    """
    lines = [
        "# The zoo",
        "",
        "Written by `hybrid-zoo zoo --markdown docs/zoo.md`; no figure here was typed by",
        f"hand. Measured on {MEASURED_ON};",
        f"batches of {BATCH}, median of {REPEATS}, on {os.cpu_count()} CPU cores.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|---|---|---:|---:|---:|---|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(cells(row)) + " |" for row in rows), ""])


HEADER = ("kind", "name", "parameters", "features", "ms per sample", "source")


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as text.

    Args:
        row: One component.
    """
    return (
        row.kind,
        row.name,
        f"{row.parameters:,}",
        str(row.features) if row.features else "-",
        "-" if row.milliseconds is None else f"{row.milliseconds:.2f}",
        row.source,
    )


def _sample(kind: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    shape = (BATCH, *SHAPES[kind])
    if kind == "tokens":
        return rng.integers(1, 8192, shape).astype("int32")
    return rng.uniform(0, 255, shape).astype("float32")


def _row(registry: Registry, name: str, model: keras.Model, inputs, timed: bool) -> Row:
    out = model.outputs[0]
    return Row(
        kind=registry.kind,
        name=name,
        parameters=count_parameters(model),
        features=None if name == "late" else out.shape[-1],
        milliseconds=_milliseconds(model, inputs) if timed else None,
        source=_source(registry[name]),
    )


def _milliseconds(model: keras.Model, inputs) -> float:
    model.predict_on_batch(inputs)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model.predict_on_batch(inputs)
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds)) / BATCH


def _source(builder: Callable) -> str:
    """The first sentence of a docstring's section `Source`."""
    text = (inspect.getdoc(builder) or "").partition("\nSource:\n")[2]
    paragraph = " ".join(text.split("\n\n")[0].split())
    return paragraph.split("; ")[0].rstrip(".")


def _bag() -> tuple[list[np.ndarray], Callable]:
    images = 4
    features, real = keras.Input((WIDTH,)), keras.Input((images,))
    values = np.random.default_rng(0).normal(size=(BATCH * images, WIDTH)).astype("float32")

    def build(builder):
        return keras.Model([features, real], builder()(features, real))

    return [values, np.ones((BATCH, images), "float32")], build


def _fused() -> tuple[list[np.ndarray], Callable]:
    names = ("image", "sequence", "tabular")
    features = {name: keras.Input((WIDTH,), name=name) for name in names}
    presence = {name: keras.Input((1,), name=f"{name}_presence") for name in names}
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(BATCH, WIDTH)).astype("float32") for _ in names]
    inputs = [*features.values(), *presence.values()]

    def build(builder):
        fused = builder(units=WIDTH)(features, presence)
        return keras.Model(inputs, inputs[:1] if fused is None else fused)

    return [*values, *(np.ones((BATCH, 1), "float32") for _ in names)], build
