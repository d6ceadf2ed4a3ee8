"""Which column tells samples apart, which one patients, and how other tables name them."""

from dataclasses import dataclass

import pandas as pd

from hybrid_zoo.pipelines.guessing.kinds import COUNTS, Column
from hybrid_zoo.pipelines.guessing.sheet import Sheet, counted, listed
from hybrid_zoo.pipelines.guessing.words import says

SAMPLE, PATIENT = "sample_id", "patient_id"
LEAST_SHARED = 0.5
"""Of the ids of another table must be ids of samples, for the two to belong together."""


@dataclass(frozen=True)
class Keys:
    """Columns of the samples table.

    Args:
        sample: Column that names each sample; empty if its ids had to be made.
        patient: Column that names patients with several samples; empty if each has one.
    """

    sample: str
    patient: str


def choose_keys(frame: pd.DataFrame, columns: dict[str, Column]) -> Keys:
    """Choose the ids of a samples table: those called by the format's names, if they can be.

    Args:
        frame: The table.
        columns: What its columns are.
    """
    ids = [c for c in columns.values() if c.kind == "id" and not says(c.name, "identity")]
    unique = [c for c in ids if c.levels == c.rows]
    repeated = [c for c in ids if c.levels < c.known]
    repeated.sort(key=lambda c: (c.name != PATIENT, not says(c.name, "patient"), -c.levels))
    patient = repeated[0].name if repeated and _grouped(repeated[0], bool(unique)) else ""
    unique.sort(key=lambda c: (c.name != SAMPLE, _second(c, patient), c.why == COUNTS))
    return Keys(unique[0].name if unique else "", patient)


def _second(column: Column, patient: str) -> bool:
    """Where no other column names patients, the one that does names the samples."""
    return not patient and not says(column.name, "patient")


def _grouped(column: Column, unique: bool) -> bool:
    """A repeated id names patients unless it is that of a few doctors or wards."""
    return column.levels >= 5 and (not unique or column.levels > 0.02 * column.known)


def tidy_ids(column: pd.Series) -> tuple[pd.Series, str]:
    """Take the `.0` off ids that a spreadsheet has turned into numbers; zeros in front stay.

    Args:
        column: Text.
    """
    whole = column.str.fullmatch(r"\d+\.0+").fillna(False).astype(bool)
    if not whole.any() or not column.dropna().str.fullmatch(r"\d+(\.0+)?").all():
        return column, ""
    note = f"column {column.name!r}: '.0' taken off {counted(int(whole.sum()), 'id')}"
    return column.where(~whole, column.str.replace(r"\.0+$", "", regex=True)), note


def with_ids(sheet: Sheet, columns: dict[str, Column]) -> tuple[Sheet, Keys, list[str]]:
    """Give a samples table its `sample_id` and `patient_id`.

    Args:
        sheet: The samples table.
        columns: What its columns are.

    Returns:
        The table, ids in front; the columns they came from; and what to look at.
    """
    keys, frame = choose_keys(sheet.frame, columns), sheet.frame
    given: dict[str, pd.Series] = {}
    notes: list[str] = []
    look: list[str] = []
    for target, source in ((SAMPLE, keys.sample), (PATIENT, keys.patient)):
        if source:
            given[target], note = tidy_ids(frame[source])
            notes += [note, f"column {source!r} is {target}" if source != target else ""]
    if not keys.sample:
        made, note, look = _made_ids(frame, given.get(PATIENT))
        given = {SAMPLE: made} | given
        notes.append(note)
    rest = frame.drop(columns=[name for name in (keys.sample, keys.patient) if name])
    rest = rest.rename(columns={name: f"{name}_original" for name in (SAMPLE, PATIENT)})
    return sheet.noted(*notes, frame=pd.concat([pd.DataFrame(given), rest], axis=1)), keys, look


def _made_ids(frame: pd.DataFrame, patient: pd.Series | None) -> tuple[pd.Series, str, list[str]]:
    """Make ids of a patient and a running number, or of row numbers; say so."""
    base = pd.Series("row", index=frame.index) if patient is None else patient.fillna("row")
    ids = base + "_" + (base.groupby(base).cumcount() + 1).astype(str)
    what = "row numbers" if patient is None else f"column {patient.name!r} and a running number"
    note = f"no column names each row: sample_id is made of {what}"
    if patient is None or patient.nunique() <= 0.9 * len(frame):
        return ids, note, []
    twice = listed(patient[patient.duplicated()].unique())
    return ids, note, [f"id {patient.name!r} stands twice for {twice}: one patient, or an error?"]


def join_ids(values: pd.Series, known: pd.Series) -> tuple[pd.Series, str]:
    """Name samples as the samples table does.

    Args:
        values: Ids of another table.
        known: Ids of the samples.

    Returns:
        The ids, changed only where they differ in capitals, zeros in front or a `.0` behind and
        only one sample is meant; and what was done.
    """
    exact = values.isin(known)
    if exact.all():
        return values, ""
    forms = _bare(known)
    forms = pd.Series(known.to_numpy(), index=forms.to_numpy())
    forms = forms[~forms.index.duplicated(keep=False)]
    joined = values.where(exact, _bare(values).map(forms))
    changed = int((joined.notna() & ~exact).sum())
    note = (
        f"{counted(changed, 'id')} of column {values.name!r} written as in samples"
        if changed
        else ""
    )
    return joined.fillna(values), note


def shared_column(
    frame: pd.DataFrame, columns: dict[str, Column], known: pd.Series
) -> tuple[str, float]:
    """Find the column of another table that names the samples.

    Args:
        frame: The other table.
        columns: What its columns are.
        known: Ids of the samples.

    Returns:
        The column and the share of its different ids that are known; an empty name if none shares
        enough.
    """
    named = [c for c in columns.values() if c.kind == "id" or says(c.name, "id")]
    words = [c for c in columns.values() if c.kind in ("categorical", "text") and c.levels > 20]
    shares = [(c.name, _shared(frame[c.name], known)) for c in [*named, *words]]
    best = max(shares, key=lambda pair: pair[1], default=("", 0.0))
    return best if best[1] >= LEAST_SHARED else ("", best[1])


def _shared(column: pd.Series, known: pd.Series) -> float:
    levels = pd.Series(column.dropna().unique(), dtype=str)
    return float((levels.isin(known) | _bare(levels).isin(_bare(known))).mean())


def _bare(ids: pd.Series) -> pd.Series:
    text = ids.str.strip().str.casefold().str.replace(r"(?<=\d)\.0+$", "", regex=True)
    return text.str.replace(r"(?<!\d)0+(?=\d)", "", regex=True)
