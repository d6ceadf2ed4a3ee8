"""Cross-validate one configuration of one learner, keeping every out-of-fold prediction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registry import nearest
from hybrid_zoo.tuning.folds import hold_back
from hybrid_zoo.tuning.journal import Fold, Journal
from hybrid_zoo.tuning.learner import Fitted, Learner
from hybrid_zoo.tuning.racing import Race

Part = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How every fit of a search is made.

    Args:
        folds: Per fold the training and the scored rows, as positions among all samples.
        labels: Target to `(samples,)`, on which the rows that early stopping watches are
            stratified; NaN is unknown.
        patient_ids: `(samples,)`.
        epochs: Most epochs of a fit.
        seed: Of the weights, the batches and the rows that early stopping watches.
        objective: Name of the metric that scores a fold.
        journal: Where finished folds are kept and found.
        on_fit: Called after each fit with its seconds.
    """

    folds: Sequence[Part]
    labels: Mapping[str, np.ndarray]
    patient_ids: np.ndarray
    epochs: int = 50
    seed: int = 0
    objective: str = "auroc"
    journal: Journal = field(default_factory=lambda: Journal(None, {}))
    on_fit: Callable[[float], None] = lambda seconds: None


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """What a configuration did over the folds.

    Args:
        scores: Per fold the objective; fewer than there are folds if a race stopped it.
        metrics: Per fold every metric by name.
        out_of_fold: Output to `(samples,)` or `(samples, classes)` out-of-fold predictions of the
            learner, a network's as logits; NaN elsewhere.
        epochs: Per fold the best epoch.
        seconds: Wall time of all fits.
        histories: Per fold its learning curves: name to its value after each epoch.
    """

    scores: list[float]
    metrics: list[dict[str, float]]
    out_of_fold: dict[str, np.ndarray]
    epochs: list[int]
    seconds: float
    histories: list[dict[str, list[float]]]

    @property
    def median_epochs(self) -> int:
        """The number of epochs for the final refit."""
        return max(1, int(np.median(self.epochs)))


def cross_validate(
    learner: Learner, config: Mapping[str, Any], protocol: Protocol, race: Race | None = None
) -> CrossValidated:
    """Fit a configuration once per fold and predict the fold it never saw.

    Args:
        learner: The architecture and its data.
        config: From the learner's `draw`.
        protocol: Folds, seed and epochs.
        race: Stops after a fold that leaves no hope; None runs all.

    Returns:
        Scores, out-of-fold predictions and epochs.

    Raises:
        ConfigError: If the learner reports no metric of the objective's name.
        NumericsError: If training left the finite numbers.

    Source:
        Stone 1974, J R Stat Soc B 36:111. Early stopping watches a patient-grouped 15 % of each
        fold's training part, never the fold that is scored.
    """
    done: list[Fold] = []
    scores: list[float] = []
    key = _key(config, protocol)
    for number, part in enumerate(protocol.folds):
        fold = protocol.journal.read(key, number)
        if fold is None:
            fold = _fit(learner, config, part, protocol)
            protocol.journal.write(key, number, fold)
        protocol.on_fit(fold.seconds)
        done.append(fold)
        scores.append(_score(fold, protocol.objective))
        if race is not None and race.hopeless(scores):
            break
    return together(done, protocol)


def recall(config: Mapping[str, Any], protocol: Protocol) -> CrossValidated | None:
    """Return what an earlier `cross_validate` left in the journal.

    Args:
        config: The configuration.
        protocol: The same as then.

    Returns:
        The folds up to the first that is not there; None if that is the first one.
    """
    key, done = _key(config, protocol), []
    for number in range(len(protocol.folds)):
        fold = protocol.journal.read(key, number)
        if fold is None:
            break
        done.append(fold)
    return together(done, protocol) if done else None


def _key(config: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    return {**config, "epochs": protocol.epochs}


def together(done: Sequence[Fold], protocol: Protocol) -> CrossValidated:
    """Put finished folds together.

    Args:
        done: In the order of the protocol's folds.
        protocol: Folds and objective.
    """
    return CrossValidated(
        scores=[_score(fold, protocol.objective) for fold in done],
        metrics=[fold.metrics for fold in done],
        out_of_fold=_out_of_fold(done, protocol),
        epochs=[fold.epochs for fold in done],
        seconds=sum(fold.seconds for fold in done),
        histories=[fold.history for fold in done],
    )


def _fit(learner: Learner, config: Mapping[str, Any], part: Part, protocol: Protocol) -> Fold:
    train, scored = part
    seed = protocol.seed
    rows, watched = hold_back(train, protocol.labels, protocol.patient_ids, 0.15, seed=seed)
    fitted = learner.fit(config, rows, watched, epochs=protocol.epochs, seed=seed)
    return scored_fold(learner, config, scored, fitted)


def scored_fold(
    learner: Learner, config: Mapping[str, Any], rows: np.ndarray, fitted: Fitted
) -> Fold:
    """Score the last fit on rows that it never saw.

    Args:
        learner: The architecture and its data.
        config: Of the last fit.
        rows: Positions.
        fitted: What the fit took.
    """
    predictions, metrics = learner.score(config, rows)
    return Fold(
        predictions=predictions,
        metrics=metrics,
        epochs=fitted.epochs,
        seconds=fitted.seconds,
        history=fitted.history,
    )


def _score(fold: Fold, objective: str) -> float:
    if objective not in fold.metrics:
        raise ConfigError(
            f"The objective is {objective!r}, which no metric reports."
            f"{nearest(objective, fold.metrics)} The model reports: {sorted(fold.metrics)}."
        )
    return float(fold.metrics[objective])


def _out_of_fold(done: Sequence[Fold], protocol: Protocol) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for fold, (_, scored) in zip(done, protocol.folds, strict=False):
        for name, values in fold.predictions.items():
            shape = (len(protocol.patient_ids), *values.shape[1:])
            found.setdefault(name, np.full(shape, np.nan))[scored] = values
    return found
