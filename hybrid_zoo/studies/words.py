"""The verdict in words: pure functions of one target's block of `metrics.json`."""

from collections.abc import Mapping
from typing import Any

from hybrid_zoo.evaluation.verdict import CHECKS, MARGIN, RECOMMENDED_MARGIN, SHORTCUT_MARGIN
from hybrid_zoo.studies.words_models import in_sentence, model_name
from hybrid_zoo.studies.words_numbers import (
    between,
    capital,
    in_prose,
    listed,
    number,
    percent,
    signed,
    whole,
)

CUSTODY = (
    "This folder holds patient-level data and a model that may memorise it: "
    "protect it like the source."
)
HEADLINES = {
    "helped": "Fusing helped",
    "no_difference": "Fusing made no difference",
    "no_evidence": "No evidence that fusing helped",
    "hurt": "Fusing hurt",
}
_NO_PICTURE = "What was declared as a shortcut"

Block = Mapping[str, Any]


def headline(block: Block) -> str:
    """Say the verdict in a few words, flags first where they override it.

    Args:
        block: One target's block of `metrics.json`.

    Returns:
        Such as "Fusing helped; the late average is enough".
    """
    flags = block["flags"]
    parts = [HEADLINES[block["verdict"]]]
    if "shortcut" in flags:
        parts = ["A shortcut explains the score", parts[0][0].lower() + parts[0][1:]]
    if "late_enough" in flags and block["verdict"] == "helped":
        parts.append("the late average is enough")
    if "simpler_model" in flags and _simpler_models(block):
        parts.append("a simpler model is as good")
    return "; ".join(parts)


def verdict_in_words(block: Block, *, cohort: str, simulated: bool = False) -> list[str]:
    """Say what the study found for one target, the most important sentence first.

    Args:
        block: One target's block of `metrics.json`; `events_test` (events among the scored samples)
            is used where present.
        cohort: The cohort's name.
        simulated: Whether its patients are made up.

    Returns:
        Sentences: shortcuts (if flagged), whether fusing helped, simpler models (if flagged), the
        late average (if flagged), the ceiling (if known), the recommended model.
    """
    where = f"in the {'simulated ' if simulated else ''}cohort {cohort} ({size_in_words(block)})"
    sentences = [
        *_shortcut(block, where),
        _fusing(block, where),
        *_simpler(block),
        *_late_enough(block),
        *_ceiling(block),
        _recommended(block),
    ]
    return sentences


def size_in_words(block: Block) -> str:
    """Say how many samples were scored, and how many had the event.

    Args:
        block: One target's block of `metrics.json`.

    Returns:
        Such as "n = 800 scored samples, 110 with the event".
    """
    scored = f"n = {whole(block.get('n_test'))} scored samples"
    if block.get("kind") == "multiclass":
        return f"{scored}, {len(block['classes'])} classes"
    if block.get("events_test") is None:
        return f"{scored}, {whole(block.get('events'))} events in the whole cohort"
    return f"{scored}, {whole(block['events_test'])} with the event"


def against_hybrid(block: Block, model: str) -> Block | None:
    """Return the comparison of a model with the hybrid, or None.

    Args:
        block: One target's block of `metrics.json`.
        model: Its key.
    """
    return next((row for row in block["comparisons"] if row["model"] == model), None)


def _area(block: Block) -> str:
    return "macro one-vs-rest AUROC" if block.get("kind") == "multiclass" else "AUROC"


def _lead(block: Block, model: str) -> str:
    """Write hybrid - model; `metrics.json` holds model - hybrid, so signs turn."""
    row = against_hybrid(block, model)
    if row is None:
        return "not computed"
    return f"{signed(-row['difference'])} (95 % CI {between(-row['high'], -row['low'])})"


def _shortcut(block: Block, where: str) -> list[str]:
    if "shortcut" not in block["flags"]:
        return []
    models = block["models"]
    hybrid = models["hybrid"]["auroc"]
    near = [
        model
        for model in ("shortcuts", "missingness")
        if model in models and models[model]["auroc"]["value"] >= hybrid["value"] - SHORTCUT_MARGIN
    ]
    near.sort(key=lambda model: -models[model]["auroc"]["value"])
    return [_one_shortcut(block, model, where if i == 0 else "") for i, model in enumerate(near)]


