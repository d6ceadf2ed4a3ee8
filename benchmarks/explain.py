"""Do explanations point at what was planted, and depend on the weights? How long do they take?

usage: explain.py [--patients 1200] [--repeats 10] [--quick]

Made-up patients with a picture of 64x64, 48 hours of 12 variables, 10 columns and a note of 64
words; who is ill has a bright spot at a random place of the picture, which alone decides. A hybrid
of the default encoders learns it. Then

- pointing game: is the highest place of a map within the spot, or half a cell of the encoder's map
  (4 pixels) from it? Of ill test patients whom the model finds. By chance one in sixteen is.
- randomisation: Spearman's correlation of maps with those of the same model with new weights. Maps
  of one image that share its pixels as a factor (integrated gradients) correlate by that alone.
- time: all methods, first and second patient, and Grad-CAM alone.

The bars: Grad-CAM points right in at least 0.8, of a model with an AUROC above 0.9; correlations
below 0.2 in size; all methods under 10 s, Grad-CAM after the first time under 0.2 s.
"""

import argparse
import json
import time

import keras
import numpy as np
from _tuning_figures import at_least, at_most, bare
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from hybrid_zoo import HybridOptions, InputSpec, build_hybrid
from hybrid_zoo.explain import METHODS, explain

SEED, SIDE, RADIUS, CELL = 0, 64, 5, 8
MAPS = ("grad_cam", "hires_cam", "occlusion", "integrated_gradients", "smooth_grad")
AUROC, POINTING, CORRELATION, SECONDS, GRAD_CAM_SECONDS = 0.9, 0.8, 0.2, 10.0, 0.2


