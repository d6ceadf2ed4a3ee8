"""The mean of the hybrid's seeds and the stack beside tuned boosted trees, on intensive-care stays.

usage: ensembles.py DATA [--trials N] [--quick]
DATA holds a folder whose name begins with physionet2012. Nested cross-validation on the cohort's
five folds: in each, every model searches the same number of configurations by three inner folds,
the hybrid also among sequence encoders; three seeds of the hybrid. Table 1 of a study, for these
models alone.
"""

import argparse
import json
import tempfile
from pathlib import Path

from _sources import prepared

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.contest import Contest
from hybrid_zoo.studies.parts import make_rounds, plan_study
from hybrid_zoo.studies.scoring import Result, target_block
from hybrid_zoo.studies.settings import Settings
from hybrid_zoo.studies.tables_models import whole_table
from hybrid_zoo.studies.tables_parts import to_markdown
from hybrid_zoo.tuning.space import Space

TARGET = "death"
RIVALS = ("logistic_regression", "svm", "random_forest", "gradient_boosting")
MARGIN = -0.002


def compete(cohort: Cohort, settings: Settings) -> Result:
    """Run the hybrid and the baselines with its information through every round of a study."""
    arrays = cohort.to_arrays()
    plan = plan_study(cohort, arrays, settings)
    with tempfile.TemporaryDirectory() as folder:
        rounds = make_rounds(
            cohort,
            arrays,
            settings,
            plan,
            workspace=Path(folder),
            on_fit=lambda name: print(name, end=" ", flush=True),
        )
        contest = Contest(cohort, arrays, Space(settings.names))
        contest.networks = {"hybrid": contest.networks["hybrid"]}
        contest.rivals.names = list(RIVALS)
        result = contest.run(rounds)
    print(f"\n{plan.evaluation}, {len(rounds)} rounds")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="no search, two epochs, two seeds")
    given = parser.parse_args()
    settings = Settings(trials=given.trials, sequence=("gru", "lstm", "bilstm"))
    if given.quick:
        settings = Settings(trials=1, epochs=2, seeds=2, folds=2, resamples=200)
    with prepared("physionet2012", given.data) as cohort:
        result = compete(cohort, settings)
    block = target_block(result, TARGET, result.calibrated(TARGET))
    print(to_markdown(whole_table(block)))
    print(whole_table(block).note)
    models = block["models"]
    figures = {f"{name}_auroc": models[name]["auroc"] for name in models}
    figures |= {f"{name}_seconds": {"value": models[name]["seconds"]} for name in models}
    best = max((*RIVALS, "hybrid_ensemble"), key=lambda name: models[name]["auroc"]["value"])
    gap = models["stack"]["auroc"]["value"] - models[best]["auroc"]["value"]
    figures["stack_minus_best_member"] = {
        "value": gap,
        "member": best,
        "bar": MARGIN,
        "holds": gap >= MARGIN,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
