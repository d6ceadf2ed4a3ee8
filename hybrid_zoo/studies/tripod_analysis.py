"""TRIPOD+AI, items 12 to 19: analysis, fairness, ethics, open science, public involvement."""

from hybrid_zoo.studies.report_files import Run
from hybrid_zoo.studies.spreadsheets import plain_cell
from hybrid_zoo.studies.tripod_answers import Answer, levels_of, nothing
from hybrid_zoo.studies.words_models import in_order, model_name
from hybrid_zoo.studies.words_numbers import listed, number
from hybrid_zoo.studies.words_study import command_of, evaluation_in_words, imbalance_in_words


def measures_in_words(run: Run) -> str:
    """Name the measures that a study reports.

    Args:
        run: The run; all report the same.
    """
    return (
        "Discrimination: AUROC (primary), AUPRC, ROC curve. Calibration: intercept, slope, Brier "
        "score, calibration curve, observed over expected in subgroups. Decisions: sensitivity, "
        "specificity, precision, F1 at the threshold and at fixed sensitivities. Models are "
        "compared by differences in AUROC with intervals from resampled patients."
    )


def _partition(run: Run) -> str:
    return " ".join(evaluation_in_words(run.metrics))


def _handling(run: Run) -> str:
    return (
        "Numbers enter in raw units and are standardised inside the model by mean and variance of "
        "the training part, categories as codes, series on their time grid, images as stored. "
        "Baselines get summaries of each variable over the window, of images and of notes."
    )


def _models(run: Run) -> str:
    metrics = run.metrics
    block = next(iter(metrics["targets"].values()))
    names = [model_name(name) for name in in_order(block["models"])]
    chosen = [f"{key} {value}" for key, value in metrics.get("chosen", {}).items()]
    return (
        f"Compared on the same folds with the same number of configurations: {listed(names)}. "
        f"The hybrid's configuration: {', '.join(chosen)}. Inner validation by "
        f"{metrics.get('plan', {}).get('folds', 'several')} folds, grouped by patient."
    )


def _clusters(run: Run) -> str:
    if not levels_of(run, "site"):
        return ""
    return "Performance is reported per institution, with intervals; models have no site effects."


def _updating(run: Run) -> str:
    return (
        "None after the evaluation. Before it, every model was recalibrated once by out-of-fold "
        "predictions of the training part."
    )


def _predictions(run: Run) -> str:
    return (
        "By the fitted object: model.keras holds normalisation, model and calibration, and "
        "`hybrid-zoo predict` applies it; baselines are in baselines/."
    )


def _imbalance(run: Run) -> str:
    return " ".join(imbalance_in_words(run.metrics.get("plan", {})))


def _fairness(run: Run) -> str:
    groups = list(dict.fromkeys(row["name"] for row in levels_of(run, "group")))
    if not groups:
        return ""
    return (
        f"Discrimination, calibration and decisions are reported apart by {listed(groups)}; no "
        "model was changed to make groups more alike."
    )


def _output(run: Run) -> str:
    rule = "the goal in cohort.yaml" if run.cohort.get("threshold") else "best F1"
    cuts = [
        f"{name} {number(block['threshold'])}"
        for name, block in run.metrics["targets"].items()
        if block.get("threshold") is not None
    ]
    text = "A calibrated probability per outcome."
    if not cuts:
        return f"{text} The likeliest class is the decision."
    return f"{text} Thresholds by {rule} out of fold in the training part: {', '.join(cuts)}."


def _two_parts(run: Run) -> str:
    if run.metrics["evaluation"] != "holdout":
        return "None: under cross-validation the same samples are fitted on and scored."
    text = "Both parts come from one cohort, with the same criteria, outcome and inputs."
    return f"{text} {_largest_difference(run)}".strip()


def _largest_difference(run: Run) -> str:
    if "smd" not in run.table1:
        return ""
    pairs = zip(run.table1["smd"].map(str), run.table1["variable"].map(str), strict=True)
    found = [(float(apart), apart, name) for apart, name in pairs if apart[:1].isdigit()]
    if not found:
        return ""
    _, apart, name = max(found)
    return (
        f"Largest standardised difference between training and test: {apart} ({plain_cell(name)})."
    )


def _data(run: Run) -> str:
    held = run.cohort.get("license")
    return f"License of the data: {held}." if held else ""


def _code(run: Run) -> str:
    version = run.metrics.get("package_version", "")
    return (
        f"hybrid_zoo {version}, Apache-2.0. Command: {command_of(run.metrics, run.environment)}; "
        "versions in environment.json, options in config.yaml."
    )


_METHODS, _OPEN = "Methods", "Open science"
ANALYSIS: tuple[Answer, ...] = (
    Answer("12a", _METHODS, "Use of the data", _partition, ""),
    Answer("12b", _METHODS, "Handling of predictors", _handling, ""),
    Answer("12c", _METHODS, "Models and how they were built", _models, ""),
    Answer(
        "12d",
        _METHODS,
        "Differences between centres",
        _clusters,
        "whether estimates differ between centres and how that was handled",
        whole=True,
    ),
    Answer("12e", _METHODS, "Measures and plots", measures_in_words, ""),
    Answer("12f", _METHODS, "Updating after evaluation", _updating, ""),
    Answer("12g", _METHODS, "How predictions are made", _predictions, ""),
    Answer(
        "13",
        _METHODS,
        "Rare classes",
        _imbalance,
        "whether anything was done about rare classes, and why",
        whole=True,
    ),
    Answer(
        "14", _METHODS, "Fairness", _fairness, "why fairness was, or was not, looked at in this way"
    ),
    Answer("15", _METHODS, "Output and thresholds", _output, "why such a threshold suits its use"),
    Answer("16", _METHODS, "Training against evaluation", _two_parts, ""),
    Answer(
        "17",
        _METHODS,
        "Ethical approval",
        nothing,
        "the committee, its decision, and consent or its waiver",
    ),
    Answer("18a", _OPEN, "Funding", nothing, "who paid for the study, and the payers' part in it"),
    Answer("18b", _OPEN, "Conflicts of interest", nothing, "the interests of every author"),
    Answer("18c", _OPEN, "Protocol", nothing, "where the protocol is, or that there was none"),
    Answer("18d", _OPEN, "Registration", nothing, "register and number, or that there was none"),
    Answer("18e", _OPEN, "Data", _data, "whether and how others can have the data"),
    Answer("18f", _OPEN, "Code", _code, ""),
    Answer(
        "19",
        "Patient and public involvement",
        "Patient and public involvement",
        nothing,
        "how patients or the public took part, or that they did not",
    ),
)
