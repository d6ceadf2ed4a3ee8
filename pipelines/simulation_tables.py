"""What the simulator shows of each patient: pictures, laboratory and wearable series."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from hybrid_zoo.pipelines.simulation_truth import Latents

SIDE = 48  # pixels
IMAGES = 3  # per patient
HOURS = 48.0
# Variable: unit, mean, standard deviation between patients, sign of the effect of illness.
LABS = {
    "glucose": ("mg/dL", 130.0, 28.0, 1.0),
    "creatinine": ("mg/dL", 1.3, 0.28, 1.0),
    "crp": ("mg/L", 90.0, 20.0, 1.0),
    "hemoglobin": ("g/dL", 12.0, 1.3, -1.0),
}
WEARABLES = {
    "heart_rate": ("1/min", 82.0, 9.0, 1.0),
    "activity": ("steps/h", 420.0, 90.0, -1.0),
}
_LAB_DRAWS, _WEARABLE_DRAWS = 24, 16
_MEASURED = 0.6  # of the variables at each draw, at random: what is missing tells nothing
_BORDER = 3  # pixels around a portable picture


def lab_events(latents: Latents, rng: np.random.Generator) -> pd.DataFrame:
    """Return laboratory values of every patient at irregular hours: a level and a trend.

    Args:
        latents: The patients.
        rng: Source of randomness.

    Returns:
        `patient, hours, variable, value`, `patient` counting from 0.
    """
    everybody = np.arange(len(latents.labs))
    return _series(everybody, latents.labs, LABS, _LAB_DRAWS, rng).assign(modality="sequence")


def wearable_events(latents: Latents, rng: np.random.Generator) -> pd.DataFrame:
    """Return wearable values of those patients who have one, as `lab_events`.

    Args:
        latents: The patients.
        rng: Source of randomness.
    """
    wearers = np.flatnonzero(latents.wears)
    illness = latents.wearable[wearers]
    rows = _series(wearers, illness, WEARABLES, _WEARABLE_DRAWS, rng)
    return rows.assign(modality="sequence_wearable")


def _series(
    patients: np.ndarray,
    illness: np.ndarray,
    variables: dict[str, tuple[str, float, float, float]],
    draws: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    shape = (len(patients), draws, len(variables))
    hours = np.sort(rng.uniform(0, HOURS, shape[:2]), axis=1).round(2)
    _, mean, spread, sign = (np.array(column) for column in zip(*variables.values(), strict=True))
    level = 0.75 + 0.5 * hours[..., None] / HOURS  # the ill drift away from the mean
    own = 0.1 * rng.standard_normal((shape[0], 1, shape[2]))
    error = 0.4 * rng.standard_normal(shape)
    value = mean + spread * (sign * illness[:, None, None] * level + own + error)
    patient, draw, variable = np.nonzero(rng.random(shape) < _MEASURED)
    return pd.DataFrame(
        {
            "patient": patients[patient],
            "hours": hours[patient, draw],
            "variable": np.array(list(variables))[variable],
            "value": np.maximum(value[patient, draw, variable], 0.05).round(3),
        }
    )


class Picture(NamedTuple):
    """A picture and where its bright patches are: white where they are at least half as bright."""

    image: Image.Image
    lesion: Image.Image


def pictures(illness: float, rng: np.random.Generator, *, portable: bool) -> list[Picture]:
    """Paint one patient's pictures: two dark fields with a bright patch each, brighter in the ill.

    Args:
        illness: Standard normal.
        rng: Source of randomness for the patches' places, exposure and noise.
        portable: Whether to paint them as a portable device would: brighter, softer, framed.

    Returns:
        Three 8-bit grey pictures of 48x48, and the masks of their patches.
    """
    shown = illness + 0.1 * rng.standard_normal(IMAGES)
    return [_picture(strength, rng, portable) for strength in shown]


def _picture(strength: float, rng: np.random.Generator, portable: bool) -> Picture:
    place = np.arange(SIDE)
    canvas, patches = np.full((SIDE, SIDE), 120.0), np.zeros((SIDE, SIDE))
    for centre in (14.0, 34.0):
        canvas -= 70.0 * _blob(place, (24.0, centre), (13.0, 7.0), 4)
        row, column = rng.normal((24.0, centre), (2.0, 1.5))
        # Bright enough that even the healthiest of thousands keeps a patch above the field.
        patch = _blob(place, (row, column), (5.0, 4.0), 2)
        canvas += (84.0 + 24.0 * strength) * patch
        patches = np.maximum(patches, patch)
    lesion = _to_image(255.0 * (patches >= 0.5))
    canvas += rng.normal(0.0, 5.0) + rng.normal(0.0, 5.0, canvas.shape)
    if not portable:
        return Picture(_to_image(canvas), lesion)
    soft = _to_image(0.8 * canvas + 45.0).filter(ImageFilter.GaussianBlur(1.0))
    framed = np.full((SIDE, SIDE), 15.0)
    inside = (slice(_BORDER, -_BORDER), slice(_BORDER, -_BORDER))
    framed[inside] = np.asarray(soft)[inside]
    return Picture(_to_image(framed), lesion)


def _blob(
    place: np.ndarray, centre: tuple[float, float], radius: tuple[float, float], power: int
) -> np.ndarray:
    """Return an oval, 1 inside, with a soft edge; a higher power makes a flatter top."""
    down, across = (
        np.exp(-0.5 * np.abs((place - c) / r) ** power) for c, r in zip(centre, radius, strict=True)
    )
    return np.outer(down, across)


def _to_image(canvas: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(canvas), 0, 255).astype(np.uint8))
