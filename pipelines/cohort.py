"""A cohort: a folder, or pandas frames, checked and cut to what a model may see."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.checks import clean_samples
from hybrid_zoo.pipelines.frames import spelled_out
from hybrid_zoo.pipelines.images import LESION
from hybrid_zoo.pipelines.inspection import holds
from hybrid_zoo.pipelines.loading import (
    ImageFiles,
    image_files,
    image_parts,
    label_array,
    note_parts,
    sequence_parts,
    tabular_parts,
)
from hybrid_zoo.pipelines.manifest import manifest, read_manifest
from hybrid_zoo.pipelines.rows import RowCleaner
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.schema import CohortConfig, parse_config, read_config
from hybrid_zoo.pipelines.summary import summary_lines
from hybrid_zoo.pipelines.tables import Quarantine, read_table, rows_read, with_row_numbers
from hybrid_zoo.pipelines.writing import TABLES, write_cohort

_OPTIONAL = TABLES[1:]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Checked samples with their events, images and notes.

    Args:
        config: cohort.yaml.
        samples: Index `sample_id`; `patient_id` and every column of the table, NaN where a cell is
            empty or quarantined.
        events: `sample_id, hours, variable, value, modality`, inside the window.
        images: `sample_id, path, hours, modality` and the table's other columns, good files only.
        notes: `sample_id, text, hours, modality`, inside the window.
        files: Manifest of the good image files: index `path`; `sha256, bytes, shape, dtype`.
        folder: Where image paths start; None for frames without images.
        quarantine: `table, row, file, column, reason` of what could not be used.
        dropped: What was left out on purpose (outside the window ...) to the number of rows.
        rows: Table to its rows as read, before anything was quarantined or dropped.
        unused: Sentences about tables that are there and not used.
    """

    config: CohortConfig
    samples: pd.DataFrame
    events: pd.DataFrame
    images: pd.DataFrame
    notes: pd.DataFrame
    files: pd.DataFrame
    folder: Path | None
    quarantine: pd.DataFrame
    dropped: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        folder: str | Path,
        progress: Progress | None = None,
        *,
        rescan: bool = False,
        config: CohortConfig | None = None,
    ) -> Self:
        """Read and check a cohort folder.

        Args:
            folder: The folder that holds cohort.yaml.
            progress: Called with the number of image files scanned and of all files to scan.
            rescan: Decode every image file again, also those that manifest.csv lists.
            config: Read by it instead of cohort.yaml; without targets no label is read, and one
                sample is enough.

        Returns:
            The cohort. Rows and files that cannot be used are in its `quarantine`.

        Raises:
            CohortError: If the cohort as a whole cannot be used; the message says why.
            DataError: If a file that manifest.csv lists is gone or has another size.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise CohortError(f"{folder} is not a folder; expected one that holds cohort.yaml.")
        config = config or read_config(folder / "cohort.yaml")
        quarantine = Quarantine()
        tables = {name: read_table(folder, name, quarantine) for name in _tables_of(config)}
        trusted = manifest([]) if rescan else read_manifest(folder)
        cohort = cls._checked(config, tables, folder, quarantine, trusted, progress)
        return replace(cohort, unused=_unused(folder, tables))

    @classmethod
    def from_frames(
        cls,
        samples: pd.DataFrame,
        *,
        events: pd.DataFrame | None = None,
        images: pd.DataFrame | None = None,
        notes: pd.DataFrame | None = None,
        folder: str | Path | None = None,
        **config: Any,
    ) -> Self:
        """Check a cohort held in pandas frames, by the same rules as a folder.

        Args:
            samples: One row per sample: `sample_id` (column or index) and the columns of `config`.
            events: `sample_id, hours, variable, value`; its options default to irregular steps.
            images: `sample_id, path`; paths start at `folder`.
            notes: `sample_id, text`.
            folder: Where image paths start.
            **config: Keys of cohort.yaml; `targets` is required. `targets=["death"]` is short for
                binary targets, `tabular=["age"]` for columns whose kind follows from their dtype.
                The keys `events`, `images` and `notes` are called `events_options={"step_hours":
                1}`, `images_options` and `notes_options` here, since the tables have their names.

        Returns:
            The cohort; nothing is written.

        Raises:
            CohortError: As `read`.
        """
        tables = {"samples": samples, "events": events, "images": images, "notes": notes}
        given = {name: frame for name, frame in tables.items() if frame is not None}
        parsed = parse_config(spelled_out(config, given), "Cohort.from_frames")
        if images is not None and folder is None:
            raise CohortError("Cohort.from_frames got images and no folder=, where paths start.")
        return cls.from_tables(given, parsed, folder)

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, pd.DataFrame],
        config: CohortConfig,
        folder: str | Path | None = None,
    ) -> Self:
        """Check frames by a configuration that is there already.

        Args:
            tables: `samples`, and `events`, `images` and `notes` as the configuration uses them.
            config: Without targets no label is read, and one sample is enough.
            folder: Where image paths start.

        Raises:
            CohortError: As `read`.
        """
        used = {n: with_row_numbers(tables[n], n) for n in _tables_of(config) if n in tables}
        where = None if folder is None else Path(folder)
        return cls._checked(config, used, where, Quarantine(), manifest([]), None)

    @classmethod
    def _checked(
        cls,
        config: CohortConfig,
        tables: Mapping[str, pd.DataFrame | None],
        folder: Path | None,
        quarantine: Quarantine,
        trusted: pd.DataFrame,
        progress: Progress | None,
    ) -> Self:
        there = {name: table for name, table in tables.items() if table is not None}
        for name in _tables_of(config):
            if name not in there:
                raise CohortError(
                    f"table {name} is missing: expected {name}.csv, .csv.gz or .parquet."
                )
        rows = rows_read(there, quarantine)
        image_table = there.get("images")
        image_columns = [] if image_table is None else [str(column) for column in image_table]
        samples = clean_samples(there["samples"], config, image_columns, quarantine)
        cleaner = RowCleaner(config, samples.index, quarantine)
        images, files = cleaner.images(image_table, folder, trusted, progress)
        cohort = cls(
            config=config,
            samples=samples,
            events=cleaner.events(there.get("events")),
            images=images,
            notes=cleaner.notes(there.get("notes")),
            files=files,
            folder=folder,
            quarantine=quarantine.frame(),
            dropped=dict(cleaner.dropped),
            rows=rows,
        )
        cohort._require_something()
        return cohort

    def _require_something(self) -> None:
        tabular = list(self.config.tabular)
        rows = len(self.events) + len(self.images) + len(self.notes)
        if not rows and not self.samples[tabular].notna().to_numpy().any():
            reasons = self.quarantine["reason"].value_counts().to_dict()
            raise CohortError(
                f"Cohort {self.config.name!r} has no usable input: nothing is left of tabular, "
                f"events, images and notes. Quarantined: {reasons}; dropped: {self.dropped}."
            )

    def image_files(self) -> dict[str, ImageFiles]:
        """Tell which files every image and volume input is made of; decodes nothing."""
        return image_files(self.images, self.files, self.samples.index, self.config)

    def to_arrays(
        self, *, pixels: bool = True, categories: Mapping[str, Sequence[str]] | None = None
    ) -> CohortArrays:
        """Decode images, lay events on their grid, and code categories, words and labels.

        Images are decoded once, into a store beside the cohort that later calls and other processes
        map: see `store_folder`.

        Args:
            pixels: False leaves images and volumes out.
            categories: Column to the levels that codes stand for; those found, sorted, if None. A
                level that is not among them is not recorded.

        Returns:
            Raw units, NaN where not observed, samples in the order of `samples`.

        Raises:
            DataError: If an image file has changed since it was scanned.
        """
        ids = self.samples.index
        fields: dict[str, dict[str, Any]] = {}
        for part in (
            image_parts(self.image_files() if pixels else {}, self.config, self.folder),
            sequence_parts(self.events, ids, self.config, self.folder),
            tabular_parts(self.samples, self.config, categories or {}),
            note_parts(self.notes, ids, self.config),
        ):
            for name, values in part.items():
                fields.setdefault(name, {}).update(values)
        targets = self.config.targets
        return CohortArrays(
            sample_ids=np.array(ids, dtype=str),
            patient_ids=self.samples["patient_id"].to_numpy(dtype=str),
            labels={name: label_array(self.samples[name], t) for name, t in targets.items()},
            classes={name: target.classes for name, target in targets.items()},
            **{"inputs": {}, **fields},
        )

    def write(self, folder: str | Path, suffix: str = ".csv") -> None:
        """Write the cohort as a folder that reads back to an equal cohort.

        Args:
            folder: Made if need be; image files are copied into it.
            suffix: `.csv`, `.csv.gz` or `.parquet`.

        Raises:
            CohortError: If the folder holds a table in another format.
        """
        folder = Path(folder)
        tables = {name: getattr(self, name) for name in _tables_of(self.config)}
        write_cohort(folder, self.config.to_dict(), tables, suffix)
        masks = self.images.get(LESION, pd.Series(dtype=str))  # of these nobody checked the paths
        for path in pd.concat(
            [self.images["path"], masks[masks.map(lambda p: holds(self.folder, p))]]
        ).unique():
            source, copy = (self.folder or Path()) / path, folder / path
            if source.resolve() != copy.resolve():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)

    def equals(self, other: "Cohort") -> bool:
        """Tell whether two cohorts hold the same configuration, samples, events, images and notes.

        Args:
            other: Another cohort; folder, quarantine and counts are not compared.
        """
        frames = all(getattr(self, name).equals(getattr(other, name)) for name in TABLES)
        return self.config == other.config and frames

    def summary(self) -> list[str]:
        """Return what a person wants to know about the cohort, as lines of text."""
        return summary_lines(self)


def _tables_of(config: CohortConfig) -> list[str]:
    """Return the tables that a configuration uses."""
    return ["samples", *(name for name in _OPTIONAL if getattr(config, name))]


def _unused(folder: Path, tables: Mapping[str, object]) -> tuple[str, ...]:
    """Name the tables that are there and not used."""
    stems = {path.name.split(".")[0] for path in folder.iterdir() if path.is_file()}
    idle = [name for name in _OPTIONAL if name in stems and name not in tables]
    return tuple(f"table {name} is there; cohort.yaml has no {name} key" for name in idle)
