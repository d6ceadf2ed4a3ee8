"""Is the highest place where the lesion is?"""

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter

from hybrid_zoo.explain.faith.evidence import Evidence
from hybrid_zoo.explain.faith.reading import OF_PIXELS
from hybrid_zoo.explain.faith.verdict import Check
from hybrid_zoo.explain.parts import PATCHES

LEAST = 0.8


def pointing(evidence: Evidence, lesions: np.ndarray) -> Check:
    """Count the patients whose highest place lies in a lesion or half a patch from it.

    Maps of single pixels are smoothed over half a patch first.

    Args:
        evidence: The explanations.
        lesions: `(patients, images, height, width)` bool, of the patients of the evidence.

    Source:
        The pointing game, Zhang et al. 2016, arXiv:1608.00507, section 4.1.
    """
    every = zip(evidence.maps, lesions, strict=True)
    pixels = evidence.method in OF_PIXELS
    hits = [_hits(found, lesion > 0, pixels) for found, lesion in every]
    value = float(np.mean(hits))
    words = f"its highest place lies in the lesion of {value:.0%} of patients"
    return Check(value=value, bar=LEAST, passed=value >= LEAST, words=words)


def _hits(found: np.ndarray, lesion: np.ndarray, pixels: bool) -> bool:
    half = max(min(found.shape[1:]) // (2 * PATCHES), 1)
    values = np.where(np.isfinite(found), found, 0.0)
    if pixels:
        values = np.stack([gaussian_filter(x, half) for x in values])
    values = np.where(np.isfinite(found), values, -np.inf)
    if not np.ptp(values[np.isfinite(values)]):
        return False
    image, *place = np.unravel_index(np.argmax(values), values.shape)
    return bool(binary_dilation(lesion[image], iterations=half)[tuple(place)])
