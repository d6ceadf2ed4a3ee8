"""What does racing cost? Every search is run in full and raced, and both winners are tested.

All searches draw their patients from one simulated pool and share one `Network`, which traces each
architecture once. A raced search runs in the folder of the full one: the folds are the same, so
that it finds each of them there and fits nothing.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras_tuner
import numpy as np
import pandas as pd
from _tuning_figures import at_most, bare
from scipy.special import expit
from scipy.stats import t

from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.cross_validation import Protocol
from hybrid_zoo.tuning.folds import make_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.options import SearchOptions
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.space import Space

COLUMNS, FOLDS, CHANCE = 8, 5, 0.05
SPACE = Space({"tabular": ["mlp", "plr_mlp"]})


def simulate(patients: int) -> CohortArrays:
    """Simulated patients with a record alone, so that a fit takes a second.

    The race looks at nothing but scores. A product, a wave and a line make the risk, so that units,
    dropout, L2, the encoder and how fine it sees all matter.
    """
    rng = np.random.default_rng(0)
    table = rng.normal(size=(patients, COLUMNS))
    risk = table[:, 0] * table[:, 1] + 1.2 * np.sin(2 * table[:, 2]) + 0.7 * table[:, 3] - 0.5
    table[rng.random(table.shape) < 0.05] = np.nan
    ids = np.array([f"{k:06d}" for k in range(patients)])
    return CohortArrays(
        sample_ids=ids,
        patient_ids=ids,
        inputs={"tabular": table.astype("float32")},
        labels={"y": (rng.random(patients) < expit(risk)).astype("float32")},
    )


@dataclass(frozen=True)
class Run:
    """What one search did in full and raced.

    Args:
        full: Table of its trials.
        raced: Likewise.
        aurocs: On the test part, of the full search's winner and of the raced one's.
    """

    full: pd.DataFrame
    raced: pd.DataFrame
    aurocs: tuple[float, float]

    @property
    def regret(self) -> float:
        return self.aurocs[0] - self.aurocs[1]

    @property
    def winner_stopped(self) -> bool:
        return self.raced["status"][self.full["mean"].idxmax()] == "stopped"

    @property
    def wrong_stops(self) -> int:
        """Trials that were stopped, and would have beaten the best of their time."""
        best = self.raced["mean"].expanding().max().shift()
        return int(((self.raced["status"] == "stopped") & (self.full["mean"] > best)).sum())

    @property
    def looks(self) -> int:
        """How often the rule was asked: after each fold but a trial's last; never of the first."""
        done = self.raced.filter(like="fold_").notna().sum(axis=1)
        return int(done.clip(upper=FOLDS - 1)[1:].sum())

    def saved(self, column: str) -> float:
        return float(1 - _amount(self.raced, column) / _amount(self.full, column))


def _amount(table: pd.DataFrame, column: str) -> float:
    if column == "seconds":
        return table["seconds"].sum()
    return table.filter(like="fold_").notna().to_numpy().sum()


def run(network: Network, arrays: CohortArrays, rows, test, options: dict, trials: int) -> Run:
    """Search in full, then raced in the same folder, and test both winners."""
    labels = {"y": arrays.labels["y"][rows]}
    parts = make_folds(labels, arrays.patient_ids[rows], FOLDS, options["seed"])
    folds = [(rows[train], rows[scored]) for train, scored in parts]
    protocol = Protocol(folds=folds, labels=arrays.labels, patient_ids=arrays.patient_ids)
    with tempfile.TemporaryDirectory() as folder:
        full, raced = (
            _searched(network, protocol, Path(folder), trials, race=race, **options)
            for race in (None, CHANCE)
        )
        aurocs = [_tested(network, full, arrays, test)]
        same = full.best()[0] == raced.best()[0]
        aurocs.append(aurocs[0] if same else _tested(network, raced, arrays, test))
        return Run(full.table(), raced.table(), tuple(aurocs))


def _searched(network, protocol, folder: Path, trials: int, **options) -> CrossValidatedTuner:
    tuner = CrossValidatedTuner(
        network,
        objective=keras_tuner.Objective("auroc", "max"),
        directory=folder,
        trials=trials,
        options=SearchOptions(**options),
    )
    tuner.run(protocol)
    return tuner


def _tested(network: Network, tuner: CrossValidatedTuner, arrays, test) -> float:
    """Refit the winner on all rows of the search, as a study does; AUROC on the test part."""
    tuner.refit()
    found = network.logits(tuner.best()[0], test)
    return mean_auroc(found, {"y": arrays.labels["y"][test]})


def regret(searches: int, patients: int, tested: int, trials: int, epochs: int) -> dict:
    """Repeat with other patients, folds and configurations; the test part is the same."""
    arrays = simulate(searches * patients + tested)
    network = Network(arrays, list(arrays.inputs), space=SPACE)
    test, runs = np.arange(len(arrays))[-tested:], []
    print("search  spread  full AUROC  regret  folds saved  winner stopped  wrong stops")
    for seed in range(searches):
        rows = np.arange(seed * patients, (seed + 1) * patients)
        found = run(network, arrays, rows, test, {"seed": seed, "epochs": epochs}, trials)
        runs.append(found)
        print(
            f"{seed:6d}  {np.ptp(found.full['mean']):.3f}   {found.aurocs[0]:.3f}      "
            f"{found.regret:7.4f}  {100 * found.saved('folds'):8.0f} %   "
            f"{'yes' if found.winner_stopped else 'no':>12}    {found.wrong_stops:9d}",
            flush=True,
        )
    return _figures(runs)


def _figures(runs: list[Run]) -> dict:
    regrets = np.array([found.regret for found in runs])
    half = t.ppf(0.975, len(runs) - 1) * regrets.std(ddof=1) / np.sqrt(len(runs))
    ends = regrets.mean() - half, regrets.mean() + half
    folds, seconds = (np.mean([r.saved(what) for r in runs]) for what in ("folds", "seconds"))
    stopped = sum(int((r.raced["status"] == "stopped").sum()) for r in runs)
    wrong, looks = (sum(getattr(r, what) for r in runs) for what in ("wrong_stops", "looks"))
    winners = sum(r.winner_stopped for r in runs)
    print(f"mean regret {regrets.mean():.4f}, 95 % interval by t {ends[0]:.4f} to {ends[1]:.4f}")
    print(f"saved: {100 * folds:.0f} % of the folds, {100 * seconds:.0f} % of the fits' seconds")
    print(f"the full search's winner was stopped in {winners} of {len(runs)} searches")
    print(f"the rule may err in {100 * CHANCE:.0f} % of its looks; it looked {looks} times, and of")
    print(f"the {stopped} trials that it stopped {wrong} would have beaten the best of their time")
    return {
        "racing_regret": at_most(float(regrets.mean()), 0.005, ends),
        "racing_folds_saved": bare(folds),
        "racing_winner_stopped": bare(winners / len(runs)),
        "racing_errors_per_look": at_most(wrong / looks, CHANCE),
    }
