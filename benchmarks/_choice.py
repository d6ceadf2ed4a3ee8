"""Choose among candidates for every left-out fold, without a look at that fold."""

from collections.abc import Callable, Iterable

import numpy as np

Score = Callable[[str, np.ndarray, list[np.ndarray]], list[float]]


def inner_scores(
    candidates: Iterable[str], folds: list[np.ndarray], score: Score
) -> dict[str, np.ndarray]:
    """Score every candidate once per fold, on folds that neighbour it.

    A model that saw neither fold i nor fold i + 1 speaks for both: its score on i + 1 counts where
    i is left out, its score on i where i + 1 is. So each fold gets two inner scores for one fit.

    Args:
        candidates: Names.
        folds: Rows of each fold, at least three.
        score: Of a candidate, training rows and two folds: fits once and scores each fold.

    Returns:
        Candidate to `(folds,)` inner scores.
    """
    found = {}
    for name in candidates:
        pairs = []
        for i, fold in enumerate(folds):
            after = (i + 1) % len(folds)
            train = np.concatenate([f for k, f in enumerate(folds) if k not in (i, after)])
            pairs.append(score(name, np.sort(train), [fold, folds[after]]))
        here, there = np.array(pairs).T
        found[name] = (there + np.roll(here, 1)) / 2
        print(f"inner {name}: {found[name].mean():.4f} {np.round(found[name], 3)}", flush=True)
    return found


def choose(scores: dict[str, np.ndarray]) -> list[str]:
    """Return the best candidate of each fold."""
    names = list(scores)
    return [names[best] for best in np.stack(list(scores.values())).argmax(axis=0)]
