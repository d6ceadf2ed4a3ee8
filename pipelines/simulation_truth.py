"""What the simulator knows and no model is shown: latent illness, true risks, best AUROC."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

UNKNOWN_SHARE = 0.08
WEARABLE_SHARE = 0.5
# Share pictured with the portable device among those who get intensive care, and those who do not.
PORTABLE_GIVEN_ICU = (0.85, 0.25)
_NODES = 12  # of the Gauss-Hermite rule; exact to 1e-9 for effects this small


@dataclass(frozen=True)
class Effects:
    """One target's log-odds: intercept, main effects per standard deviation, image times labs."""

    intercept: float
    image: float = 0.0
    labs: float = 0.0
    product: float = 0.0
    wearable: float = 0.0
    age: float = 0.0


EFFECTS = {
    "cardiovascular": Effects(-0.4, image=3.0, labs=0.8, product=3.2, wearable=0.25, age=0.2),
    "cancer": Effects(-0.3, image=1.2, labs=1.2, wearable=0.25, age=0.2),
    "diabetes": Effects(-0.3, labs=1.6),
}
SHORTCUT_EFFECTS = {"icu": Effects(-0.4, image=0.25, labs=0.25)}


@dataclass(frozen=True)
class Latents:
    """Standard normal illness, each array `(patients,)`; `wears`: whether they have a wearable."""

    image: np.ndarray
    labs: np.ndarray
    wearable: np.ndarray
    age: np.ndarray
    wears: np.ndarray


def draw_latents(patients: int, rng: np.random.Generator, *, wearables: bool) -> Latents:
    """Draw independent latent illness.

    Args:
        patients: How many.
        rng: Source of randomness.
        wearables: Whether half of the patients, chosen at random, have a wearable.
    """
    image, labs, wearable, age = rng.standard_normal((4, patients))
    wears = rng.permutation(patients) < round(patients * WEARABLE_SHARE * wearables)
    return Latents(image, labs, wearable, age, wears)


def draw_labels(effects: Effects, latents: Latents, rng: np.random.Generator) -> np.ndarray:
    """Draw outcomes from the true risks.

    Args:
        effects: The target.
        latents: The patients.
        rng: Source of randomness.

    Returns:
        `(patients,)` of 0 and 1.
    """
    risk = _sigmoid(_log_odds(effects, latents, latents.wearable))
    return (rng.random(len(risk)) < risk).astype(np.int64)


def draw_portable(icu: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw who is pictured with the portable device: those who end up in intensive care, mostly.

    Args:
        icu: `(patients,)` 0 or 1.
        rng: Source of randomness.

    Returns:
        `(patients,)` bool.
    """
    with_icu, without = PORTABLE_GIVEN_ICU
    return rng.random(len(icu)) < np.where(icu == 1, with_icu, without)


def best_risk(effects: Effects, latents: Latents, portable: np.ndarray | None = None) -> np.ndarray:
    """Return the risk given everything that the cohort records, which no model can outrank.

    A wearable that a patient does not have is averaged out over its distribution.

    Args:
        effects: The target.
        latents: The patients.
        portable: `(patients,)` bool, where the view was drawn from the outcome.

    Returns:
        `(patients,)` in 0..1.

    Source:
        Own design: Bayes' rule; the average is a Gauss-Hermite rule in the probabilists' form.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    averaged = np.zeros(len(latents.image))
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        seen = np.where(latents.wears, latents.wearable, node)
        averaged += weight * _sigmoid(_log_odds(effects, latents, seen))
    if portable is None:
        return averaged
    with_icu, without = PORTABLE_GIVEN_ICU
    evidence = np.where(portable, with_icu / without, (1 - with_icu) / (1 - without))
    return averaged * evidence / (averaged * evidence + 1 - averaged)


def expected_auroc(score: np.ndarray, risk: np.ndarray) -> float:
    """Return the AUROC of a score when each patient falls ill with a known risk.

    Args:
        score: `(patients,)`, without ties that matter.
        risk: `(patients,)` in 0..1.

    Source:
        Own design: the Mann-Whitney statistic with every patient counted as ill with weight `risk`
        and as well with weight `1 - risk`, which has less variance than drawing the outcomes.
    """
    ill = risk[np.argsort(score, kind="stable")]
    well = 1.0 - ill
    below = np.cumsum(well) - well / 2
    return float(np.dot(ill, below) / (ill.sum() * well.sum()))


def oracle(
    effects: Mapping[str, Effects], patients: int, rng: np.random.Generator, *, shortcut: bool
) -> dict[str, float]:
    """Measure on fresh patients the AUROC of the best risk, per target.

    Args:
        effects: The targets.
        patients: How many to draw; the error is about `0.5 / sqrt(patients)`.
        rng: Source of randomness.
        shortcut: Whether the view is drawn from the outcome, and there are no wearables.
    """
    latents = draw_latents(patients, rng, wearables=not shortcut)
    found = {}
    for name, target in effects.items():
        portable = None
        if shortcut:
            portable = draw_portable(draw_labels(target, latents, rng), rng)
        risk = best_risk(target, latents, portable)
        found[name] = expected_auroc(risk, risk)
    return found


def _log_odds(effects: Effects, latents: Latents, wearable: np.ndarray) -> np.ndarray:
    return (
        effects.intercept
        + effects.image * latents.image
        + effects.labs * latents.labs
        + effects.product * latents.image * latents.labs
        + effects.wearable * wearable
        + effects.age * latents.age
    )


def _sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-log_odds))
