"""Alarm: what was recorded tells the label."""

from collections.abc import Iterator

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hybrid_zoo.pipelines.alarms.alarm import Alarm, Look, Question
from hybrid_zoo.pipelines.alarms.telling import Bar, Scorer, cross_fitted, strongest, telling
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
    columns = recorded_columns(look.arrays).items()
    recorded = {name: values.astype(float) for name, values in columns if values.any()}
    single = strongest(_single(look, recorded))
    for (where, target), (area, what) in single.items():
        said = f"{what} alone ranks the samples by target {target}: AUROC {area:.3f}"
        yield Alarm("missingness", where, said, _ADVICE)
    explained = {target for _, target in single}
    left = [q for q in look.questions if recorded and q.target not in explained]
    for target, (area, what) in strongest(_patterns(look, left, recorded)).items():
        said = f"{what} ranks the samples by it: AUROC {area:.3f}"
        yield Alarm("missingness", f"target {target}", said, _ADVICE)


def _single(
    look: Look, recorded: dict[str, np.ndarray]
) -> Iterator[tuple[tuple[str, str], float, str]]:
    """Yield column and target; the AUROC above the bar; what of the column reaches it."""
    for question in look.questions:
        for name, values in recorded.items():
            if "/all/" in name:
                continue  # left to the pattern, or one column would be said twice
            area = telling(question, values, look.patients, SINGLE)
            if area is not None:
                column, _, how = name.rpartition("/")
                what = "whether it was recorded" if how == "recorded" else "how often it is there"
                yield (column.replace("/", " ", 1), question.target), area, what


def _patterns(
    look: Look, questions: list[Question], recorded: dict[str, np.ndarray]
) -> Iterator[tuple[str, float, str]]:
    """Yield target; the AUROC of all columns above the bar; what reaches it."""

    def fit(rows: np.ndarray, labels: np.ndarray) -> Scorer:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=1000))
        model.fit(values[rows], labels)
        return lambda wanted: model.decision_function(values[wanted])

    for question in questions:
        values = np.stack(list(recorded.values()), axis=1)
        scores = cross_fitted(question, look.patients, fit)
        if scores is None:
            continue
        area = telling(question, scores, look.patients, PATTERN, either_way=False)
        if area is not None:
            yield question.target, area, "what was recorded and how often"
