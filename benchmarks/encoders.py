"""Every sequence encoder on the same intensive-care stays; the table becomes docs/encoders.md.

usage: encoders.py DATA [--encoders NAME ...] [--quick]
DATA holds a folder whose name begins with physionet2012. Networks of series and table, prespecified
otherwise, on the cohort's five folds; boosted trees with the same information beside them. The
encoder is also chosen anew for every fold, by the four other folds (nested cross-validation). As in
a study, the scored network is refitted on all rows it may learn from, for the median best epoch.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _choice import choose, inner_scores
from _options import cores
from _sources import prepared
from sklearn.metrics import roc_auc_score

from hybrid_zoo.options import HybridOptions
from hybrid_zoo.registries import SEQUENCE_ENCODERS
from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.features import row_features
from hybrid_zoo.tuning.folds import hold_back, read_folds
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import Space

PAGE = Path(__file__).parent.parent / "docs" / "encoders.md"
MARGIN = -0.015
HEAD = """# Sequence encoders on intensive-care stays

Written by `python benchmarks/encoders.py DATA`; no figure here was typed by hand. {stays} stays of
PhysioNet/CinC Challenge 2012, set A (Silva et al. 2012, Comput Cardiol 39:245): in-hospital death
from the first 48 hours, series and table, prespecified configuration, one seed, the cohort's five
folds. Inner: mean AUROC of models of three folds on the fourth of the other folds, by which the
encoder of each fold is chosen; the scored model is then refitted on all four for the median best
epoch, as a study does. Seconds: median of one inner fit on {cores}.

| Encoder | AUROC, mean over folds | Spread (SD over folds) | Inner AUROC | Seconds |
|---|---|---|---|---|
"""


class Stays:
    """The cohort, its folds, and one network per encoder, traced once."""

    def __init__(self, data: Path, quick: bool) -> None:
        with prepared("physionet2012", data) as cohort:
            self.arrays = cohort.to_arrays()
        column = cohort.samples.loc[self.arrays.sample_ids, cohort.config.folds]
        self.folds = [t for _, t in read_folds(column, self.arrays.patient_ids, "folds")]
        (self.target,) = self.arrays.labels
        self.label = self.arrays.labels[self.target]
        self.epochs, self.networks, self.seconds = (1 if quick else 50), {}, {}
        self.best: dict[tuple[str, int], list[int]] = {}  # encoder and fold left out: best epochs

    def network(self, encoder: str) -> Network:
        if encoder not in self.networks:
            space, options = Space({"sequence": [encoder]}), HybridOptions(metrics=False)
            modalities = [m for m in ("sequence", "tabular") if m in self.arrays.inputs]
            self.networks[encoder] = Network(self.arrays, modalities, space=space, options=options)
        return self.networks[encoder]

    def auroc(self, encoder: str, fold) -> float:
        """Of the encoder's last fit, on one fold."""
        network = self.network(encoder)
        logits = network.logits(network.default, fold)[self.target]
        return roc_auc_score(self.label[fold], logits)

    def inner(self, encoder: str, train, folds) -> list[float]:
        """Fit once, stop early on stays held back from training, and score two other folds."""
        network, arrays = self.network(encoder), self.arrays
        rows, watched = hold_back(train, arrays.labels, arrays.patient_ids)
        fitted = network.fit(network.default, rows, watched, epochs=self.epochs)
        self.seconds.setdefault(encoder, []).append(fitted.seconds)
        for fold in folds:
            self.best.setdefault((encoder, id(fold)), []).append(fitted.epochs)
        return [self.auroc(encoder, fold) for fold in folds]

    def outer(self, encoder: str) -> np.ndarray:
        """AUROC on each fold of a model of all others, refitted for the median best inner epoch."""
        network, found = self.network(encoder), []
        for fold in self.folds:
            epochs = round(np.median(self.best[encoder, id(fold)]))
            network.fit(network.default, self._others(fold), epochs=epochs)
            found.append(self.auroc(encoder, fold))
        return np.array(found)

    def trees(self) -> np.ndarray:
        """AUROC of boosted trees on each fold."""
        features, boosting = row_features(self.arrays), baseline("gradient_boosting")
        config, found = boosting.configurations(1, 0)[0], []
        for fold in self.folds:
            train = self._others(fold)
            fitted = boosting.fit(features.take(train), self.label[train], config)
            found.append(roc_auc_score(self.label[fold], fitted.logits(features.take(fold))))
        return np.array(found)

    def _others(self, fold) -> np.ndarray:
        return np.setdiff1d(np.arange(len(self.label)), fold)


def page(stays: Stays, outer: dict, inner: dict, picked: np.ndarray, trees: np.ndarray) -> str:
    lines = [
        f"| `{name}` | {found.mean():.3f} | {found.std(ddof=1):.3f} | {inner[name].mean():.3f} | "
        f"{np.median(stays.seconds[name]):.0f} |"
        for name, found in sorted(outer.items(), key=lambda pair: -pair[1].mean())
    ]
    others = {"chosen by inner folds": picked, "boosted trees, same information": trees}
    lines += [f"| {k} | {v.mean():.3f} | {v.std(ddof=1):.3f} | | |" for k, v in others.items()]
    return HEAD.format(stays=f"{len(stays.label):,}", cores=cores()) + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoders", nargs="+", default=None)
    parser.add_argument("--quick", action="store_true", help="two encoders, an epoch, no page")
    given = parser.parse_args()
    stays = Stays(given.data, given.quick)
    names = given.encoders or list(SEQUENCE_ENCODERS)[: 2 if given.quick else None]
    inner = inner_scores(names, stays.folds, stays.inner, span=2)
    outer = {}
    for name in names:
        outer[name] = stays.outer(name)
        print(f"outer {name}: {outer[name].mean():.4f} {np.round(outer[name], 3)}", flush=True)
    encoders, trees = choose(inner), stays.trees()
    picked = np.array([outer[name][fold] for fold, name in enumerate(encoders)])
    if not given.quick:
        PAGE.write_text(page(stays, outer, inner, picked, trees), encoding="utf-8")
    gap = picked.mean() - trees.mean()
    figures = {f"{name}_auroc": {"value": found.mean()} for name, found in outer.items()}
    figures |= {"chosen": {"value": picked.mean(), "encoders": encoders}}
    figures |= {"trees": {"value": trees.mean()}}
    figures |= {"chosen_minus_trees": {"value": gap, "bar": MARGIN, "holds": gap >= MARGIN}}
    print(json.dumps(figures, default=lambda value: value.item()))


if __name__ == "__main__":
    main()
