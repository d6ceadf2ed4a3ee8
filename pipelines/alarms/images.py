"""Alarm: the same picture, or nearly so, stands under two patients."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, some
from hybrid_zoo.pipelines.alarms.thumbnails import alike, is_blank, thumbnails
from hybrid_zoo.pipelines.store import decoded

_ADVICE = (
    "join the samples under one patient_id if they are one patient; remove the file where it does "
    "not belong"
)


def images(look: Look) -> Iterator[Alarm]:
    """Find pictures that two patients share: by the bytes of the file, or by what is to be seen.

    Repeats of one patient are fine. Blank pictures, whose 32x32 thumbnail is constant to 1 % of its
    largest value, are left out of both: they are bad pictures and not one patient's. What counts as
    nearly the same: see `alike`.

    Args:
        look: The cohort.

    Yields:
        At most one alarm of each kind per image or volume modality.
    """
    for modality, of_it in look.cohort.image_files().items():
        if not len(of_it.files):
            continue
        small = _thumbnails(look, modality, of_it.files)
        sample, place = np.nonzero(of_it.slots >= 0)
        uses = pd.DataFrame(
            {
                "content": of_it.slots[sample, place],
                "sample": look.arrays.sample_ids[sample],
                "patient": look.patients[sample],
            }
        )
        uses = uses[~is_blank(small)[uses["content"]]]
        owners = uses.groupby("content")["patient"].agg(["nunique", "first"])
        shared = owners.index[owners["nunique"] > 1]
        if len(shared):
            pairs = [_two(uses[uses["content"] == content]) for content in shared]
            said = (
                f"files of two patients with the same bytes: {len(shared)}; samples {some(pairs)}"
            )
            yield Alarm("same-image", modality, said, _ADVICE)
        groups = _similar(small[owners.index], owners)
        if groups:
            examples = some(" ~ ".join(of_it.files.index[owners.index[g[:2]]]) for g in groups)
            said = f"pictures with a near copy under another patient: {len(groups)}; {examples}"
            yield Alarm("similar-image", modality, said, _ADVICE)


def _thumbnails(look: Look, modality: str, files: pd.DataFrame) -> np.ndarray:
    pixels = look.arrays.inputs[modality].pixels
    if len(pixels) == len(files):
        return thumbnails(pixels)
    folder, options = look.cohort.folder or Path(), look.cohort.config.images[modality]
    return np.concatenate([thumbnails(block) for block in decoded(files, folder, options)])


def _two(uses: pd.DataFrame) -> str:
    return " = ".join(uses.drop_duplicates("patient")["sample"].head(2))


def _similar(small: np.ndarray, owners: pd.DataFrame) -> list[np.ndarray]:
    """Return groups of positions in `small` whose pictures are alike and not one patient's."""
    one = owners["nunique"] == 1
    owner = np.where(one, owners["first"], -1 - np.arange(len(owners)))
    pairs = alike(small, owner)
    if not len(pairs):
        return []
    size = len(owners)
    links = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(size, size))
    group = connected_components(links, directed=False)[1]
    linked = np.unique(pairs)
    return [linked[group[linked] == number] for number in np.unique(group[linked])]
