"""The prespecified answer to "did fusing help?", for one target."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hybrid_zoo.errors import ConfigError

MARGIN = 0.01  # a difference in AUROC of no consequence
SHORTCUT_MARGIN = 0.05
RECOMMENDED_MARGIN = 0.002
CHECKS = ("missingness", "shortcuts", "majority")


@dataclass(frozen=True)
class Verdict:
    """What the study says about one target.

    Args:
        verdict: "helped", "no_difference", "hurt" or "no_evidence".
        flags: Of "simpler_model", "late_enough" and "shortcut", those that apply.
        recommended: The model to take.
        best_single: The single modality that was best out of fold; None without one.
        simpler: The models behind `simpler_model`.
    """

    verdict: str
    flags: tuple[str, ...]
    recommended: str
    best_single: str | None
    simpler: tuple[str, ...]


def is_simpler(model: str) -> bool:
    """Say whether a model is simpler than the hybrid.

    Args:
        model: Its name. The hybrid's ensembles and stacks are named `hybrid_...` and `stack...`;
            a name with a dot is a baseline's import path.

    Returns:
        True for every model but the hybrid, its ensembles and stacks.
    """
    return "." in model or not (model == "hybrid" or model.startswith(("hybrid_", "stack")))


def judge(
    comparisons: Sequence[Mapping[str, object]],
    auroc: Mapping[str, float],
    out_of_fold_auroc: Mapping[str, float],
    singles: Sequence[str],
) -> Verdict:
    """Give verdict, flags and recommendation.

    Args:
        comparisons: From `compare_with`: differences are model - hybrid, with low and high.
        auroc: Model to AUROC on the test side.
        out_of_fold_auroc: Model to cross-validated AUROC in the training part; it chooses the best
            single modality and the recommended model, so that the test side chooses nothing.
        singles: The single-modality nets.

    Returns:
        The verdict. Without a single modality it is "no_evidence".

    Raises:
        ConfigError: If a single modality was not scored, or there is nothing to recommend.

    Source:
        Own design, because the rule must be fixed before the data are seen: margins of 0.01
        (difference), 0.05 (shortcut) and 0.002 (recommendation) in AUROC.
    """
    against_hybrid = {
        str(row["model"]): (float(str(row["low"])), float(str(row["high"]))) for row in comparisons
    }
    _refuse_unknown(singles, against_hybrid, out_of_fold_auroc)
    best = max(singles, key=lambda m: out_of_fold_auroc[m]) if singles else None
    simpler = tuple(m for m, (low, _) in against_hybrid.items() if is_simpler(m) and low >= -MARGIN)
    return Verdict(
        verdict=_verdict({m: against_hybrid[m] for m in singles}, best),
        flags=_flags(against_hybrid, auroc, simpler),
        recommended=recommend(out_of_fold_auroc),
        best_single=best,
        simpler=simpler,
    )


def recommend(out_of_fold_auroc: Mapping[str, float]) -> str:
    """Choose the model to take: the best out of fold, or a simpler one within 0.002 of it.

    Args:
        out_of_fold_auroc: Model to cross-validated AUROC in the training part.

    Returns:
        The name; never `missingness`, `shortcuts`, `majority` or a `score:*`.

    Raises:
        ConfigError: If no other model is there.
    """
    able = {
        model: value
        for model, value in out_of_fold_auroc.items()
        if model not in CHECKS and not model.startswith("score:") and value == value
    }
    if not able:
        raise ConfigError("recommend: no model to choose from; give out-of-fold AUROCs of models.")
    best = max(able, key=lambda m: able[m])
    close = [m for m in able if is_simpler(m) and able[m] >= able[best] - RECOMMENDED_MARGIN]
    return max(close, key=lambda m: able[m]) if close else best


def _flags(
    against_hybrid: Mapping[str, tuple[float, float]],
    auroc: Mapping[str, float],
    simpler: tuple[str, ...],
) -> tuple[str, ...]:
    late_high = against_hybrid.get("late_average", (-1.0, -1.0))[1]
    suspects = [auroc[m] for m in ("shortcuts", "missingness") if m in auroc]
    raised = {
        "simpler_model": bool(simpler),
        "late_enough": late_high >= 0,
        "shortcut": max(suspects, default=-1.0) >= auroc["hybrid"] - SHORTCUT_MARGIN,
    }
    return tuple(name for name, applies in raised.items() if applies)


def _verdict(singles: Mapping[str, tuple[float, float]], best: str | None) -> str:
    """Apply the rule in its order; intervals are single - hybrid, so their signs are turned."""
    if best is None:
        return "no_evidence"
    if all(high < 0 for _, high in singles.values()):
        return "helped"
    low, high = singles[best]
    if low >= -MARGIN and high <= MARGIN:
        return "no_difference"
    return "hurt" if low > 0 else "no_evidence"


def _refuse_unknown(
    singles: Iterable[str], compared: Mapping[str, object], out_of_fold: Mapping[str, float]
) -> None:
    for model in singles:
        where = "predictions" if model not in compared else "out-of-fold AUROC"
        if model not in compared or model not in out_of_fold:
            raise ConfigError(
                f"judge: the single-modality model {model!r} has no {where}; "
                f"models with predictions: {sorted(compared)}."
            )