def patients(count: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Inputs, who is ill, and the centre of the spot: `(patients, 2)`."""
    rng = np.random.default_rng(SEED)
    ill = np.arange(count) % 2
    centres = rng.integers(RADIUS + 2, SIDE - RADIUS - 2, (count, 2))
    images = gaussian_filter(rng.normal(0, 1, (count, SIDE, SIDE)), (0, 2, 2))
    images = 100 + 25 * images / images.std() + rng.normal(0, 8, images.shape)
    far = np.linalg.norm(np.indices((SIDE, SIDE)).T[None] - centres[:, None, None], axis=-1)
    images += 90 * (far.transpose(0, 2, 1) <= RADIUS) * ill[:, None, None]
    sequence = rng.normal(80, 12, (count, 48, 12))
    sequence[rng.random(sequence.shape) < 0.5] = np.nan
    tabular = rng.normal(60, 9, (count, 10))
    inputs = {
        "image": np.clip(images, 0, 255)[:, None, :, :, None].astype("float32"),
        "sequence": sequence.astype("float32"),
        "tabular": tabular.astype("float32"),
        "tokens": rng.integers(1, 8192, (count, 64)).astype("int32"),
    }
    return inputs, ill.astype("float32"), centres


def part(x: dict[str, np.ndarray], rows) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in x.items()}


def trained(x: dict[str, np.ndarray], ill: np.ndarray, rows: slice, epochs: int) -> keras.Model:
    keras.utils.set_random_seed(SEED)
    spec = InputSpec.from_arrays(part(x, rows))
    model = build_hybrid(spec, targets=["ill"], options=HybridOptions(metrics=False))
    model.fit(part(x, rows), {"ill": ill[rows]}, epochs=epochs, batch_size=32, verbose=0)
    return model


def place_map(method: str, values: np.ndarray) -> np.ndarray:
    """`(64, 64)` of the first picture; single pixels' values are pooled over a few pixels."""
    if method in ("grad_cam", "hires_cam", "occlusion"):
        return values[0]
    found = values[0].sum(axis=-1)
    return gaussian_filter(found if method == "integrated_gradients" else abs(found), 3)


def maps_of(model: keras.Model, sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = explain(model, sample, methods=MAPS)
    return {name: place_map(name, found[name].values["image"]) for name in MAPS}


def hits(found: np.ndarray, centre: np.ndarray) -> bool:
    highest = np.unravel_index(np.argmax(found), found.shape)
    return bool(np.linalg.norm(np.array(highest) - centre) <= RADIUS + CELL / 2)


def pointing(model, x, ill, centres, rows) -> tuple[float, dict[str, float], list]:
    """AUROC; share of hits by method; and the maps, for what follows."""
    test = part(x, rows)
    risk = model.predict(test, verbose=0)["ill"][:, 0]
    found = np.flatnonzero((ill[rows] == 1) & (risk > 0.5))[:60]
    maps = [maps_of(model, part(test, k)) for k in found]
    shares = {
        name: float(
            np.mean([hits(m[name], centres[rows][k]) for m, k in zip(maps, found, strict=True)])
        )
        for name in MAPS
    }
    kept = [(part(test, k), m) for k, m in zip(found[:20], maps, strict=False)]
    return float(roc_auc_score(ill[rows], risk)), shares, kept


def randomised(x, rows, kept: list, repeats: int) -> dict[str, float]:
    """Mean correlation with the maps of models whose weights are drawn anew."""
    spec = InputSpec.from_arrays(part(x, rows))
    found: dict[str, list[float]] = {name: [] for name in MAPS}
    for seed in range(1, repeats + 1):
        keras.utils.set_random_seed(seed)
        model = build_hybrid(spec, targets=["ill"], options=HybridOptions(metrics=False))
        for sample, before in kept[seed % len(kept) :][:3]:
            after = maps_of(model, sample)
            for name in MAPS:
                if np.ptp(after[name]) and np.ptp(before[name]):
                    found[name].append(spearmanr(before[name].ravel(), after[name].ravel())[0])
    return {name: float(np.mean(values)) if values else 0.0 for name, values in found.items()}


def seconds(x: dict[str, np.ndarray]) -> dict[str, float]:
    """Of a new model: all methods that fit it, once and again, and Grad-CAM alone."""
    model = build_hybrid(InputSpec.from_arrays(x), targets=["ill"])
    taken = []
    for row, methods in ((0, None), (1, None), (2, "grad_cam"), (3, "grad_cam")):
        start = time.perf_counter()
        explain(model, part(x, row), methods=methods)
        taken.append(time.perf_counter() - start)
    return dict(zip(("first", "second", "grad_cam", "grad_cam again"), taken, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1200)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    count, repeats = (400, 2) if arguments.quick else (arguments.patients, arguments.repeats)
    x, ill, centres = patients(count)
    taken = seconds(part(x, slice(0, 64)))
    half = count * 3 // 4
    model = trained(x, ill, slice(0, half), epochs=6 if arguments.quick else 12)
    auroc, shares, kept = pointing(model, x, ill, centres, slice(half, count))
    correlations = randomised(x, slice(0, half), kept, repeats) if kept else {}
    print(f"AUROC {auroc:.3f} of {count - half} patients, {len(MAPS)} of {len(METHODS)} methods")
    for name in MAPS:
        line = f"{name:21s} pointing {shares[name]:.2f}"
        print(f"{line}  correlation with new weights {correlations.get(name, np.nan):+.2f}")
    print("seconds", {name: round(value, 2) for name, value in taken.items()})
    figures = {f"pointing of {k}": bare(v) for k, v in shares.items()}
    figures |= {
        f"size of the correlation of {k}": at_most(abs(v), CORRELATION)
        for k, v in correlations.items()
    }
    figures |= {f"seconds, {k}": bare(v) for k, v in taken.items()}
    figures |= {
        "auroc": at_least(auroc, AUROC),
        "pointing of grad_cam": at_least(shares["grad_cam"], POINTING),
        "seconds, first": at_most(taken["first"], SECONDS),
        "seconds, grad_cam again": at_most(taken["grad_cam again"], GRAD_CAM_SECONDS),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
