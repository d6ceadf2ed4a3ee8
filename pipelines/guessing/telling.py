"""What is printed of a draft: what was found, and what somebody should look at."""

from hybrid_zoo.pipelines.guessing.draft import Draft
from hybrid_zoo.pipelines.guessing.keys import PATIENT
from hybrid_zoo.pipelines.guessing.sheet import listed
from hybrid_zoo.pipelines.guessing.words import says


def summarise(draft: Draft) -> None:
    """Fill in what a person is told of a draft.

    Args:
        draft: Changed: its `found` and `look`.
    """
    samples = draft.tables["samples"]
    patients = samples[PATIENT].nunique() if PATIENT in samples else len(samples)
    rows = [("samples", f"{len(samples)} of {patients} patients")]
    for one in draft.targets:
        kind = f"{len(one.classes)} classes" if one.classes else "binary"
        rows.append((f"target {one.name}", f"{kind}: {one.note}"))
    for words, roles in (
        ("inputs", ("input", "group")),
        ("left out: knows the outcome", ("outcome",)),
        ("left out: other", ("left",)),
        ("scores", ("score",)),
        ("groups", ("group",)),
        ("site", ("site",)),
        ("split or folds", ("split", "folds")),
    ):
        names = draft.of_role(*roles)
        rows += [(words, f"{len(names)}: {listed(names, 12)}")] if names else []
    shortcuts = draft.shortcuts()
    rows += [("shortcuts", f"{len(shortcuts)}: {listed(shortcuts, 12)}")] if shortcuts else []
    draft.found = rows[:1] + draft.found + rows[1:]
    _look_at_columns(draft)


def _look_at_columns(draft: Draft) -> None:
    names = draft.of_role("outcome")
    if names:
        draft.look.append(
            f"left out as knowing the outcome: {listed(names, 12)}; to let one in, take the # away"
        )
    inputs = draft.of_role("input", "group")
    if inputs:
        draft.look.append(
            f"inputs must be known when you would predict; are these? {listed(inputs, 20)}"
        )
    noted = draft.of_role("input", "group", "score")
    flagged = [
        f"{name!r}: {draft.columns[name].look}" for name in noted if draft.columns[name].look
    ]
    draft.look += flagged[:8]
    if len(flagged) > 8:
        draft.look.append(f"{len(flagged) - 8} further columns marked LOOK in cohort.yaml")
    _look_at_names_and_dates(draft)


def _look_at_names_and_dates(draft: Draft) -> None:
    named = [name for name in draft.columns if says(name, "identity")]
    if named:
        draft.look.append(
            f"columns that may name persons: {listed(named)}; delete what is not needed"
        )
    unclear = [n for n, c in draft.columns.items() if "AMBIGUOUS" in c.why]
    if unclear:
        draft.look.append(f"dates whose day and month cannot be told apart: {listed(unclear)}")
