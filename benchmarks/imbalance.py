"""What copies and class weights do to rare deaths; the table becomes docs/imbalance.md.

usage: imbalance.py DATA [--quick]
DATA holds a folder whose name begins with physionet2012. The hybrid and logistic regression, each
trained four ways on the cohort's five folds. Recalibrated on 15 % of the patients held back from
training, as a study does it on out-of-fold predictions.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _sources import prepared
from scipy.special import expit
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from hybrid_zoo.evaluation.calibration import apply_recalibration, fit_recalibration
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.pipelines.imbalance import IMBALANCE
from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.features import row_features
from hybrid_zoo.tuning.folds import hold_back, read_folds
from hybrid_zoo.tuning.networks import Network

PAGE = Path(__file__).parent.parent / "docs" / "imbalance.md"
FIGURES = ("AUROC", "AUPRC", "mean raw", "Brier raw", "mean", "Brier")
HEAD = """# Rare classes: weights, copies, both, or neither

Written by `python benchmarks/imbalance.py DATA`; no figure here was typed by hand. {stays} stays of
PhysioNet/CinC Challenge 2012, set A (Silva et al. 2012, Comput Cardiol 39:245), {share:.1%} of them
with in-hospital death; prespecified configurations, one seed, means over the cohort's five folds.
Mean: of the predicted probabilities. Raw: as trained. The last two columns: after recalibration on
patients held back from training, which a study never leaves out. A mean probability far from
{share:.1%} is one nobody should act on.

`hybrid-zoo study COHORT --out RUN --imbalance oversample`, or `Network(..., imbalance="both")`.

| Model | Rare classes | AUROC | AUPRC | Mean, raw | Brier, raw | Mean | Brier |
|---|---|---|---|---|---|---|---|
"""


class Stays:
    """The cohort, its folds, and the rows of each that recalibration uses."""

    def __init__(self, data: Path, quick: bool) -> None:
        with prepared("physionet2012", data) as cohort:
            self.arrays = cohort.to_arrays()
        column = cohort.samples.loc[self.arrays.sample_ids, cohort.config.folds]
        parts = list(read_folds(column, self.arrays.patient_ids, "folds"))
        self.parts, self.epochs = parts[: 1 if quick else None], 1 if quick else 50
        (self.target,) = self.arrays.labels
        self.label = self.arrays.labels[self.target]
        self.features = row_features(self.arrays)

    def hybrid(self, how: str):
        options = HybridOptions(metrics=False)
        names = [name for name in ("sequence", "tabular") if name in self.arrays.inputs]
        network = Network(self.arrays, names, imbalance=how, options=options)

        def logits(rows, watched, wanted):
            network.fit(network.default, rows, watched, epochs=self.epochs)
            return [network.logits(network.default, part)[self.target] for part in wanted]

        return logits

    def logistic(self, how: str):
        model = baseline("logistic_regression")
        config = model.configurations(1, 0)[0]

        def logits(rows, watched, wanted):
            x, y = self.features.take(rows), self.label[rows]
            fitted = model.fit(x, y, config, imbalance=how)
            return [fitted.logits(self.features.take(part)) for part in wanted]

        return logits

    def score(self, logits) -> np.ndarray:
        """Return the mean of `FIGURES` over the folds."""
        found = []
        for train, test in self.parts:
            rows, watched = hold_back(train, self.arrays.labels, self.arrays.patient_ids)
            on_watched, on_test = logits(rows, watched, [watched, test])
            line = fit_recalibration(on_watched, self.label[watched])
            raw, calibrated, y = (
                expit(on_test),
                apply_recalibration(on_test, *line),
                self.label[test],
            )
            found.append(
                [
                    roc_auc_score(y, on_test),
                    average_precision_score(y, on_test),
                    raw.mean(),
                    brier_score_loss(y, raw),
                    calibrated.mean(),
                    brier_score_loss(y, calibrated),
                ]
            )
        return np.mean(found, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="one fold, one epoch, no page")
    given = parser.parse_args()
    stays = Stays(given.data, given.quick)
    lines, figures = [], {}
    for name, model in {"Hybrid": stays.hybrid, "Logistic regression": stays.logistic}.items():
        for how in IMBALANCE:
            found = stays.score(model(how))
            cells = " | ".join(f"{value:.3f}" for value in found)
            lines.append(f"| {name} | `{how}` | {cells} |")
            print(lines[-1], flush=True)
            for key, value in zip(FIGURES, found, strict=True):
                figures[f"{name} {how} {key}"] = {"value": float(value)}
    if not given.quick:
        head = HEAD.format(stays=f"{len(stays.label):,}", share=float(stays.label.mean()))
        PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