def _one_shortcut(block: Block, model: str, where: str) -> str:
    area, hybrid = (block["models"][name]["auroc"] for name in (model, "hybrid"))
    columns = f" ({listed(list(block['shortcuts']))})" if block.get("shortcuts") else ""
    way = "The way the picture was taken" if block.get("pictures", True) else _NO_PICTURE
    what, alone = {
        "shortcuts": (way, f"the declared shortcuts{columns} alone reach"),
        "missingness": (
            "What was recorded, and how often,",
            "the pattern of recording alone reaches",
        ),
    }[model]
    reach, claim = _reach(area["value"], hybrid["value"])
    place = f"{where}, " if where else ""
    return (
        f"{what} {claim} the hybrid's score: {place}{alone} an {_area(block)} of "
        f"{in_prose(area)} against the hybrid's {in_prose(hybrid)}{reach}."
    )


def _reach(value: float, hybrid: float) -> tuple[str, str]:
    """Measure the lead over chance, because a coin already has an AUROC of one half."""
    if hybrid <= 0.5:
        return ", which is no better than chance", "does as well as"
    if value >= hybrid:
        return ", all of the hybrid's lead over chance (0.5) and more", "explains"
    share = max(0.0, (value - 0.5) / (hybrid - 0.5))
    claim = "explains most of" if share >= 0.5 else "comes close to"
    return f", {percent(share)} of the hybrid's lead over chance (0.5)", claim


def _fusing(block: Block, where: str) -> str:
    best = block.get("best_single")
    if best is None:
        return f"{capital(where)}, there was no single modality to compare the hybrid with."
    by = f"the hybrid minus {in_sentence(best)}, the best single modality, is {_lead(block, best)}"
    said = {
        "helped": f"Fusing helped: {where}, the hybrid's {_area(block)} is above that of every "
        f"single modality; {by}.",
        "no_difference": f"Fusing made no difference: {where}, the difference in {_area(block)}, "
        f"{by}, lies within {MARGIN} either way.",
        "hurt": f"Fusing hurt: {where}, the hybrid's {_area(block)} is below that of the best "
        f"single modality; {by}.",
        "no_evidence": f"There is no evidence that fusing helped: {where}, the difference in "
        f"{_area(block)}, {by}{_unsure(block, best)}.",
    }
    return said[block["verdict"]]


def _unsure(block: Block, best: str) -> str:
    """Name the single modalities that keep the rule for `helped` from being met."""
    open_ones = [
        row["model"]
        for row in block["comparisons"]
        if row["model"].endswith("_only") and row["high"] >= 0
    ]
    if best in open_ones or not open_ones:
        return ", an interval that includes zero or is too wide to call it no difference"
    others = listed([f"{in_sentence(model)} ({_lead(block, model)})" for model in open_ones])
    return f"; but the hybrid is not clearly above {others}"


def _simpler_models(block: Block) -> list[str]:
    """Leave out the checks: nobody can use them, and the shortcut sentence covers them."""
    models = block["models"]
    named = [model for model in block.get("simpler", ()) if model not in CHECKS]
    return sorted(named, key=lambda model: -models[model]["auroc"]["value"])


def _simpler(block: Block) -> list[str]:
    named = _simpler_models(block)
    if "simpler_model" not in block["flags"] or not named:
        return []
    first, *others = named
    if block["recommended"] in others:
        others = [first, *[model for model in others if model != block["recommended"]]]
        first = block["recommended"]
    row = against_hybrid(block, first) or {}
    also = f" The same holds for {listed([in_sentence(m) for m in others])}." if others else ""
    return [
        f"A simpler model is as good: {in_sentence(first)} reaches "
        f"{in_prose(block['models'][first]['auroc'])}, and its difference to the hybrid, "
        f"{signed(row.get('difference'))} (95 % CI {between(row.get('low'), row.get('high'))}), "
        f"does not fall below {number(-MARGIN, 2)}.{also}"
    ]


def _late_enough(block: Block) -> list[str]:
    if "late_enough" not in block["flags"]:
        return []
    return [
        "The late average is enough: training the modalities jointly adds nothing that these data "
        f"show to averaging networks of one modality each; the hybrid minus the late average is "
        f"{_lead(block, 'late_average')}."
    ]


def _ceiling(block: Block) -> list[str]:
    if block.get("ceiling") is None:
        return []
    reached = number(block["models"]["hybrid"]["auroc"]["value"])
    return [
        f"The best AUROC that this simulation allows is {number(block['ceiling'])}; "
        f"the hybrid reaches {reached}."
    ]


def _recommended(block: Block) -> str:
    name = model_name(block["recommended"])
    rule = (
        "chosen by cross-validated AUROC in the training part, "
        f"where a simpler model within {RECOMMENDED_MARGIN} of the best is preferred"
    )
    if "shortcut" in block["flags"]:
        return (
            f"Of the models tried, {name} would be preferred ({rule}), but none should be used "
            "before the shortcut is removed from the data."
        )
    return f"Recommended model: {name} ({rule})."
