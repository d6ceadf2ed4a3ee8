"""Cross-validate one configuration of one network, keeping every out-of-fold prediction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from hybrid_zoo.evaluation.ranking import auroc
from hybrid_zoo.tuning.folds import hold_back
from hybrid_zoo.tuning.networks import Network

Part = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How every fit of a search is made.

    Args:
        folds: Per fold the training and the scored rows, as positions among all samples.
        labels: Target to `(samples,)`; NaN is unknown.
        patient_ids: `(samples,)`.
        epochs: Most epochs of a fit.
        seed: Of the weights, the batches and the rows that early stopping watches.
        on_fit: Called after each fit with its seconds.
    """

    folds: Sequence[Part]
    labels: Mapping[str, np.ndarray]
    patient_ids: np.ndarray
    epochs: int = 50
    seed: int = 0
    on_fit: Callable[[float], None] = lambda seconds: None


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """What a configuration did over the folds.

    Args:
        scores: Per fold the mean AUROC over the targets.
        logits: Target to `(samples,)` or `(samples, classes)` out-of-fold logits; NaN elsewhere.
        epochs: Per fold the best epoch.
        seconds: Wall time of all fits.
    """

    scores: list[float]
    logits: dict[str, np.ndarray]
    epochs: list[int]
    seconds: float

    @property
    def median_epochs(self) -> int:
        """The number of epochs for the final refit."""
        return max(1, int(np.median(self.epochs)))


def cross_validate(
    network: Network, config: Mapping[str, Any], protocol: Protocol
) -> CrossValidated:
    """Fit a configuration once per fold and predict the fold it never saw.

    Args:
        network: The architecture and its data.
        config: From the network's `default` or `draw`.
        protocol: Folds, seed and epochs.

    Returns:
        Scores, out-of-fold logits and epochs.

    Source:
        Stone 1974, J R Stat Soc B 36:111. Early stopping watches a patient-grouped 15 % of each
        fold's training part, never the fold that is scored.
    """
    scores, epochs, seconds = [], [], 0.0
    logits: dict[str, np.ndarray] = {}
    for train, scored in protocol.folds:
        rows, watched = hold_back(
            train, protocol.labels, protocol.patient_ids, 0.15, seed=protocol.seed
        )
        fitted = network.fit(config, rows, watched, epochs=protocol.epochs, seed=protocol.seed)
        found = network.logits(config, scored)
        for target, values in found.items():
            shape = (len(protocol.patient_ids), *values.shape[1:])
            logits.setdefault(target, np.full(shape, np.nan))[scored] = values
        scores.append(mean_auroc(found, {t: y[scored] for t, y in protocol.labels.items()}))
        epochs.append(fitted.epochs)
        seconds += fitted.seconds
        protocol.on_fit(fitted.seconds)
    return CrossValidated(scores=scores, logits=logits, epochs=epochs, seconds=seconds)


def mean_auroc(logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> float:
    """Average AUROC over targets, and over classes one against the rest.

    Args:
        logits: Target to `(rows,)` or `(rows, classes)`.
        labels: Target to `(rows,)`; NaN is unknown.

    Returns:
        The mean over the targets that hold both classes; NaN if none does.
    """
    areas = []
    for target, values in logits.items():
        known = np.isfinite(labels[target])
        label, score = labels[target][known], values[known]
        if score.ndim == 1:
            areas.append(_area(label == 1, score))
        else:
            # Logits of one class mean nothing across samples; probabilities do.
            share = softmax(score, axis=1)
            areas += [_area(label == k, share[:, k]) for k in range(share.shape[1])]
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def _area(positive: np.ndarray, score: np.ndarray) -> float:
    if positive.all() or not positive.any():
        return float("nan")
    return float(np.squeeze(auroc(positive.astype(float), score)))
