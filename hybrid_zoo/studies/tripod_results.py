"""TRIPOD+AI, items 20 to 27: results and discussion."""

from hybrid_zoo.studies.report_files import TABLE1, Run
from hybrid_zoo.studies.tripod_answers import Answer, levels_of, nothing, sizes_in_words
from hybrid_zoo.studies.words import headline
from hybrid_zoo.studies.words_models import in_sentence
from hybrid_zoo.studies.words_numbers import counted, in_prose, number, whole
from hybrid_zoo.studies.words_study import limits_in_words


def _flow(run: Run) -> str:
    flow = run.metrics.get("flow")
    if not flow:
        return ""
    tables = flow["tables"]
    read = sum(table["rows"] for table in tables.values())
    lost = {
        kind: sum(sum(table[kind].values()) for table in tables.values())
        for kind in ("quarantined", "dropped")
    }
    return (
        f"{counted(read, 'row')} in {counted(len(tables), 'table')}: "
        f"{whole(lost['quarantined'])} quarantined, {whole(lost['dropped'])} left out by rule; "
        f"{counted(flow['samples'], 'sample')} of {counted(flow['patients'], 'patient')} used. "
        "Diagram and table: Participant flow."
    )


def _patients(run: Run) -> str:
    if run.table1.empty:
        return ""
    described = run.table1["variable"].nunique() - 2
    return f"{counted(described, 'characteristic')} in {TABLE1}, in all and by outcome."


def _compared(run: Run) -> str:
    if run.metrics["evaluation"] != "holdout":
        return "Not applicable: under cross-validation all samples are in both parts."
    if run.table1.empty:
        return ""
    return f"Training and test side by side, with standardised differences, in {TABLE1}."


def _analyses(run: Run) -> str:
    return f"{sizes_in_words(run)}."


def _specification(run: Run) -> str:
    weights = next(iter(run.metrics["targets"].values()))["models"]["hybrid"].get("n_parameters")
    size = f" ({whole(weights)} weights)" if weights else ""
    return (
        f"The whole fitted model is the file model.keras{size}, its settings are in config.yaml; "
        "it was fitted to the patients above and may memorise them."
    )


def _performance(run: Run) -> str:
    found = []
    for name, block in run.metrics["targets"].items():
        models, best = block["models"], block["recommended"]
        text = f"{name}: AUROC of the hybrid {in_prose(models['hybrid']['auroc'])}"
        if best != "hybrid":
            text += f", of {in_sentence(best)}, the recommended model, "
            text += in_prose(models[best]["auroc"])
        found.append(text)
    return f"{'; '.join(found)}. All measures and subgroups: Results."


def _between_centres(run: Run) -> str:
    found = []
    for name in run.metrics["targets"]:
        rows = [row for row in levels_of(run, "site") if row["target"] == name]
        areas = [row["auroc"]["value"] for row in rows if row["auroc"]]
        if areas:
            low, high = number(min(areas)), number(max(areas))
            found.append(f"{name}: {low} to {high} in {counted(len(areas), 'institution')}")
    return f"AUROC per institution. {'; '.join(found)}." if found else ""


def _no_update(run: Run) -> str:
    return "No model was updated after the evaluation."


def _found(run: Run) -> str:
    targets = run.metrics["targets"].items()
    return f"{'. '.join(f'{name}: {headline(block)}' for name, block in targets)}."


def _limits(run: Run) -> str:
    return " ".join(limits_in_words(run.metrics))


def _poor_inputs(run: Run) -> str:
    return (
        "Any input may be absent. `hybrid-zoo predict` quarantines impossible values and names "
        "levels that the run never saw and columns that seem to be in another unit."
    )


_RESULTS, _DISCUSSION = "Results", "Discussion"
RESULTS: tuple[Answer, ...] = (
    Answer(
        "20a",
        _RESULTS,
        "Participant flow",
        _flow,
        "who was screened before these tables were made, and the time of follow-up",
    ),
    Answer(
        "20b",
        _RESULTS,
        "Characteristics",
        _patients,
        "key dates, treatments and follow-up, where they matter",
    ),
    Answer("20c", _RESULTS, "Training and evaluation compared", _compared, ""),
    Answer("21", _RESULTS, "Numbers in each analysis", _analyses, ""),
    Answer(
        "22",
        _RESULTS,
        "The model itself",
        _specification,
        "who may have the model, and on what terms",
    ),
    Answer("23a", _RESULTS, "Performance", _performance, ""),
    Answer(
        "23b",
        _RESULTS,
        "Performance between centres",
        _between_centres,
        "whether performance differs between centres, if that was examined",
        whole=True,
    ),
    Answer("24", _RESULTS, "Updated model", _no_update, ""),
    Answer(
        "25",
        _DISCUSSION,
        "Interpretation",
        _found,
        "what this means beside earlier studies, and for fairness",
    ),
    Answer("26", _DISCUSSION, "Limitations", _limits, "the limits that only its authors know"),
    Answer(
        "27a",
        _DISCUSSION,
        "Poor or absent inputs",
        _poor_inputs,
        "what a user should do then",
    ),
    Answer(
        "27b",
        _DISCUSSION,
        "Work and skill of users",
        nothing,
        "what users must do, and what they must know",
    ),
    Answer("27c", _DISCUSSION, "Next steps", nothing, "which studies should follow, and where"),
)
