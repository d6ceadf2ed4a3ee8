"""How fast and how small is the pipeline? Images, ragged series, batches, and a fit epoch.

usage: pipelines.py [--patients 10000] [--repeats 5] [--quick]

Per patient three PNG images of 128x128 and a series of 5 to 200 steps of 12 variables. All sides
are measured in turn in one process, two threads each, tf.data autotune off on every side; medians.
Memory is measured in processes of their own that run one epoch without a model.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from PIL import Image

from hybrid_zoo import InputSpec, build_hybrid
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.manifest import manifest
from hybrid_zoo.pipelines.scan import scan
from hybrid_zoo.pipelines.schema import Images
from hybrid_zoo.pipelines.series import RaggedSeries
from hybrid_zoo.pipelines.store import array_store, image_store

SIDE, PER_PATIENT, VARIABLES, SHORTEST, LONGEST, BATCH = 128, 3, 12, 5, 200, 32
FITTED = 2000  # patients of the epochs with a model


def write_images(folder: Path, number: int) -> list[Path]:
    """Write smooth pictures with a little noise, no two alike."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE

    def write(k: int) -> Path:
        rng = np.random.default_rng(k)
        wave = np.sin(rng.uniform(3, 12) * x + rng.uniform(3, 12) * y) * 90 + 128
        noisy = (wave + rng.normal(0, 3, x.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{k}.png", compress_level=1)
        return folder / f"{k}.png"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(write, range(number)))


def ragged(patients: int, where: Path) -> RaggedSeries:
    rng = np.random.default_rng(0)
    lengths = rng.integers(SHORTEST, LONGEST + 1, patients)
    values = rng.standard_normal((lengths.sum(), VARIABLES), dtype=np.float32)
    values[rng.random(values.shape, dtype=np.float32) < 0.5] = np.nan
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return RaggedSeries(array_store(values, where), starts, LONGEST)


class Generator(tf.keras.utils.PyDataset):
    """What a Keras user would write: decode and pad each batch in Python."""

    def __init__(self, paths: list[Path], series: RaggedSeries) -> None:
        super().__init__()
        self.paths, self.series = paths, series

    def __len__(self) -> int:
        return -(-len(self.series) // BATCH)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        rows = np.arange(index * BATCH, min((index + 1) * BATCH, len(self.series)))
        images = np.stack([[self._image(row, k) for k in range(PER_PATIENT)] for row in rows])
        values, starts = self.series.values, self.series.starts
        padded = np.full((len(rows), LONGEST, VARIABLES), np.nan, dtype=np.float32)
        for place, row in enumerate(rows):
            own = values[starts[row] : starts[row + 1]]
            padded[place, : len(own)] = own
        return {"image": images, "sequence": padded}

    def _image(self, row: int, k: int) -> np.ndarray:
        with Image.open(self.paths[row * PER_PATIENT + k]) as image:
            return np.asarray(image, dtype=np.float32)[..., None]


def opencv(paths: list[Path]) -> None:
    """Decode every file on two threads into one array of bytes."""
    out = np.empty((len(paths), SIDE, SIDE), dtype=np.uint8)

    def read(k: int) -> None:
        out[k] = cv2.imread(str(paths[k]), cv2.IMREAD_UNCHANGED)

    in_threads(read, len(paths))


def in_threads(work: Callable[[int], object], number: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(work, range(number)):
            pass


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(sides: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Time all sides in turn; the first round warms up and does not count."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats + 1):
        for name, work in sides.items():
            found[name].append(seconds(work))
    return {name: float(np.median(times[1:])) for name, times in found.items()}


def drain(data: tf.data.Dataset) -> None:
    for _ in data:
        pass


def loading(paths: list[Path], folder: Path, repeats: int) -> tuple[dict, Batches]:
    """Cold decode against OpenCV; a warm epoch against a generator and the decode limit."""
    files = manifest(scan(folder, [(path.name, "") for path in paths]))
    fresh: Iterator[int] = iter(range(1000))
    options = Images(size=(SIDE, SIDE))
    cold = medians(
        {
            "store": lambda: image_store(files, folder, options, folder / f"cold-{next(fresh)}"),
            "opencv": lambda: opencv(paths),
        },
        repeats,
    )
    patients = len(paths) // PER_PATIENT
    pixels = image_store(files, folder, options, folder / "store")
    slots = np.arange(len(paths)).reshape(patients, PER_PATIENT)
    series = ragged(patients, folder / "store")
    labels = {"y": np.random.default_rng(0).integers(0, 2, patients)}
    batches = Batches({"image": ImageBags(pixels, slots), "sequence": series}, labels)
    generator = Generator(paths[: FITTED * PER_PATIENT], series_of(series, FITTED))
    warm = medians(
        {
            "batches": lambda: drain(batches.dataset(np.arange(patients), seed=0, bucket=True)),
            "generator": lambda: in_threads(generator.__getitem__, len(generator)),
        },
        repeats,
    )
    warm_rate = patients / warm["batches"]
    generator_rate = len(generator.series) / warm["generator"]
    limit = patients / cold["opencv"]
    print(
        f"cold: {len(paths) / cold['store']:.0f} images/s, {len(paths) / cold['opencv']:.0f} OpenCV"
    )
    print(f"warm: {warm_rate:.0f} patients/s, generator {generator_rate:.0f}, decoding {limit:.0f}")
    return {
        "cold_over_opencv": figure(cold["opencv"] / cold["store"], 0.9),
        "warm_over_generator": figure(warm_rate / generator_rate, 10),
        "warm_over_decode_limit": figure(warm_rate / limit, 4),
    }, batches


def series_of(series: RaggedSeries, patients: int) -> RaggedSeries:
    starts = series.starts[: patients + 1]
    return RaggedSeries(series.values[: starts[-1]], starts, series.steps)


def fitting(batches: Batches, repeats: int, patients: int) -> dict:
    """A fit epoch from the pipeline against one whose batches lie ready in the memory."""
    rows = np.arange(min(FITTED, patients))
    live = batches.dataset(rows, seed=0, bucket=True)
    (inputs, _), *_ = list(live.take(1))
    spec = InputSpec.from_arrays({name: value.numpy() for name, value in inputs.items()})
    model = build_hybrid(spec, targets=["y"])
    ready = live.cache()
    drain(ready)
    epochs = medians(
        {
            "fit": lambda: model.fit(live, epochs=1, verbose=0, shuffle=False),
            "step": lambda: model.fit(ready, epochs=1, verbose=0, shuffle=False),
        },
        repeats,
    )
    print(
        f"epoch of {len(rows)} patients: {epochs['fit']:.2f} s, steps alone {epochs['step']:.2f} s"
    )
    return {"epoch_over_step": figure(epochs["fit"] / epochs["step"], 1.10, most=True)}


def figure(value: float, bar: float, *, most: bool = False) -> dict:
    return {"value": round(value, 3), "bar": bar, "holds": value <= bar if most else value >= bar}


def anonymous_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return float("nan")


def one_epoch(patients: int) -> None:
    """Print the anonymous memory of this process after an epoch over so many patients."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shape = (patients * PER_PATIENT, SIDE, SIDE, 1)
        pixels = np.lib.format.open_memmap(folder / "x.npy", "w+", np.uint8, shape)
        for start in range(0, len(pixels), 1000):
            pixels[start : start + 1000] = start % 251
        slots = np.arange(len(pixels)).reshape(patients, PER_PATIENT)
        values = {"image": ImageBags(pixels, slots), "sequence": ragged(patients, folder)}
        data = Batches(values, {"y": np.zeros(patients)}).dataset(np.arange(patients), seed=0)
        drain(data)
        print(anonymous_megabytes())


def memory(patients: int) -> dict:
    found = []
    for size in (patients, 4 * patients):
        command = [sys.executable, __file__, "--one-epoch", str(size)]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append(float(output.split()[-1]))
    print(f"anonymous memory: {found[0]:.0f} MB, {found[1]:.0f} MB for four times the patients")
    return {"memory_growth_mb": figure(found[1] - found[0], 50, most=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="500 patients, two repeats")
    parser.add_argument("--one-epoch", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.one_epoch:
        return one_epoch(given.one_epoch)
    patients, repeats = (500, 2) if given.quick else (given.patients, given.repeats)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = write_images(folder, patients * PER_PATIENT)
        figures, batches = loading(paths, folder, repeats)
        figures |= fitting(batches, repeats, patients)
    figures |= memory(patients)
    print(f"{os.cpu_count()} cores, tf.data autotune off, medians of {repeats}")
    print(json.dumps(figures))
    return None


if __name__ == "__main__":
    main()
