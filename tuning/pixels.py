"""What a bag of images says without a network: small pictures, their brightness and sharpness."""

import numpy as np

GRID = 16
_PERCENTILES = (5, 25, 50, 75, 95)
STATISTICS = ("mean", "sd", *(f"percentile_{p}" for p in _PERCENTILES), "gradient_energy")
# 16 million pixels at a time keep the temporary arrays of a large cohort small.
_PIXELS = 16_000_000


def summarise_images(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Summarise each row's bag of images.

    Args:
        images: `(rows, images, height, width, channels)`, pixel values as stored; an image without
            a finite pixel is absent, colours are averaged. Of volumes, which have a depth as third
            axis, every slice is an image.

    Returns:
        Pictures `(rows, 2 * 256)`: mean and maximum over the bag of the images cut down to 16x16;
        and `(rows, 1 + 2 * 8)`: log of one plus the number of images, then mean and maximum over
        the bag of `STATISTICS`. float32; NaN for a row without images.

    Source:
        Own design, because a baseline on pixels needs coarse content and exposure, and nothing
        learnt: what these explain is not the network's merit.
    """
    step = max(1, _PIXELS // max(1, int(np.prod(images.shape[1:]))))
    starts = range(0, max(1, len(images)), step)
    blocks = [_summarise(_slices(images[i : i + step])) for i in starts]
    pictures, statistics = zip(*blocks, strict=True)
    return np.concatenate(pictures), np.concatenate(statistics)


def _slices(images: np.ndarray) -> np.ndarray:
    """Return bags of volumes as bags of their slices."""
    if images.ndim == 5:
        return images
    rows, number, depth = images.shape[:3]
    return images.reshape(rows, number * depth, *images.shape[3:])


def _summarise(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    finite = np.isfinite(images)
    grey = np.where(finite, images, np.float32(0)).mean(-1, dtype=np.float32)
    present = finite.any((2, 3, 4))  # (rows, images)
    shown = grey[present]  # (present images, height, width)
    small = _shrink(shown).reshape(len(shown), GRID * GRID)
    pictures = pool_bags(small, present)
    statistics = pool_bags(_statistics(shown), present)
    count = np.log1p(present.sum(1, keepdims=True)).astype(np.float32)
    return pictures, np.concatenate([count, statistics], axis=1)


def _shrink(pictures: np.ndarray) -> np.ndarray:
    """Average `(n, height, width)` over a 16x16 grid; a smaller side repeats its pixels."""
    for axis in (1, 2):
        size = pictures.shape[axis]
        starts = np.arange(GRID) * size // GRID
        widths = np.maximum(1, np.diff(starts, append=size))
        shape = (-1, 1) if axis == 1 else (-1,)
        pictures = np.add.reduceat(pictures, starts, axis) / widths.reshape(shape)
    return pictures.astype(np.float32)


def _statistics(pictures: np.ndarray) -> np.ndarray:
    flat = pictures.reshape(len(pictures), int(np.prod(pictures.shape[1:])))
    if not len(flat):
        return np.zeros((0, len(STATISTICS)), dtype=np.float32)
    down = (np.diff(pictures, axis=1) ** 2).mean((1, 2)) if pictures.shape[1] > 1 else 0
    right = (np.diff(pictures, axis=2) ** 2).mean((1, 2)) if pictures.shape[2] > 1 else 0
    columns = [flat.mean(1), flat.std(1), *np.percentile(flat, _PERCENTILES, axis=1)]
    return np.stack([*columns, np.log1p(down + right) + 0 * columns[0]], axis=1).astype(np.float32)


def pool_bags(features: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Spread the features of the present images over their rows' bags; return mean and maximum."""
    bag = np.full((*present.shape, features.shape[1]), np.nan, dtype=np.float32)
    bag[present] = features
    count = present.sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present[..., None], bag, 0).sum(1) / count
    highest = np.where(present[..., None], bag, -np.inf).max(1, initial=-np.inf)
    return np.concatenate([mean, np.where(count > 0, highest, np.nan)], axis=1, dtype=np.float32)
