"""Is efficientnet_lite0 the network that its published weights were trained in?

usage: efficientnet_lite0.py [--torch REQUIREMENT] [--python PYTHON] [--quick]
Installs PyTorch and efficientnet-lite-pytorch into a temporary environment, which takes a network,
and compares logits of 20 images: two photographs of scikit-image, 16 pieces of two of scikit-learn,
two of noise. Then one of another size, and every array of the weights' file as both read it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import keras
import numpy as np
from _tuning_figures import at_most
from sklearn.datasets import load_sample_image

from hybrid_zoo.images.efficientnet_lite0 import NAME, PACKAGED, features, from_torch
from hybrid_zoo.layers.torch_file import read_torch

BAR = 1e-4
NEEDED = ("efficientnet-lite-pytorch==0.1.0", "scikit-image")
KNOWN = {"chelsea": (285, 0.79), "coffee": (967, 0.905)}
SCRIPT = Path(__file__).with_name("_lite0_reference.py")


def pieces() -> np.ndarray:
    """16 pieces of two photographs, from close and from afar, and two images of noise."""
    found = []
    for name in ("china.jpg", "flower.jpg"):
        picture = load_sample_image(name).astype("float32")
        found += [picture[y : y + 224, x : x + 224] for y in (0, 200) for x in (0, 200, 400)]
        found += [
            np.pad(picture[::2, x:640:2][:, :224], ((0, 10), (0, 0), (0, 0))) for x in (0, 150)
        ]
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 255, (2, 224, 224, 3)).astype("float32")
    return np.concatenate([np.stack(found), noise])


def environment(folder: Path, requirement: str) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", requirement, *NEEDED], check=True)
    return python


def backbone(shape: tuple[int, ...]) -> keras.Model:
    def build(channels: int) -> keras.Model:
        image = keras.Input((*shape[:2], channels))
        return keras.Model(image, features(image))

    return from_torch(build, shape[-1], PACKAGED.path(NAME), PACKAGED.sha256)


def logits(pixels: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    found = backbone(pixels.shape[1:]).predict((pixels - 127) / 128, verbose=0)
    return found @ arrays["_fc.weight"].T + arrays["_fc.bias"]


def compare(python: Path, folder: Path) -> dict[str, dict]:
    square, odd = pieces(), load_sample_image("china.jpg")[None, :97, :130].astype("float32")
    np.savez(folder / "in.npz", square=square, odd=odd)
    weights = PACKAGED.path(NAME)
    subprocess.run([python, SCRIPT, weights, folder / "in.npz", folder / "out.npz"], check=True)
    arrays = read_torch(NAME, weights, PACKAGED.sha256)
    with np.load(folder / "out.npz") as reference:
        expected = {name: reference[name] for name in reference}
    read = {name[5:]: array for name, array in expected.items() if name.startswith("file/")}
    same = list(read) == list(arrays) and all(np.array_equal(read[k], arrays[k]) for k in read)
    ours = logits(np.concatenate([expected["photographs"], square]), arrays)
    figures = {
        "images": {"value": len(ours), "bar": 20, "holds": len(ours) == 20},
        "arrays read alike": {"value": len(arrays), "holds": same},
        "largest logit": {"value": float(np.abs(expected["square"]).max())},
        "largest difference": difference(ours, expected["square"]),
        "largest difference at 97x130": difference(logits(odd, arrays), expected["odd"]),
    }
    for (name, (label, bar)), own in zip(KNOWN.items(), ours, strict=False):
        share = float(np.exp(own - np.logaddexp.reduce(own))[label])
        holds = int(own.argmax()) == label and abs(share - bar) < 0.005
        figures[f"{name} as {label}"] = {"value": share, "bar": bar, "holds": holds}
    return figures


def difference(found: np.ndarray, expected: np.ndarray) -> dict:
    return at_most(float(np.abs(found - expected).max()), BAR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", default="torch", help="what pip installs as PyTorch")
    parser.add_argument("--python", type=Path, help="of an environment that has all of it already")
    parser.add_argument("--quick", action="store_true", help="the same; pip takes the time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = options.python or environment(folder / "venv", options.torch)
        figures = compare(python, folder)
    for name, figure in figures.items():
        print(f"{name}: {figure['value']:.6g}")
    print(json.dumps(figures))
    sys.exit(not all(figure.get("holds", True) for figure in figures.values()))


if __name__ == "__main__":
    main()
