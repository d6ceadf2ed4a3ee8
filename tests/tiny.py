"""Small arrays of every modality, and models that train on them in seconds."""

import itertools

import numpy as np

from hybrid_zoo.hybrid import build_hybrid
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.arrays import CohortArrays

CONFIG = {"units": 4, "dropout": 0.3, "l2": 1e-4}
MODALITIES = ("image", "sequence", "tabular", "tokens")
SUBSETS = [s for n in range(5) for s in itertools.combinations(MODALITIES, n)]


def make_inputs(samples: int = 24, seed: int = 0) -> dict[str, np.ndarray]:
    """Return raw arrays; each sample lacks single cells, every third one an image."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(0, 255, (samples, 2, 8, 8, 1)).astype("float32")
    image[::3, 1] = np.nan
    sequence = rng.normal(80, 20, (samples, 6, 3)).astype("float32")
    sequence[rng.random(sequence.shape) < 0.4] = np.nan
    sequence[0, 0] = 80
    tabular = np.stack([rng.normal(60, 9, samples), rng.integers(0, 3, samples)], axis=1)
    tabular[1] = np.nan
    tokens = rng.integers(1, 8192, (samples, 5)).astype("int32")
    tokens[::2, 3:] = 0
    return {
        "image": image,
        "sequence": sequence,
        "tabular": tabular.astype("float32"),
        "tokens": tokens,
    }


def make_spec(inputs: dict[str, np.ndarray] | None = None) -> InputSpec:
    """Return the spec of `make_inputs`; column 1 of the table is a category."""
    return InputSpec.from_arrays(inputs or make_inputs(), categorical=(1,))


def make_model(spec: InputSpec | None = None, **changes):
    """Return a compiled hybrid of 4 units for the binary target `death`."""
    options = changes.pop("options", HybridOptions(metrics=False))
    settings = {"targets": ["death"]} | CONFIG | changes
    return build_hybrid(spec or make_spec(), options=options, **settings)


def blank(inputs: dict[str, np.ndarray], names) -> dict[str, np.ndarray]:
    """Return the inputs with some modalities absent for every sample."""
    return {
        k: np.full_like(v, 0 if k == "tokens" else np.nan) if k in names else v
        for k, v in inputs.items()
    }


def join(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return one batch of several."""
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def make_arrays(samples: int = 80, seed: int = 0) -> CohortArrays:
    """Return a cohort of a series and a table, with a binary and a multiclass target."""
    rng = np.random.default_rng(seed)
    every = make_inputs(samples, seed)
    death = (np.arange(samples) // 2 % 2).astype("float32")
    every["tabular"][:, 0] += 12 * death
    stage = rng.permutation(np.resize([0.0, 1.0, 2.0], samples)).astype("float32")
    death[5] = np.nan
    return CohortArrays(
        sample_ids=np.array([f"{k:03d}" for k in range(samples)]),
        patient_ids=np.array([f"p{k // 2}" for k in range(samples)]),
        inputs={"sequence": every["sequence"], "tabular": every["tabular"]},
        labels={"death": death, "stage": stage},
        classes={"stage": ("a", "b", "c")},
        columns={"sequence": ("HR", "MAP", "RR"), "tabular": ("age", "sex")},
        kinds={"sequence": ("numeric",) * 3, "tabular": ("numeric", "categorical")},
        categories={"sex": ("a", "b", "c")},
    )
