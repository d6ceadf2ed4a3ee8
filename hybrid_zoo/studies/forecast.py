"""How long a study will take, told from its first fit."""

import logging
import sys
import time
from collections.abc import Sequence

from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.doctor.machine import usable_cores
from hybrid_zoo.studies.round import Round
from hybrid_zoo.studies.side_by_side import are_worth_it
from hybrid_zoo.studies.words_numbers import counted

# Of a baseline with its features on one core: a fixed part, and one per row. Of the rest: metrics
# of 2,000 resamples per target, and the report.
_PER_FIT, _PER_ROW, _PER_TARGET, _REPORT = 0.15, 0.0006, 4.0, 8.0
_HEAVY = 4  # baselines on all the information; checks and scores take next to nothing


log = logging.getLogger("hybrid_zoo")


class Forecast:
    """Foretell the seconds of a study as soon as a fold of the hybrid was fitted.

    Args:
        contest: All models.
        rounds: All rounds.

    Source:
        Own design, because what takes most is what no one knows beforehand: after how many epochs
        early stopping ends. The hybrid holds every encoder once, so that the networks of single
        modalities take about its time together; measured on three published cohorts their sum was
        0.9 to 1.4 of it.
    """

    words = ""
    """Time and memory in words; empty as long as nothing is known."""

    seconds = 0.0
    """Of the whole study."""

    def __init__(self, contest: Contest, rounds: Sequence[Round]) -> None:
        self._contest, self._rounds = contest, rounds
        self._start = time.perf_counter()

    def after_fit(self) -> None:
        """Look at what a fit of the hybrid took; those that an earlier study left tell nothing."""
        hybrid = self._contest.networks["hybrid"]
        if not self.words and hybrid.tracing:
            left = self._left(hybrid.fitting - hybrid.tracing, hybrid.tracing)
            self.seconds = time.perf_counter() - self._start + left
            self.words = f"about {duration(self.seconds)} in all{_memory()}"
            log.info("forecast: %s", self.words)

    def _left(self, fold: float, tracing: float) -> float:
        """Return the seconds after the first fit, of which one fold without tracing is known."""
        first = self._rounds[0]
        trials, folds = first.trials, first.settings.folds
        fits = len(self._rounds) * (trials * folds + first.settings.seeds)
        hybrid = tracing * trials + fold * fits
        of_networks = hybrid * self._times() - fold - tracing
        targets, rows = len(first.arrays.labels), len(first.train)
        fitted = len(self._rounds) * (trials * folds + 1) * targets
        of_baselines = _HEAVY * fitted * (_PER_FIT + _PER_ROW * rows)
        if first.minutes is not None:
            of_networks = min(of_networks, 60 * first.minutes)
        # Beside the networks baselines cost no time, unless they have to share one core with them.
        several = usable_cores() >= 2
        of_models = max(of_networks, of_baselines) if several else of_networks + of_baselines
        return of_models + _PER_TARGET * targets + _REPORT

    def _times(self) -> float:
        """How long all networks take, in terms of the hybrid."""
        networks = self._contest.networks
        if are_worth_it(networks, self._rounds):
            return 1.2
        return 2 if len(networks) > 1 else 1


def duration(seconds: float) -> str:
    """Say a time as exactly as a forecast is.

    Args:
        seconds: At least 0.

    Returns:
        Such as "50 seconds", "12 minutes" or "3.5 hours".
    """
    if seconds < 90:
        return counted(max(10, 10 * round(seconds / 10)), "second")
    if seconds < 90 * 60:
        return counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def _memory() -> str:
    """Say the most memory that this process has held so far; nothing where no one counts it."""
    try:
        import resource  # not on Windows
    except ImportError:
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f", {peak / (1e6 if sys.platform == 'darwin' else 1e3):,.0f} MB"
