"""Finds near copies among many pictures by their thumbnails."""

import cv2
import numpy as np

SIDE = 32  # pixels of a thumbnail
RAW = 0.99  # correlation of two thumbnails of one picture ...
OWN = 0.90  # ... and of what is left of them without what all pictures share
_COARSE = 16  # side at which all pairs are compared ...
_LOOSE = 0.95  # ... and the correlation that is worth a closer look
_COMMON = 20  # pictures from which on there is something that all share
_BLOCK = 1024  # pictures compared with all others at a time
_ENOUGH = 100_000  # pairs, after which no more are looked for
_BLANK = 0.01  # of the largest value


def thumbnails(pixels: np.ndarray) -> np.ndarray:
    """Shrink pictures by area means.

    Args:
        pixels: `(files, height, width, channels)`, or with a depth; the rest is averaged.

    Returns:
        `(files, 1024)` float32.
    """
    small = np.empty((len(pixels), SIDE * SIDE), dtype=np.float32)
    for row, picture in enumerate(pixels):
        plane = np.asarray(picture, dtype=np.float32).mean(axis=-1)
        plane = plane.mean(axis=0) if plane.ndim == 3 else plane
        shrunk = cv2.resize(np.nan_to_num(plane), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        small[row] = shrunk.ravel()
    return small


def is_blank(small: np.ndarray) -> np.ndarray:
    """Tell which thumbnails show nothing: constant to 1 % of their largest value.

    Args:
        small: `(files, 1024)`.
    """
    return small.std(axis=1) <= _BLANK * np.abs(small).max(axis=1)


def alike(small: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Find pairs of near copies that have different owners.

    Two pictures are near copies if their thumbnails correlate above .99, and above .90 once the
    mean picture of the cohort is taken away, without which any two chests are alike. Correlation
    does not see brightness and contrast, area means hardly see JPEG artefacts and size. All pairs
    are compared at 16x16, block by block, as matrix products.

    Args:
        small: `(files, 1024)` thumbnails, none blank.
        owner: `(files,)` numbers.

    Returns:
        `(pairs, 2)` positions, the smaller one first; no more once there are 100,000.

    Source:
        Own design, because a hash of signs needs a second look anyway, and the product of all pairs
        of 30,000 thumbnails takes no longer than comparing their hashes.
    """
    raw = _unit(small)
    own = _unit(raw - raw.mean(axis=0)) if len(raw) >= _COMMON else raw
    coarse = _unit(_halved(own))
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(raw), _BLOCK):
        near = coarse[start : start + _BLOCK] @ coarse[start:].T
        rows, columns = np.nonzero(near > _LOOSE)
        pairs = np.stack([rows, columns], axis=1) + start
        pairs = pairs[(rows < columns) & (owner[pairs[:, 0]] != owner[pairs[:, 1]])]
        for part in np.array_split(pairs, 1 + len(pairs) // _BLOCK):
            close = (_correlation(raw, part) > RAW) & (_correlation(own, part) > OWN)
            found.append(part[close])
        if sum(map(len, found)) > _ENOUGH:
            break
    return np.concatenate(found)


def _unit(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 0, length, 1)


def _halved(small: np.ndarray) -> np.ndarray:
    step = SIDE // _COARSE
    return small.reshape(-1, _COARSE, step, _COARSE, step).mean(axis=(2, 4)).reshape(len(small), -1)


def _correlation(unit: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.einsum("pk,pk->p", unit[pairs[:, 0]], unit[pairs[:, 1]])
