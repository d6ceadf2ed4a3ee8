"""What an evaluation starts from: every model's predictions on the same rows of one target."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hybrid_zoo.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One target's scored predictions of all models on the test side; axis 0 is the row everywhere.

    Args:
        labels: `(rows,)` 0 or 1, or the class index; rows with an unknown label are left out.
        patients: `(rows,)` patient of each row; several rows may share one patient.
        samples: `(rows,)` sample of each row; a sample appears once, or once per repeat.
        folds: `(rows,)` integers, all 0 in a hold-out; unique per repeat and fold otherwise.
        probabilities: Model to `(rows,)`, or `(rows, classes)` for a multiclass target, calibrated.
        decisions: Model to `(rows,)` bool, "probability at or above that fold's threshold".
            Not used for a multiclass target, where the likeliest class is the decision.
        classes: Class names; empty for a binary target.

    Raises:
        ConfigError: If the parts do not align, or hold unknown labels or non-finite probabilities.
    """

    labels: np.ndarray
    patients: np.ndarray
    samples: np.ndarray
    folds: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    decisions: Mapping[str, np.ndarray] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, dtype in (("patients", str), ("samples", str), ("folds", np.int64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name)).astype(dtype))
        object.__setattr__(self, "labels", self._checked_labels())
        for name in ("patients", "samples", "folds"):
            self._expect(name, getattr(self, name).shape, (len(self),))
        if not self.probabilities:
            raise ConfigError("Scores: `probabilities` is empty; give at least one model.")
        shape = (len(self), len(self.classes)) if self.classes else (len(self),)
        checked = {m: self._checked_model(m, p, shape) for m, p in self.probabilities.items()}
        object.__setattr__(self, "probabilities", checked)
        object.__setattr__(self, "decisions", {} if self.classes else self._checked_decisions())

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def models(self) -> tuple[str, ...]:
        """The models' names, in the order given."""
        return tuple(self.probabilities)

    @property
    def n_patients(self) -> int:
        """The number of different patients."""
        return len(np.unique(self.patients))

    def take(self, rows: np.ndarray, models: tuple[str, ...] = ()) -> "Scores":
        """Return some of the rows as scores of their own.

        Args:
            rows: `(taken,)` positions or a `(rows,)` boolean mask.
            models: The models to keep; all of them when empty.

        Returns:
            Scores of `(taken,)` rows.
        """
        kept = models or self.models
        return Scores(
            labels=self.labels[rows],
            patients=self.patients[rows],
            samples=self.samples[rows],
            folds=self.folds[rows],
            probabilities={m: self.probabilities[m][rows] for m in kept},
            decisions={m: self.decisions[m][rows] for m in kept if m in self.decisions},
            classes=self.classes,
        )

    def _checked_labels(self) -> np.ndarray:
        labels = np.asarray(self.labels, dtype=np.float64)
        known = np.arange(max(len(self.classes), 2))
        wrong = np.flatnonzero(~np.isin(labels, known))
        if labels.ndim != 1 or not labels.size or wrong.size:
            raise ConfigError(
                f"Scores: `labels` has shape {labels.shape}, and rows {wrong[:5].tolist()} hold no "
                f"known label; expected (rows,) of 0..{known[-1]}. Leave unknown labels out."
            )
        return labels.astype(np.int64)

    def _checked_model(self, model: str, given: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        values = np.asarray(given, dtype=np.float64)
        self._expect(f"probabilities[{model!r}]", values.shape, shape)
        inside = (values >= 0) & (values <= 1)  # False for NaN too
        if not inside.all():
            row = int(np.argwhere(~inside)[0, 0])
            raise ConfigError(
                f"Scores: model {model!r} has no probability between 0 and 1 at row {row} "
                f"(sample {self.samples[row]}). Check that its training stayed finite."
            )
        return values

    def _checked_decisions(self) -> dict[str, np.ndarray]:
        missing = [m for m in self.probabilities if m not in self.decisions]
        if missing:
            raise ConfigError(f"Scores: `decisions` lacks {missing}; give one per model.")
        decisions = {m: np.asarray(self.decisions[m]).astype(bool) for m in self.probabilities}
        for model, values in decisions.items():
            self._expect(f"decisions[{model!r}]", values.shape, (len(self),))
        return decisions

    def _expect(self, what: str, got: tuple[int, ...], expected: tuple[int, ...]) -> None:
        if got != expected:
            raise ConfigError(f"Scores: `{what}` has shape {got}; expected {expected}.")
