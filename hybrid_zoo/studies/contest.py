"""Let every model of a study run through every round."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hybrid_zoo.options import Dtype, HybridOptions
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.imbalance import Remedy
from hybrid_zoo.studies.beside import beside
from hybrid_zoo.studies.ensembles import enter_ensembles
from hybrid_zoo.studies.entries import Entry
from hybrid_zoo.studies.late import late_average
from hybrid_zoo.studies.rivals import Rivals
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.scoring import Result
from hybrid_zoo.studies.side_by_side import SideBySide
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

Say = Callable[[str], None]


class Contest:
    """All models of a study, built once and used in every round.

    Args:
        cohort: The cohort.
        arrays: The same as arrays.
        space: What a search of the networks may vary.
        imbalance: What is done about rare classes: a key of `IMBALANCE`.
        baselines: Further ones: import path of a classifier to its search space.
        dtype: Policy of the networks' layers, as in `HybridOptions`.

    Source:
        Own design, because the same data, folds and rules for all is what makes a comparison.
    """

    def __init__(
        self,
        cohort: Cohort,
        arrays: CohortArrays,
        space: Space | None = None,
        imbalance: Remedy = "weights",
        baselines: Mapping[str, Mapping[str, Sequence[Any]]] | None = None,
        dtype: Dtype | None = None,
    ) -> None:
        self.cohort = cohort
        options = HybridOptions(metrics=False, dtype=dtype)
        modalities = [name for name in arrays.inputs if not name.startswith("time")]
        read = {"hybrid": modalities}
        if len(modalities) > 1:
            read |= {f"{name}_only": [name] for name in modalities}
        self.networks = {
            name: Network(arrays, names, space=space, imbalance=imbalance, options=options)
            for name, names in read.items()
        }
        self.rivals = Rivals(cohort, arrays, baselines or {}, space)

    def fits(self, rounds: list[Round]) -> int:
        """Return how often `on_fit` will be called.

        Args:
            rounds: The rounds.
        """
        return sum(
            len(self.networks) * (r.trials * r.settings.folds + r.settings.seeds)
            + len(self.rivals.names)
            for r in rounds
        )

    def run(self, rounds: list[Round]) -> Result:
        """Enter every model in every round.

        Args:
            rounds: From `make_rounds`.

        Returns:
            All entries.
        """
        worker = self.rivals.worker
        # Networks leave cores idle between their steps, and a baseline has a process of its own.
        with (
            SideBySide(self.networks, rounds) as trained,
            worker,
            beside(lambda: [self.rivals.enter(r) for r in rounds], worker.stop) as rivals,
        ):
            networks = []
            for this in rounds:
                networks.append(self._with_average(trained.enter(this), this))
                if rivals.done():
                    rivals.result()  # what went wrong there is raised now, not after all rounds
            entered = zip(networks, rivals.result(), rounds, strict=True)
        entries = [self._together(*of_round) for of_round in entered]
        return Result(
            cohort=self.cohort,
            rounds=rounds,
            entries=entries,
            left_out=self.rivals.left_out,
            cut_short=self.rivals.cut_short,
        )

    def _with_average(self, entries: dict[str, Entry], this: Round) -> dict[str, Entry]:
        singles = [entry for name, entry in entries.items() if name.endswith("_only")]
        if singles:
            entries["late_average"] = late_average(singles, this)
        return entries

    def _together(
        self, networks: dict[str, Entry], rivals: dict[str, Entry], this: Round
    ) -> dict[str, Entry]:
        # Only now is it known who was left out of a later round, and so of all.
        rivals = {n: entry for n, entry in rivals.items() if n not in self.rivals.left_out}
        same = [entry for name, entry in rivals.items() if self.rivals.same_information(name)]
        return networks | enter_ensembles(networks["hybrid"], same, this) | rivals
