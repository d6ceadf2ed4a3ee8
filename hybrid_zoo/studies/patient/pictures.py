"""Every image of a patient's bag, and beside it what the methods say of its places."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from hybrid_zoo.explain.explanation import Explanation
from hybrid_zoo.studies.patient.numbers import contribution, hours_of
from hybrid_zoo.studies.patient.overlay import as_address, grey, limits_of, overlaid
from hybrid_zoo.studies.patient.subject import Subject

NAMES = {
    "hires_cam": "HiResCAM",
    "occlusion": "Occlusion",
    "attention": "Attention",
    "integrated_gradients": "Integrated gradients",
    "modality_shapley": "Shapley values",
    "smooth_grad": "SmoothGrad",
}
METHODS = ("hires_cam", "occlusion")
SAYS = {
    "hires_cam": "Light places: about where the features are that raise the risk; the line "
    "encloses what is above half of the largest value.",
    "occlusion": "What the logit loses where a patch is painted over: light places raise the risk, "
    "dark ones lower it; lines enclose what is above half of the largest effect, broken "
    "lines what lowers the risk that much.",
}
NOWHERE = {
    "hires_cam": "The map is 0 everywhere: no place raises the risk.",
    "occlusion": "No patch changes the logit.",
}


def picture_sections(subject: Subject, explanation: Explanation) -> list[dict[str, Any]]:
    """Return the images of each bag that the patient has.

    Args:
        subject: The patient.
        explanation: Of the patient.
    """
    names = [n for n in explanation.case.present if n.partition("_")[0] in ("image", "volume")]
    return [
        {
            "name": name,
            "images": list(_images(subject, explanation, name)),
            "methods": [m for m in METHODS if _maps(explanation, m, name) is not None],
        }
        for name in names
    ]


def _images(subject: Subject, explanation: Explanation, name: str) -> Iterator[dict[str, Any]]:
    bag, hours = subject.inputs[name], subject.image_hours(name)
    limits = limits_of(bag)
    there = np.flatnonzero(np.isfinite(bag).reshape(len(bag), -1).any(axis=1))
    effects = _effects(explanation, name)
    for k in there:
        kind = name.partition("_")[0].capitalize()
        hour = hours_of(float(hours[k]), subject.end_hours(name))
        title = f"{kind} {k + 1} of {len(there)}, {hour}"
        yield {
            "title": title,
            "effect": _effect(effects, int(k)),
            "views": list(views(explanation, name, int(k), title, limits, bag[k])),
        }


def views(
    explanation: Explanation,
    name: str,
    k: int,
    title: str,
    limits: tuple[float, float],
    image: np.ndarray,
) -> Iterator[dict[str, str]]:
    """Return the image alone and each map over it; of a volume each map's strongest slice.

    Args:
        explanation: Of the patient.
        name: Of the bag.
        k: Position of the image in it.
        title: What the image is called.
        limits: Value of black and of white.
        image: `(height, width, channels)`, of a volume `(depth, ...)`.

    Returns:
        `address`, empty where there is nothing to see, `caption`, `alt`, and what it `says`.
    """
    maps = {m: x[k] for m in METHODS if (x := _maps(explanation, m, name)) is not None}
    flat = image.ndim == 3
    if flat:
        yield _view(as_address(grey(image, limits)), "The image alone", title, "the image alone")
    for method, found in maps.items():
        called, of, part, on = NAMES[method], image, found, ""
        if not flat:
            deepest = int(np.nanargmax(np.nanmax(abs(found), axis=(1, 2))))
            of, part, on = image[deepest], found[deepest], f", slice {deepest + 1} of {len(found)}"
            alone = as_address(grey(of, limits))
            yield _view(alone, f"The image alone{on}", title, f"the image alone{on}")
        if not np.nan_to_num(part).any():
            yield {"caption": f"{called}{on}", "says": NOWHERE[method], "address": "", "alt": ""}
            continue
        address = overlaid(grey(of, limits), part)
        alt = f"{called} over the image{on}; strongest {_where(part)}"
        yield _view(address, f"{called}{on}: strongest {_where(part)}", title, alt)


def _view(address: str, caption: str, title: str, alt: str) -> dict[str, str]:
    return {"address": address, "caption": caption, "alt": f"{title}: {alt}.", "says": ""}


def _maps(explanation: Explanation, method: str, name: str) -> np.ndarray | None:
    found = explanation.results.get(method)
    return None if found is None else found.values.get(name)


def _effects(explanation: Explanation, name: str) -> np.ndarray | None:
    return _maps(explanation, "occlusion", f"{name}/whole")


def _effect(effects: np.ndarray | None, k: int) -> str:
    if effects is None or not np.isfinite(effects[k]):
        return ""
    return f"Without it the logit changes by {contribution(-float(effects[k]))}."


def _where(found: np.ndarray) -> str:
    """The place of the largest value in words, as it is seen on the page."""
    row, column = np.unravel_index(np.nanargmax(abs(found)), found.shape)
    down = ("at the top", "in the middle", "at the bottom")[int(3 * row / found.shape[0])]
    across = ("left", "centre", "right")[int(3 * column / found.shape[1])]
    return f"{down}, {across}"
