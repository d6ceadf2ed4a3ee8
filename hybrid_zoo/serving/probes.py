"""Raw inputs on which an export must answer as its model does."""

from collections.abc import Iterator, Mapping

import numpy as np

from hybrid_zoo.inputs import time_name
from hybrid_zoo.serving.rows import Arrays, Expected, absent

PATIENTS, OPEN = 4, 3  # rows of a batch, and the length of axes that may vary


def probes(expected: Mapping[str, Expected], seed: int = 0) -> Iterator[tuple[str, Arrays]]:
    """Yield made-up patients who lack what patients lack.

    Args:
        expected: Inputs by name.
        seed: Of the values.

    Yields:
        In words what is missing, and every input: `(batch, ...)`.

    Source:
        Own design: each way in which NaN enters a model, and each axis that may grow.
    """
    rng = np.random.default_rng(seed)
    whole = {name: _values(rng, name, known, PATIENTS, OPEN) for name, known in expected.items()}
    nothing = absent(expected, PATIENTS)
    yield "patients who lack nothing", whole
    yield "patients who lack single values", {k: _with_gaps(rng, x) for k, x in whole.items()}
    for name in expected:
        if not name.startswith("time"):
            gone = {name, time_name(name)}
            yield f"patients without {name}", whole | {k: nothing[k] for k in gone & set(whole)}
    yield "patients of whom nothing is known", nothing
    yield (
        "one patient, every length 1",
        {name: _values(rng, name, known, 1, 1) for name, known in expected.items()},
    )
    yield "longer series and bags", {k: _padded(x, expected[k]) for k, x in whole.items()}


def _values(
    rng: np.random.Generator, name: str, expected: Expected, rows: int, length: int
) -> np.ndarray:
    shape = (rows, *(length if n is None else n for n in expected.shape[1:]))
    if expected.dtype == "int32":
        return rng.integers(0, 99, shape).astype("int32")
    if name.startswith(("image", "volume")):
        return rng.uniform(0, 255, shape).astype("float32")
    if name.startswith("time"):
        return np.sort(rng.uniform(0, 48, shape)).astype("float32")
    scale = 10 ** rng.uniform(-1, 3, shape[-1])
    values = rng.normal(0.5, 1, shape) * scale
    values[0] = rng.integers(0, 3, shape[1:])  # as codes of categories are, and marks of events
    return values.astype("float32")


def _with_gaps(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """NaN and infinity at random in floats, 0 in tokens; the first patient's hours stay."""
    gaps = x.copy()
    if x.dtype == "int32":
        gaps[rng.random(x.shape) < 0.5] = 0
        return gaps
    drawn = rng.random(x.shape)
    gaps[drawn < 0.3] = np.nan
    gaps[drawn > 0.97] = np.inf
    gaps[:, 0][drawn[:, 0] > 0.9] = -np.inf
    return gaps


def _padded(x: np.ndarray, expected: Expected) -> np.ndarray:
    """Longer along the axes that may vary, by what was not observed."""
    more = [(0, 2 if n is None and axis else 0) for axis, n in enumerate(expected.shape)]
    return np.pad(x, more, constant_values=0 if x.dtype == "int32" else np.nan)
