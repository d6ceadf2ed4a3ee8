"""What `hybrid-zoo validate` says about a cohort."""

from typing import TYPE_CHECKING

from hybrid_zoo.pipelines.loading import hash_words

if TYPE_CHECKING:
    from hybrid_zoo.pipelines.cohort import Cohort


def summary_lines(cohort: "Cohort") -> list[str]:
    """Describe a cohort in counts; no measured value appears.

    Args:
        cohort: A checked cohort.

    Returns:
        One line per fact: samples, targets, modalities, what was quarantined, dropped or unused.
    """
    simulated = " (simulated)" if cohort.config.simulated else ""
    patients = cohort.samples["patient_id"].nunique()
    lines = [
        f"Cohort {cohort.config.name}{simulated}: {len(cohort.samples)} samples, "
        f"{patients} patients"
    ]
    lines += _targets(cohort) + _modalities(cohort)
    reasons = cohort.quarantine.groupby(["table", "reason"]).size().reset_index(name="rows")
    lines += [f"Quarantined: {r.rows} in {r.table}: {r.reason}" for r in reasons.itertuples()]
    lines += [f"Dropped: {n} {what}" for what, n in cohort.dropped.items()]
    lines += [f"Not used: {line}" for line in [*cohort.unused, *_unused(cohort)]]
    return lines


def _targets(cohort: "Cohort") -> list[str]:
    lines = []
    for name, target in cohort.config.targets.items():
        column = cohort.samples[name]
        known = int(column.notna().sum())
        if target.kind == "binary":
            what = f"{int(column.sum())} with the event"
        else:
            counts = column.value_counts()
            what = ", ".join(f"{counts.get(label, 0)} of class {label}" for label in target.classes)
        lines.append(f"Target {name}: {known} known labels, {len(column) - known} unknown; {what}")
    return lines


def _modalities(cohort: "Cohort") -> list[str]:
    lines = []
    total = len(cohort.samples)
    if cohort.config.tabular:
        have = int(cohort.samples[list(cohort.config.tabular)].notna().any(axis=1).sum())
        lines.append(
            f"Input tabular: {len(cohort.config.tabular)} columns, {have / total:.0%} of samples"
        )
    for table in ("events", "images", "notes"):
        rows = getattr(cohort, table)
        for name in getattr(cohort.config, table):
            own = rows.loc[rows["modality"] == name, "sample_id"]
            lines.append(
                f"Input {name}: {len(own)} rows of {table}, {own.nunique() / total:.0%} of samples"
            )
    return lines


def _unused(cohort: "Cohort") -> list[str]:
    """Name what is in the files or in cohort.yaml and becomes no input."""
    config = cohort.config
    named = {"patient_id", config.site, config.split, config.folds}
    for group in (config.targets, config.tabular, config.groups, config.scores, config.shortcuts):
        named |= set(group)
    extra = [str(column) for column in cohort.samples if column not in named]
    lines = [f"samples columns not named in cohort.yaml: {', '.join(extra)}"] if extra else []
    return lines + _silent_variables(cohort) + _long_notes(cohort)


def _silent_variables(cohort: "Cohort") -> list[str]:
    lines = []
    for modality, options in cohort.config.events.items():
        rows = cohort.events[cohort.events["modality"] == modality]
        silent = sorted(set(options.variables or ()) - set(rows["variable"]))
        if silent:
            lines.append(f"variables of {modality} without a row: {', '.join(silent)}")
    return lines


def _long_notes(cohort: "Cohort") -> list[str]:
    lines = []
    for modality, note in cohort.config.notes.items():
        rows = cohort.notes[cohort.notes["modality"] == modality]
        long = sum(
            len(hash_words(texts)) > note.max_tokens
            for _, texts in rows.groupby("sample_id")["text"]
        )
        if long:
            lines.append(f"words over max_tokens in {modality}, of {long} samples")
    return lines
