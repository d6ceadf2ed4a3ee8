"""How far does each declared shortcut go on its own? One column at a time, on a run's own folds.

usage: shortcuts.py DATA RUN [--quick]
DATA holds a folder whose name begins with hannover; RUN is a finished study of it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from _sources import prepared

from hybrid_zoo.tuning.baselines import baseline
from hybrid_zoo.tuning.features import Features
from hybrid_zoo.tuning.ranking import mean_auroc
from hybrid_zoo.tuning.shortcuts import shortcut_features


def alone(x: Features, labels: np.ndarray, splits: pd.DataFrame) -> float:
    """AUROC averaged over the run's rounds."""
    areas = []
    for name in [c for c in splits if c.startswith(("round_", "split"))]:
        test = (splits[name] == "test").to_numpy()
        model = baseline("shortcuts")
        fitted = model.fit(x.take(~test), labels[~test], model.configurations(1, 0)[0])
        areas.append(mean_auroc({"": fitted.logits(x.take(test))}, {"": labels[test]}))
    return float(np.nanmean(areas))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--quick", action="store_true", help="the same; it takes seconds")
    options = parser.parse_args()
    with prepared("hannover", options.data) as cohort:
        arrays = cohort.to_arrays()
    splits = pd.read_csv(options.run / "splits.csv", dtype=str).set_index("sample_id")
    splits = splits.loc[arrays.sample_ids]
    metrics = json.loads((options.run / "metrics.json").read_text())
    target, labels = next(iter(arrays.labels.items()))
    hybrid = metrics["targets"][target]["models"]["hybrid"]["auroc"]["value"]
    print(f"hybrid {hybrid:.3f}, flags {metrics['targets'][target]['flags']}")
    every, figures = shortcut_features(cohort), {"hybrid": {"value": hybrid}}
    for position, name in enumerate(every.names):
        one = Features(
            values=every.values[:, [position]], names=(name,), kinds=(every.kinds[position],)
        )
        area = alone(one, labels, splits)
        figures[name] = {"value": area, "bar": hybrid - 0.05, "holds": area >= hybrid - 0.05}
        print(f"{name} alone {area:.3f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
