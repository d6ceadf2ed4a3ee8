"""Finished folds survive whatever ends a search; what is not whole is not there."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.tuning.journal import Fold, Journal

CONFIG = {"units": 8, "image": "paper_cnn", "rate": 0.1}
HISTORY = {"loss": [0.7, 0.1 + 0.2], "val_loss": [1e-30, float("inf")]}
WRITER = """
import sys
from pathlib import Path
import numpy as np
from hybrid_zoo.tuning.journal import Fold, Journal

journal, number = Journal(Path(sys.argv[1]), {"seed": 0}), int(sys.argv[2])
print("ready", flush=True)
while True:
    number = (number + 1) % 10
    fold = Fold(
        predictions={"y": np.full(50_000, float(number))}, metrics={"auc": 0.5},
        epochs=number, seconds=1.0, history={"loss": [0.5]},
    )
    journal.write({"units": 8}, number, fold)
"""


def fold(value=1.0):
    predictions = {"y": np.full(4, value), "about": np.ones((4, 3)), "a/b": np.zeros(2)}
    return Fold(
        predictions=predictions, metrics={"val_auc": 0.7}, epochs=3, seconds=1.5, history=HISTORY
    )


def test_a_fold_is_read_back_by_configuration_and_number(tmp_path):
    journal = Journal(tmp_path, {})
    journal.write(CONFIG, 2, fold())
    found = Journal(tmp_path, {}).read(dict(reversed(CONFIG.items())), 2)
    assert (found.metrics, found.epochs, found.seconds) == ({"val_auc": 0.7}, 3, 1.5)
    assert found.history == HISTORY
    for name, values in fold().predictions.items():
        np.testing.assert_array_equal(found.predictions[name], values)
    assert journal.read(CONFIG, 1) is None and journal.read(CONFIG | {"units": 9}, 2) is None


def test_without_a_folder_nothing_is_kept(tmp_path):
    journal = Journal(None, {})
    journal.write(CONFIG, 0, fold())
    assert journal.read(CONFIG, 0) is None


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_truncated_fold_is_not_there(tmp_path, length):
    journal = Journal(tmp_path, {})
    journal.write(CONFIG, 0, fold())
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:length])
    assert journal.read(CONFIG, 0) is None
    journal.write(CONFIG, 0, fold(2.0))
    assert journal.read(CONFIG, 0).predictions["y"][0] == 2.0


def test_a_file_that_would_run_code_is_not_there(tmp_path):
    journal = Journal(tmp_path, {})
    journal.write(CONFIG, 0, fold())
    (path,) = tmp_path.glob("*.npz")
    np.savez(path, about=np.array([print], dtype=object))
    assert journal.read(CONFIG, 0) is None


def test_another_search_is_refused_unless_new(tmp_path):
    Journal(tmp_path, {"seed": 0, "space": [1, 2]}).write(CONFIG, 0, fold())
    Journal(tmp_path, {"seed": 0, "space": (1, 2)})
    with pytest.raises(ConfigError, match="a search with another seed, space"):
        Journal(tmp_path, {"seed": 1, "space": [1]})
    assert Journal(tmp_path, {"seed": 1}, new=True).read(CONFIG, 0) is None


def test_folds_whose_identity_was_lost_are_refused_not_trusted(tmp_path):
    Journal(tmp_path, {"seed": 0}).write(CONFIG, 0, fold())
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        Journal(tmp_path, {"seed": 0})


def test_a_writer_may_be_killed_at_any_moment(tmp_path):
    rng = np.random.default_rng(0)
    for first in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "folds"), str(first)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert writer.stdout.readline().strip() == b"ready"
        time.sleep(rng.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        journal = Journal(tmp_path / "folds", {"seed": 0})
        for path in (tmp_path / "folds").glob("*.npz"):
            number = int(path.stem.rpartition("-")[2])
            found = journal.read({"units": 8}, number)
            assert found.epochs == number and (found.predictions["y"] == number).all()
    assert len(list((tmp_path / "folds").glob("*.npz"))) > 5  # a slow disk writes few before a kill
