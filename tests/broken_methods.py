"""Explanation methods that are broken on purpose."""

import numpy as np

from hybrid_zoo.explain import Result, grad_cam


def transposed(case):
    """Grad-CAM with rows for columns."""
    found = grad_cam(case).values
    return Result(values={name: x.swapaxes(-1, -2) for name, x in found.items()})


def constant(case):
    """The same everywhere."""
    return Result(values={"image": np.ones(case.sample["image"].shape[1:-1])})


def raw_pixels(case):
    """The picture itself, whatever the model makes of it."""
    return Result(values={"image": case.sample["image"][0].mean(axis=-1)})


BROKEN = {method.__name__: method for method in (transposed, constant, raw_pixels)}
