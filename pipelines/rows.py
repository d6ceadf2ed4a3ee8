"""Cleans the events, images and notes tables and cuts them to their windows."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from hybrid_zoo.pipelines.artefacts import artefacts
from hybrid_zoo.pipelines.checks import number_or_text
from hybrid_zoo.pipelines.images import check_images
from hybrid_zoo.pipelines.manifest import manifest
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.schema import CohortConfig, Events, Images, Notes
from hybrid_zoo.pipelines.tables import Quarantine, require_columns
from hybrid_zoo.pipelines.values import as_numbers, as_text, out_of_range

EVENT_COLUMNS = ["sample_id", "hours", "variable", "value", "modality"]
IMAGE_COLUMNS = ["sample_id", "path", "hours", "modality"]
NOTE_COLUMNS = ["sample_id", "text", "hours", "modality"]


class RowCleaner:
    """Cleans one cohort's event, image and note rows.

    Args:
        config: The cohort's configuration.
        sample_ids: The ids that rows may belong to.
        quarantine: Takes the rows that cannot be used.
    """

    def __init__(self, config: CohortConfig, sample_ids: pd.Index, quarantine: Quarantine) -> None:
        self.config = config
        self.sample_ids = sample_ids
        self.quarantine = quarantine
        self.dropped: Counter[str] = Counter()

    def events(self, table: pd.DataFrame | None) -> pd.DataFrame:
        """Return usable event rows inside their window.

        Args:
            table: As read, with row numbers as index; None gives an empty frame.

        Returns:
            `sample_id, hours, variable, value, modality`, in the order of the file.
        """
        if table is None:
            return _empty(EVENT_COLUMNS)
        require_columns(table, "events", EVENT_COLUMNS[:4])
        rows = self._known_rows(table, "events", "sequence", self.config.events)
        rows = self._with_hours(rows, table, "events", required=True)
        rows["variable"] = as_text(table["variable"].reindex(rows.index))
        rows = self._refuse(rows, rows["variable"].isna(), "events", "variable missing", "variable")
        rows = self._with_values(rows, table)
        rows = self._in_window(rows, "events", self.config.events)
        rows = self._without_artefacts(rows)
        return rows[EVENT_COLUMNS].reset_index(drop=True)

    def images(
        self,
        table: pd.DataFrame | None,
        folder: Path | None,
        trusted: pd.DataFrame,
        progress: Progress | None,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the image rows inside their window whose files are good images.

        Args:
            table: As read, with row numbers as index; None gives an empty frame.
            folder: Where paths start.
            trusted: Manifest of files that need no second look.
            progress: Called with the number of files scanned and of all files to scan.

        Returns:
            `sample_id, path, hours, modality` and the table's other columns; and the manifest of
            the good files.
        """
        if table is None or folder is None:
            return _empty(IMAGE_COLUMNS), manifest([])
        require_columns(table, "images", IMAGE_COLUMNS[:2])
        rows = self._known_rows(table, "images", "image", self.config.images)
        rows = self._with_hours(rows, table, "images", required=False)
        rows["path"] = as_text(table["path"].reindex(rows.index))
        rows = self._refuse(rows, rows["path"].isna(), "images", "path missing", "path")
        others = [name for name in table if name not in IMAGE_COLUMNS]
        for name in others:
            column = table[name].reindex(rows.index)
            rows[name] = as_text(column) if name == "sha256" else number_or_text(column)
        rows = self._in_window(rows, "images", self.config.images)
        rows, files = check_images(rows, folder, self.quarantine, trusted, progress)
        rows = self._latest(rows)
        return rows[IMAGE_COLUMNS + others].reset_index(drop=True), files

    def notes(self, table: pd.DataFrame | None) -> pd.DataFrame:
        """Return the notes with text inside their window.

        Args:
            table: As read, with row numbers as index; None gives an empty frame.

        Returns:
            `sample_id, text, hours, modality`.
        """
        if table is None:
            return _empty(NOTE_COLUMNS)
        require_columns(table, "notes", NOTE_COLUMNS[:2])
        rows = self._known_rows(table, "notes", "tokens", self.config.notes)
        rows = self._with_hours(rows, table, "notes", required=False)
        rows["text"] = as_text(table["text"].reindex(rows.index))
        rows = self._drop(rows, rows["text"].isna(), "notes without text")
        rows = self._in_window(rows, "notes", self.config.notes)
        return rows[NOTE_COLUMNS].reset_index(drop=True)

    def _known_rows(
        self, table: pd.DataFrame, name: str, default: str, modalities: Mapping[str, object]
    ) -> pd.DataFrame:
        """Keep rows of a known sample and of an input that cohort.yaml declares."""
        rows = pd.DataFrame({"sample_id": as_text(table["sample_id"])}, index=table.index)
        given = as_text(table["modality"]) if "modality" in table else None
        rows["modality"] = default if given is None else given.fillna(default)
        strangers = ~rows["sample_id"].isin(self.sample_ids)
        rows = self._refuse(rows, strangers, name, "unknown sample", "sample_id")
        strangers = ~rows["modality"].isin(list(modalities))
        return self._refuse(rows, strangers, name, "modality not in cohort.yaml", "modality")

    def _with_hours(
        self, rows: pd.DataFrame, table: pd.DataFrame, name: str, *, required: bool
    ) -> pd.DataFrame:
        if "hours" not in table:
            return rows.assign(hours=np.nan)
        rows["hours"], bad = as_numbers(table["hours"].reindex(rows.index))
        faulty = pd.Series(False, index=rows.index)
        for reason, labels in bad.items():
            self.quarantine.add(name, labels, reason, "hours")
            faulty |= rows.index.isin(labels)
        rows = rows[~faulty]
        return self._refuse(rows, rows["hours"].isna() & required, name, "hours missing", "hours")

    def _with_values(self, rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
        """Keep rows with a usable value of a variable that is asked for."""
        rows = rows.copy()
        low, high = self._bounds(rows)
        rows = self._drop(rows.assign(low=low, high=high), np.isnan(low), "events not in variables")
        rows["value"], bad = as_numbers(table["value"].reindex(rows.index))
        faulty = pd.Series(False, index=rows.index)
        for reason, labels in bad.items():
            self.quarantine.add("events", labels, reason, "value")
            faulty |= rows.index.isin(labels)
        rows = rows[~faulty]
        rows = self._drop(rows, rows["value"].isna(), "events without a value")
        outside = out_of_range(*(rows[name].to_numpy() for name in ("value", "low", "high")))
        return self._refuse(rows, outside, "events", "out of range", "value")

    def _without_artefacts(self, rows: pd.DataFrame) -> pd.DataFrame:
        for modality, options in self.config.events.items():
            if options.artefacts is None:
                continue
            kinds = {name: v.kind for name, v in (options.variables or {}).items()}
            numeric = rows["variable"].map(kinds).fillna("numeric") == "numeric"
            own = (rows["modality"] == modality) & numeric
            bad = np.zeros(len(rows), dtype=bool)
            bad[own] = artefacts(rows[own], options.artefacts)
            rows = self._refuse(rows, bad, "events", "unlike the values around it", "value")
        return rows

    def _bounds(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return each row's inclusive bounds; NaN for a variable that is not asked for."""
        keys = rows.groupby(["modality", "variable"], sort=False, observed=True).ngroup()
        first = rows.loc[~keys.duplicated(), ["modality", "variable"]]
        pairs = [_range(self.config.events[m], v) for m, v in first.itertuples(index=False)]
        table = np.array(pairs, dtype=float).reshape(-1, 2)[keys.to_numpy()]
        return table[:, 0], table[:, 1]

    def _in_window(
        self, rows: pd.DataFrame, name: str, modalities: Mapping[str, Events | Images | Notes]
    ) -> pd.DataFrame:
        outside = np.zeros(len(rows), dtype=bool)
        for modality, options in modalities.items():
            start = -np.inf if options.start_hours is None else options.start_hours
            end = np.inf if options.end_hours is None else options.end_hours
            beyond = out_of_range(rows["hours"].to_numpy(), *map(np.asarray, (start, end)))
            outside |= beyond & (rows["modality"] == modality).to_numpy()
        return self._drop(rows, outside, f"{name} outside the window")

    def _latest(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Keep the latest `max_per_sample` images; one without hours counts as the earliest."""
        ordered = rows.sort_values(["hours", "path"], na_position="first", kind="stable")
        from_end = ordered.groupby(["sample_id", "modality"]).cumcount(ascending=False)
        limits = {m: o.max_per_sample for m, o in self.config.images.items()}
        limit = rows["modality"].map(limits).astype(float).fillna(np.inf)
        beyond = from_end.reindex(rows.index) >= limit
        return self._drop(rows, beyond, "images over max_per_sample")

    def _refuse(
        self, rows: pd.DataFrame, bad: pd.Series | np.ndarray, table: str, reason: str, column: str
    ) -> pd.DataFrame:
        bad = np.asarray(bad, dtype=bool)
        self.quarantine.add(table, rows.index[bad], reason, column)
        return rows[~bad].copy() if bad.any() else rows

    def _drop(
        self, rows: pd.DataFrame, unwanted: pd.Series | np.ndarray, reason: str
    ) -> pd.DataFrame:
        unwanted = np.asarray(unwanted, dtype=bool)
        if not unwanted.any():
            return rows
        self.dropped[reason] += int(unwanted.sum())
        return rows[~unwanted].copy()


def _range(events: Events, variable: str) -> tuple[float, float]:
    if events.variables is None:
        return -np.inf, np.inf
    if variable not in events.variables:
        return np.nan, np.nan
    return events.variables[variable].range or (-np.inf, np.inf)


def _empty(columns: list[str]) -> pd.DataFrame:
    numeric = ("hours", "value")
    return pd.DataFrame({c: pd.Series(dtype=float if c in numeric else str) for c in columns})
