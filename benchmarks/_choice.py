"""Choose among candidates for every left-out fold, without a look at that fold."""

from collections.abc import Callable, Iterable

import numpy as np

Score = Callable[[str, np.ndarray, list[np.ndarray]], list[float]]


def inner_scores(
    candidates: Iterable[str], folds: list[np.ndarray], score: Score, span: int = 1
) -> dict[str, np.ndarray]:
    """Score every candidate for each fold, on other folds that its model did not see either.

    A model that saw neither of two folds speaks for both: its score on one counts where the other
    is left out. Half the number of folds as span is the full nested cross-validation.

    Args:
        candidates: Names.
        folds: Rows of each fold, at least three.
        score: Of a candidate, training rows and two folds: fits once and scores each fold.
        span: Each fold is paired with so many that follow it, less than half of them.

    Returns:
        Candidate to `(folds,)` inner scores, each the mean of `2 * span`.
    """
    number, found = len(folds), {}
    for name in candidates:
        scores = np.zeros((number, 2 * span))
        for i in range(number):
            for step in range(1, span + 1):
                j = (i + step) % number
                train = np.concatenate([f for k, f in enumerate(folds) if k not in (i, j)])
                on_i, on_j = score(name, np.sort(train), [folds[i], folds[j]])
                scores[i, 2 * step - 2], scores[j, 2 * step - 1] = on_j, on_i
        found[name] = scores.mean(axis=1)
        print(f"inner {name}: {found[name].mean():.4f} {np.round(found[name], 3)}", flush=True)
    return found


def choose(scores: dict[str, np.ndarray]) -> list[str]:
    """Return the best candidate of each fold."""
    names = list(scores)
    return [names[best] for best in np.stack(list(scores.values())).argmax(axis=0)]
