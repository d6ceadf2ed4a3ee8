"""What is read of each place through all blocks of self-attention."""

from collections.abc import Sequence

import numpy as np


def rollout(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Multiply the weights of blocks of self-attention, half of each being its residual path.

    Args:
        blocks: Weights of each block, the first one first: `(heads, places, places)`.

    Returns:
        `(places, places)`: what each place behind the last block reads of each before the first.
        Rows sum to 1.

    Source:
        Abnar & Zuidema 2020, arXiv:2005.00928, equation 1.
    """
    read = np.eye(blocks[0].shape[-1])
    for weights in blocks:
        read = (weights.mean(axis=0) + np.eye(len(read))) / 2 @ read
    return read


def seen(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the places at which anything may look: what is masked gets a weight of exactly 0.

    Args:
        blocks: As of `rollout`.

    Returns:
        `(places,)` bool.
    """
    looked_at: np.ndarray = blocks[0].sum(axis=(0, 1)) > 0
    return looked_at
