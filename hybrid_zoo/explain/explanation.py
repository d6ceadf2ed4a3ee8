"""What an explanation holds: arrays in the coordinates of the patient's own inputs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registry import nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hybrid_zoo.explain.case import Case


READ = ("attention", "modality_attention")
"""Methods that say what is read, whatever it does."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one method says of one patient.

    Args:
        values: Modality to what each of its inputs does, in the shape that the method documents;
            NaN where nothing was observed. A modality that the method does not read is left out.
        absent: Modalities that the model reads and this patient lacks: of these nothing is said.
        checks: What the method measured of itself.
        words: What a reader must know of how it was made.
    """

    values: dict[str, np.ndarray]
    absent: tuple[str, ...] = ()
    checks: dict[str, float] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What the methods say of one patient's logit; `explanation["occlusion"]` is a `Result`.

    Args:
        target: Name.
        label: Position of the class; 0 of a binary target.
        logit: What is explained: the logit behind the model's calibration.
        results: Method to its result.
        left_out: Method to what the model lacks for it.
        case: The patient.
    """

    target: str
    label: int
    logit: float
    results: dict[str, Result]
    left_out: dict[str, str]
    case: "Case" = field(repr=False)

    def __getitem__(self, method: str) -> Result:
        if method not in self.results:
            raise ConfigError(
                f"This explanation has no {method!r}.{nearest(method, self.results)} It has: "
                f"{list(self.results)}; left out: {self.left_out}."
            )
        return self.results[method]

    @property
    def is_constant(self) -> bool:
        """Whether no method found anything that changes the logit."""
        effects = [
            x for name, r in self.results.items() if name not in READ for x in r.values.values()
        ]
        return bool(effects) and not any(np.any(np.nan_to_num(x)) for x in effects)

    def plot(self, method: str | None = None) -> "Figure":
        """Draw one method's result, or every method's.

        Args:
            method: Name; all where not given.

        Returns:
            A figure of matplotlib, to be saved by `figure.savefig(path)`.

        Raises:
            ConfigError: For a method that the explanation lacks.
        """
        from hybrid_zoo.explain.plot import draw  # matplotlib takes a second to import

        return draw(self, list(self.results) if method is None else [method])
