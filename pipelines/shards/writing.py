"""Writes a cohort as a TFDS data set, by an Apache Beam pipeline."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow_datasets as tfds
from apache_beam.options.pipeline_options import PipelineOptions

from hybrid_zoo.inputs import kind_of
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.bags import pixel_sums
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.images import read_image
from hybrid_zoo.pipelines.loading import ImageFiles
from hybrid_zoo.pipelines.schema import MODALITIES, Images
from hybrid_zoo.pipelines.series import RaggedSeries
from hybrid_zoo.pipelines.store import stored_dtype

Example = dict[str, Any]


def write_shards(
    cohort: Cohort,
    arrays: CohortArrays,
    out: Path,
    parts: Mapping[str, np.ndarray],
    flags: Sequence[str] = (),
) -> Path:
    """Write a cohort as a data set that `Shards` and TFDS read.

    This machine reads the tables; Beam's workers decode the images, by their paths in the cohort
    folder, and write the shards.

    Args:
        cohort: The cohort.
        arrays: The same as `cohort.to_arrays(pixels=False)`.
        out: A new or empty folder.
        parts: Name of each split to positions of its samples.
        flags: Of Beam, such as `--runner=FlinkRunner`; its DirectRunner where none names a runner.

    Returns:
        The folder of the data set, `out/cohort/1.0.0`.

    Raises:
        CohortError: If `out` is not empty.
        DataError: If an image file has changed since it was scanned.

    Source:
        TensorFlow Datasets, https://www.tensorflow.org/datasets/beam_datasets.
    """
    require_empty(out)
    tfds.disable_progress_bar()
    builder = CohortBuilder(cohort, arrays, parts, data_dir=out)
    options = PipelineOptions(flags=list(flags))
    with TemporaryDirectory() as unused:  # nothing is downloaded
        builder.download_and_prepare(
            download_dir=unused,
            download_config=tfds.download.DownloadConfig(beam_options=options),
        )
    return Path(builder.data_dir)


class Record(NamedTuple):
    """One sample on its way to a worker: its arrays, and its images as paths and hashes."""

    example: Example
    images: dict[str, list[tuple[str, str]]]


class _Images(NamedTuple):
    """How the images of one modality are read, and the shape and dtype that each then has."""

    options: Images
    shape: tuple[int, ...]
    dtype: np.dtype


class CohortBuilder(tfds.core.BeamBasedBuilder):
    """Build a data set whose examples are a cohort's samples, in raw units.

    Args:
        cohort: The cohort.
        arrays: The same without pixels.
        parts: Name of each split to positions of its samples.
        **options: Of `tfds.core.BeamBasedBuilder`.
    """

    name = "cohort"
    VERSION = tfds.core.Version("1.0.0")

    def __init__(
        self,
        cohort: Cohort,
        arrays: CohortArrays,
        parts: Mapping[str, np.ndarray],
        **options: Any,
    ) -> None:
        self._cohort, self._arrays, self._parts = cohort, arrays, parts
        self._files = cohort.image_files()
        self._images = {
            name: _Images(
                options,
                (*options.size, options.channels),
                stored_dtype(self._files[name].files["dtype"], options),
            )
            for name, options in cohort.config.images.items()
        }
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        config, arrays = self._cohort.config, self._arrays
        inputs: dict[str, Any] = {
            name: tfds.features.Tensor(shape=(None, *shape), dtype=dtype, encoding="zlib")
            for name, (_, shape, dtype) in self._images.items()
        }
        for name, values in arrays.inputs.items():
            ragged = isinstance(values, RaggedSeries)
            shape = (None, *values.shape[2:]) if ragged else values.shape[1:]
            inputs[name] = tfds.features.Tensor(shape=shape, dtype=values.dtype)
        return tfds.core.DatasetInfo(
            builder=self,
            description=config.description or config.title or config.name,
            citation=config.citation,
            license=config.license,
            metadata=tfds.core.BeamMetadataDict(self._facts()),
            features=tfds.features.FeaturesDict(
                {
                    "row": np.int64,
                    "sample_id": tfds.features.Text(),
                    "patient_id": tfds.features.Text(),
                    "counts": tfds.features.Tensor(shape=(len(self._files),), dtype=np.int64),
                    "inputs": inputs,
                    "labels": tfds.features.Tensor(shape=(len(arrays.labels),), dtype=np.float32),
                }
            ),
        )

    def _facts(self) -> dict[str, Any]:
        """Return what a reader needs to know beside the examples, as JSON."""
        arrays, listed = self._arrays, {n: list(f.files["sha256"]) for n, f in self._files.items()}
        slots = {name: files.slots.tolist() for name, files in self._files.items()}
        parts = {name: rows.tolist() for name, rows in self._parts.items()}
        content = json.dumps([self._cohort.config.to_dict(), listed, slots, parts])
        lengths = {n: v.shape[1] for n, v in arrays.inputs.items() if isinstance(v, RaggedSeries)}
        return {
            "format": 1,
            "cohort": self._cohort.config.to_dict(),
            "content": hashlib.sha256(content.encode()).hexdigest(),
            "inputs": [*self._images, *arrays.inputs],
            "images": {name: files.slots.shape[1] for name, files in self._files.items()},
            "steps": lengths,
            "targets": {name: list(arrays.classes[name]) for name in arrays.labels},
            "columns": arrays.columns,
            "kinds": arrays.kinds,
            "categories": arrays.categories,
            "step_hours": arrays.step_hours,
        }

    def _split_generators(self, dl_manager: Any, pipeline: Any) -> dict[str, Any]:
        read = partial(_read, self._cohort.folder or Path(), self._images)
        splits = {}
        for name, rows in self._parts.items():
            records = list(_records(self._arrays, self._files, rows))
            splits[name] = (
                pipeline
                | f"{name}: samples" >> beam.Create(records)
                | f"{name}: images" >> beam.Map(read)
            )
            self.info.metadata[f"sums_{name}"] = (
                splits[name]
                | f"{name}: sums" >> beam.Map(_sums)
                | f"{name}: total" >> beam.CombineGlobally(_total)
            )
        return splits

    def _generate_examples(self) -> None:
        """Unused: the splits are made by the pipeline."""

    def _log_download_bytes(self) -> None:
        """Say nothing of downloads: there are none."""

    def _log_download_done(self) -> None:
        """The same afterwards."""


def _records(
    arrays: CohortArrays, by_name: Mapping[str, ImageFiles], rows: np.ndarray
) -> Iterator[Record]:
    labels = np.stack(list(arrays.labels.values()), axis=1)
    listed = {
        n: list(zip(f.files.index, f.files["sha256"], strict=True)) for n, f in by_name.items()
    }
    for row in rows:
        images = {n: [listed[n][k] for k in f.slots[row] if k >= 0] for n, f in by_name.items()}
        inputs = {name: _one(values, row) for name, values in arrays.inputs.items()}
        example = {
            "row": row,
            "sample_id": arrays.sample_ids[row],
            "patient_id": arrays.patient_ids[row],
            "counts": np.array([len(files) for files in images.values()], dtype=np.int64),
            "inputs": inputs,
            "labels": labels[row],
        }
        yield Record(example, images)


def _one(values: Any, row: int) -> np.ndarray:
    """Return one sample's own steps, or its row."""
    return values.recorded([row]) if isinstance(values, RaggedSeries) else values[row]


def _read(folder: Path, known: Mapping[str, _Images], record: Record) -> tuple[str, Example]:
    """Decode the images of a sample; runs on a worker."""
    example, inputs = record.example, dict(record.example["inputs"])
    for name, files in record.images.items():
        options, shape, dtype = known[name]
        images = [read_image(folder, *file, options) for file in files]
        inputs[name] = np.array(images, dtype=dtype).reshape(-1, *shape)
    return example["sample_id"], example | {"inputs": inputs}


def _sums(keyed: tuple[str, Example]) -> dict[str, Any]:
    """Return per image input the sums of its pixels and of their squares, per channel."""
    inputs = keyed[1]["inputs"]
    images = [name for name in inputs if kind_of(name) in MODALITIES["images"]]
    return {name: pixel_sums(inputs[name]).tolist() for name in images}


def _total(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for part in parts:
        for name, sums in part.items():
            total[name] = np.add(total.get(name, 0), sums).tolist()
    return total
