"""The files of a finished search."""

import json
from pathlib import Path

import yaml

from hybrid_zoo.tuning.files import write_whole
from hybrid_zoo.tuning.hparams import write_hparams
from hybrid_zoo.tuning.trials import Trials


def write_search(folder: Path, trials: Trials) -> None:
    """Write what a search tried, what each trial did, and what was chosen.

    Args:
        folder: Made if need be; files of these names in it are replaced.
        trials: Of the finished search.

    Source:
        Own design, because a reader of the run needs no KerasTuner then: `trials.csv`,
        `curves.csv`, `space.yaml` and `summary.json` are as `Trials` says, and `tensorboard/` is
        for TensorBoard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "trials.csv": trials.table().to_csv(),
        "curves.csv": trials.curves().to_csv(index=False),
        "space.yaml": yaml.safe_dump(trials.parameters(), sort_keys=False, allow_unicode=True),
        "summary.json": json.dumps(trials.summary(), indent=2, default=str) + "\n",
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode())
    write_hparams(folder / "tensorboard", trials)
