"""Turns a checked cohort into arrays."""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.inputs import time_name
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.grids import sequence_arrays, variable_kinds
from hybrid_zoo.pipelines.images import order_images
from hybrid_zoo.pipelines.schema import CohortConfig, Target
from hybrid_zoo.pipelines.store import array_store, image_store, store_folder

TOKEN_BUCKETS = 8191
WORD = re.compile(r"\w+")
"""A word of a note, once lower-cased."""


def tabular_parts(
    samples: pd.DataFrame, config: CohortConfig, known: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the tabular input: numbers as they are, categories as codes of their levels.

    Args:
        samples: Checked samples.
        config: The cohort's configuration.
        known: Column to its levels, in the order of their codes; elsewhere those found, sorted.

    Returns:
        Fields of `CohortArrays`; `inputs["tabular"]` is `(samples, columns)` float32, NaN where not
        recorded. Empty if no column is declared.
    """
    if not config.tabular:
        return {}
    values = np.full((len(samples), len(config.tabular)), np.nan, dtype=np.float32)
    categories = {}
    for k, (name, column) in enumerate(config.tabular.items()):
        if column.kind == "numeric":
            values[:, k] = samples[name].to_numpy()
            continue
        levels = list(known.get(name) or sorted(samples[name].dropna().unique()))
        codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(samples[name], dtype=object))
        values[:, k] = np.where(codes < 0, np.nan, codes)
        categories[name] = tuple(levels)
    kinds = tuple(column.kind for column in config.tabular.values())
    return {
        "inputs": {"tabular": values},
        "columns": {"tabular": tuple(config.tabular)},
        "kinds": {"tabular": kinds},
        "categories": categories,
    }


def sequence_parts(
    events: pd.DataFrame, samples: pd.Index, config: CohortConfig, folder: Path | None
) -> dict[str, Any]:
    """Return every sequence input, and the `time` of those with irregular steps.

    Args:
        events: Checked event rows.
        samples: Sample ids in order.
        config: The cohort's configuration.
        folder: The cohort folder, beside which long series are stored; None keeps them in memory.

    Returns:
        Fields of `CohortArrays`. A modality that names no variable and has no row is left out.
    """
    parts: dict[str, Any] = {"inputs": {}, "columns": {}, "kinds": {}, "step_hours": {}}
    for name, options in config.events.items():
        rows = events[events["modality"] == name]
        values, time, variables = sequence_arrays(rows, samples, options)
        if not variables:
            continue
        if folder is not None:
            values.values = array_store(values.values, store_folder(folder))
        parts["inputs"][name] = values
        parts["columns"][name] = variables
        parts["kinds"][name] = variable_kinds(variables, options)
        if time is not None:
            parts["inputs"][time_name(name)] = time
        if options.step_hours is not None:
            parts["step_hours"][name] = options.step_hours
    return parts


class ImageFiles(NamedTuple):
    """The files of one image modality.

    Args:
        files: Manifest of them, each content once: index `path`; `sha256, bytes, shape, dtype`.
        slots: `(samples, images)` row of each image in `files`, the latest last; -1 for none.
    """

    files: pd.DataFrame
    slots: np.ndarray


def image_files(
    images: pd.DataFrame, files: pd.DataFrame, samples: pd.Index, config: CohortConfig
) -> dict[str, ImageFiles]:
    """Tell which files every image and volume input is made of.

    Args:
        images: Checked image rows.
        files: Manifest of their files.
        samples: Sample ids in order.
        config: The cohort's configuration.
    """
    found = {}
    for name in config.images:
        rows, places = order_images(images[images["modality"] == name], samples)
        known = files.loc[rows["path"]]
        slots = np.full((len(samples), int(places[:, 1].max(initial=0)) + 1), -1, dtype=np.int64)
        slots[tuple(places.T)] = pd.factorize(known["sha256"])[0]
        found[name] = ImageFiles(known[~known["sha256"].duplicated()], slots)
    return found


def image_parts(
    by_name: Mapping[str, ImageFiles], config: CohortConfig, folder: Path | None
) -> dict[str, Any]:
    """Return every image and volume input, decoded.

    Args:
        by_name: Modality to its files.
        config: The cohort's configuration.
        folder: Where paths start.

    Returns:
        Fields of `CohortArrays`: `(samples, images, [depth,] height, width, channels)` in order of
        hours, the latest last, NaN after a sample's last image.

    Raises:
        CohortError: If there are image files and no folder.
        DataError: If a file has changed since it was scanned.
    """
    inputs = {}
    for name, (files, slots) in by_name.items():
        options = config.images[name]
        if not len(files):
            pixels = np.zeros((0, *options.size, options.channels), dtype=np.uint8)
        elif folder is None:
            raise CohortError(
                "The cohort has image rows and no folder; pass folder= to from_frames."
            )
        else:
            pixels = image_store(files, folder, options, store_folder(folder))
        inputs[name] = ImageBags(pixels, slots)
    return {"inputs": inputs}


def note_parts(notes: pd.DataFrame, samples: pd.Index, config: CohortConfig) -> dict[str, Any]:
    """Return every note input as hashed words.

    The notes of a sample are joined in order of time (those without hours first), lower-cased and
    split into words; a word's token is `1 + crc32(word) % 8191`. Of more than `max_tokens` words
    the last are kept, as of images the latest are.

    Args:
        notes: Checked note rows.
        samples: Sample ids in order.
        config: The cohort's configuration.

    Returns:
        Fields of `CohortArrays`: `(samples, max_tokens)` int32, 0 is padding.
    """
    inputs = {}
    for name, options in config.notes.items():
        tokens = np.zeros((len(samples), options.max_tokens), dtype=np.int32)
        rows = notes[notes["modality"] == name]
        rows = rows.sort_values(["hours", "text"], na_position="first", kind="stable")
        for sample, texts in rows.groupby("sample_id")["text"]:
            words = hash_words(texts)[-options.max_tokens :]
            tokens[samples.get_loc(sample), : len(words)] = words
        inputs[name] = tokens
    return {"inputs": inputs}


def hash_words(texts: Iterable[str]) -> list[int]:
    """Turn texts into tokens 1..8191, the same on every machine and in every process.

    Args:
        texts: Notes in order.
    """
    words = (word for text in texts for word in WORD.findall(text.lower()))
    return [1 + zlib.crc32(word.encode()) % TOKEN_BUCKETS for word in words]


def label_array(column: pd.Series, target: Target) -> np.ndarray:
    """Return a target's labels.

    Args:
        column: `(samples,)` 0, 1 or NaN; class names for a multiclass target.
        target: Its kind and classes.

    Returns:
        `(samples,)` float32: 0 or 1, or the class index; NaN is unknown.
    """
    if target.kind == "binary":
        return column.to_numpy(dtype=np.float32)
    codes = pd.Index(target.classes, dtype=object).get_indexer(pd.Index(column, dtype=object))
    return np.where(column.isna(), np.nan, codes).astype(np.float32)
