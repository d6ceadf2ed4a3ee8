"""Alarm: what was recorded tells the label."""

from collections.abc import Iterator

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, Question
from hybrid_zoo.pipelines.alarms.telling import Bar, cross_fitted, telling
from hybrid_zoo.pipelines.recorded import recorded_columns

SINGLE = Bar(0.90, 0.80)
PATTERN = Bar(0.80, 0.75)
_STRENGTH = 0.1  # of the logistic regression: a few patients must not buy a pattern
_ADVICE = (
    "find out whether it was recorded before the moment of prediction for everybody; if it was "
    "ordered or filled in because of the outcome, leave it out"
)


def missingness(look: Look) -> Iterator[Alarm]:
    """Find labels that are told by what was recorded and how often, whatever the values.

    Care is given to the sick, so that some of this is honest: counts alone reach an AUROC of about
    .70 on intensive-care stays. One column counts above .90 (significantly above .80), the pattern
    of all, by a logistic regression fitted to other patients, above .80 (significantly above .75)
    and only where no single column explains it.

    Args:
        look: The cohort.

    Yields:
        One alarm per column and target, or one per target.
    """
    recorded = {n: np.asarray(v, dtype=float) for n, v in recorded_columns(look.arrays).items()}
    recorded = {name: values for name, values in recorded.items() if np.ptp(values) > 0}
    single: dict[tuple[str, str], float] = {}
    pattern: dict[str, float] = {}
    for question in look.questions:
        for name, values in recorded.items():
            area = telling(question, values, look.patients, SINGLE)
            if area is not None:
                key = (" ".join(name.split("/")[:-1]), question.target)
                single[key] = max(single.get(key, 0.0), area)
        area = _pattern(look, question, list(recorded.values()))
        pattern[question.target] = max(pattern.get(question.target, 0.0), area or 0.0)
    for (where, target), area in single.items():
        said = "whether or how often it was recorded alone ranks the samples by target "
        yield Alarm("missingness", where, f"{said}{target}: AUROC {area:.3f}", _ADVICE)
    for target, area in pattern.items():
        if area and target not in {explained for _, explained in single}:
            said = f"what was recorded and how often ranks the samples by it: AUROC {area:.3f}"
            yield Alarm("missingness", f"target {target}", said, _ADVICE)


def _pattern(look: Look, question: Question, recorded: list[np.ndarray]) -> float | None:
    if not recorded:
        return None
    values = np.stack(recorded, axis=1)

    def fit(rows: np.ndarray, labels: np.ndarray):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        model.fit(values[rows], labels)
        return lambda wanted: model.decision_function(values[wanted])

    scores = cross_fitted(question, look.patients, fit)
    if scores is None:
        return None
    return telling(question, scores, look.patients, PATTERN, either_way=False)
