"""Which column tells samples apart, which one patients, and how other tables name them."""

from dataclasses import dataclass

import pandas as pd

from hybrid_zoo.pipelines.guessing.kinds import Column
from hybrid_zoo.pipelines.guessing.sheet import Sheet, counted, listed
from hybrid_zoo.pipelines.guessing.words import plain, says

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
    """Choose the ids of a samples table.

    Args:
        frame: The table.
        columns: What its columns are.
    """
    ids = [c.name for c in columns.values() if c.kind == "id" and not says(c.name, "identity")]
    unique = [name for name in ids if frame[name].notna().all() and frame[name].is_unique]
    repeated = [n for n in ids if n not in unique and columns[n].levels < columns[n].known]
    repeated.sort(key=lambda name: (not says(name, "patient"), -columns[name].levels))
    for fixed, group in ((SAMPLE, unique), (PATIENT, repeated)):
        if fixed in group:
            group.remove(fixed)
            group.insert(0, fixed)
    patient = repeated[0] if repeated and _grouped(frame[repeated[0]], unique) else ""
    unique.sort(key=lambda name: (name != SAMPLE, columns[name].why == "counts the rows"))
    if not patient:
        unique.sort(key=lambda name: (name != SAMPLE, not says(name, "patient")))
    return Keys(unique[0] if unique else "", patient)


def _grouped(column: pd.Series, unique: list[str]) -> bool:
    """A repeated id names patients unless it is that of a few doctors or wards."""
    levels = column.nunique()
    return levels >= 5 and (not unique or levels > 0.02 * column.notna().sum())


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


def with_ids(sheet: Sheet, columns: dict[str, Column]) -> tuple[Sheet, Keys, str]:
    """Give a samples table its `sample_id` and `patient_id`.

    Args:
        sheet: The samples table.
        columns: What its columns are.

    Returns:
        The table, ids in front; the columns they came from; and what to look at, if anything.
    """
    keys, frame, notes, look = choose_keys(sheet.frame, columns), sheet.frame.copy(), [], ""
    for name in {keys.sample, keys.patient} - {""}:
        frame[name], note = tidy_ids(frame[name])
        notes.append(note)
    sample, patient = frame.get(keys.sample), frame.get(keys.patient)
    if sample is None:
        base = pd.Series("row", index=frame.index) if patient is None else patient.fillna("row")
        number = (base.groupby(base).cumcount() + 1).astype(str)
        sample = base + "_" + number
        what = f"column {keys.patient!r} and a running number" if keys.patient else "row numbers"
        notes.append(f"no column names each row: sample_id is made of {what}")
        once = patient is not None and patient.nunique() > 0.9 * len(frame)
        twice = (
            listed(patient[patient.duplicated()].unique()) if once and patient is not None else ""
        )
        look = (
            f"id {keys.patient!r} stands twice for {twice}: the same patient or an error?"
            if once
            else ""
        )
    rest = frame.drop(columns=[name for name in (keys.sample, keys.patient) if name])
    rest = rest.rename(columns={n: f"{n}_original" for n in (SAMPLE, PATIENT) if n in rest})
    given = {SAMPLE: sample} | ({} if patient is None else {PATIENT: patient})
    for target, source in ((SAMPLE, keys.sample), (PATIENT, keys.patient)):
        notes += [f"column {source!r} is {target}"] if source not in ("", target) else []
    return sheet.noted(*notes, frame=pd.concat([pd.DataFrame(given), rest], axis=1)), keys, look


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
    best = ("", 0.0)
    ids, forms = set(known), set(_bare(known))
    for column in columns.values():
        if column.kind not in ("id", "categorical", "text", "numeric"):
            continue
        levels = pd.Series(frame[column.name].dropna().unique(), dtype=str)
        named = column.kind == "id" or says(column.name, "id") or plain(column.name) == SAMPLE
        if column.kind == "numeric" and not named:
            continue
        share = float((levels.isin(ids) | _bare(levels).isin(forms)).mean()) if len(levels) else 0
        share *= 1.0 if named or len(levels) > 20 else 0.5
        best = max(best, (column.name, share), key=lambda pair: pair[1])
    return best if best[1] >= LEAST_SHARED else ("", best[1])


def _bare(ids: pd.Series) -> pd.Series:
    text = ids.str.strip().str.casefold().str.replace(r"(?<=\d)\.0+$", "", regex=True)
    return text.str.replace(r"(?<!\d)0+(?=\d)", "", regex=True)
