"""Models by the names that a reader sees, in the order in which a table lists them."""

from collections.abc import Iterable, Mapping

from hybrid_zoo.evaluation.verdict import is_simpler

GROUPS = (
    "Fused network, its ensemble and a stack",
    "Single modalities and their average",
    "Simpler models on the same information",
    "Checks and scores",
)
"""The parts of a table of models."""

_NAMES = {
    "hybrid": "Hybrid",
    "hybrid_ensemble": "Hybrid, mean of its seeds",
    "stack": "Stack of hybrid and baselines",
    "late_average": "Late average of the single networks",
    "logistic_regression": "Logistic regression",
    "svm": "Support vector machine",
    "random_forest": "Random forest",
    "gradient_boosting": "Gradient boosting",
    "missingness": "What was recorded",
    "shortcuts": "Declared shortcuts",
    "majority": "Majority class",
}
_MODALITIES = {
    "image": "Image",
    "volume": "Volume",
    "sequence": "Time series",
    "tabular": "Tabular data",
    "tokens": "Notes",
    "genome": "Genome",
}
_CHECKS = ("missingness", "shortcuts", "majority")
_WITH_ARTICLE = ("late_average", *_CHECKS)


def model_name(model: str) -> str:
    """Return a model's name for people.

    Args:
        model: Its key in `metrics.json`.

    Returns:
        Such as "Time series only" for `sequence_only`.
    """
    if model in _NAMES:
        return _NAMES[model]
    if model.startswith("score:"):
        return f"{model.removeprefix('score:')} (score)"
    if model.endswith("_only"):
        return f"{modality_name(model.removesuffix('_only'))} only"
    if "." in model:
        module, _, name = model.rpartition(".")
        return f"{name} ({module})"
    return model.replace("_", " ").capitalize()


def in_sentence(model: str) -> str:
    """Return a model's name for the middle of a sentence.

    Args:
        model: Its key in `metrics.json`.
    """
    name = model_name(model)
    if model.startswith("score:"):
        return f"the score {model.removeprefix('score:')}"
    if model.endswith("_only"):
        alone = modality_name(model.removesuffix("_only"))
        return f"the {alone[0].lower()}{alone[1:]} alone"
    if "." in model:
        return name.partition(" ")[0]
    name = name[0].lower() + name[1:]
    return f"the {name}" if group_of(model) == GROUPS[0] or model in _WITH_ARTICLE else name


def modality_name(modality: str, kinds: Mapping[str, str] = _MODALITIES) -> str:
    """Return a modality's name for people.

    Args:
        modality: Such as `sequence_wearable`.
        kinds: What each kind is called.

    Returns:
        Such as "Time series (wearable)".
    """
    kind, _, rest = modality.partition("_")
    name = kinds.get(kind, kind.capitalize())
    return f"{name} ({rest.replace('_', ' ')})" if rest else name


def group_of(model: str) -> str:
    """Return the part of the table that a model belongs to.

    Args:
        model: Its key in `metrics.json`.

    Returns:
        One of `GROUPS`.
    """
    if not is_simpler(model):
        return GROUPS[0]
    if model == "late_average" or model.endswith("_only"):
        return GROUPS[1]
    is_check = model in _CHECKS or model.startswith("score:")
    return GROUPS[3] if is_check else GROUPS[2]


def in_order(models: Iterable[str]) -> list[str]:
    """Sort models as tables and figures list them.

    Args:
        models: Keys of `metrics.json`.
    """
    return sorted(models, key=_place)


def _place(model: str) -> tuple[int, int, str]:
    """Rank by group, then as listed above; a score stands before the majority class."""
    kind = model.removesuffix("_only").partition("_")[0]
    listed = [*_MODALITIES, *_NAMES]
    key = kind if model.endswith("_only") else "majority" if model.startswith("score:") else model
    position = listed.index(key) if key in listed else len(listed)
    return GROUPS.index(group_of(model)), 2 * position - model.startswith("score:"), model
