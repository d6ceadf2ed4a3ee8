"""The reference's logits; run by a Python that has PyTorch and not this package.

usage: _lite0_reference.py WEIGHTS.pth IN.npz OUT.npz
IN holds `square`, images of 224x224 pixels, and `odd`, one of another size; OUT their logits, two
photographs of scikit-image with theirs, and every array of the file as PyTorch reads it.
"""

import sys

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from skimage import data
from skimage.transform import resize

PHOTOGRAPHS = ("chelsea", "coffee")


def logits(pixels: np.ndarray, **options) -> np.ndarray:
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=sys.argv[1], **options)
    scaled = torch.from_numpy((pixels.transpose(0, 3, 1, 2) - np.float32(127)) / np.float32(128))
    with torch.no_grad():
        return model.eval()(scaled).numpy()


def main() -> None:
    weights, given, out = sys.argv[1:]
    with np.load(given) as images:
        square, odd = images["square"], images["odd"]
    photographs = np.stack(
        [
            resize(getattr(data, name)(), (224, 224), preserve_range=True, anti_aliasing=True)
            for name in PHOTOGRAPHS
        ]
    ).astype("float32")
    np.savez(
        out,
        photographs=photographs,
        square=logits(np.concatenate([photographs, square])),
        odd=logits(odd, image_size=None),
        **{f"file/{k}": v.numpy() for k, v in torch.load(weights, weights_only=True).items()},
    )


if __name__ == "__main__":
    main()
