"""One search on several processes: KerasTuner's chief hands out trials, workers run them."""

import os
import socket
import subprocess
import sys

import pandas as pd
import pytest

SEARCH = """
import sys
import keras
import numpy as np
from hybrid_zoo.tuning import CrossValidatedTuner
from hybrid_zoo.tuning.options import SearchOptions

rng = np.random.default_rng(0)
y = (np.arange(80) % 2).astype("float32")
x = (rng.normal(size=(80, 4)) + y[:, None]).astype("float32")

def build(hp):
    inputs = keras.Input((4,))
    # On its way to a worker KerasTuner puts an Int before a Choice, and gives it a default.
    h, units = inputs, hp.Choice("units", [2, 8])
    for _ in range(hp.Int("layers", 1, 2)):
        h = keras.layers.Dense(units, activation="relu")(h)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="y")(h))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model

options = SearchOptions(epochs=2, oracle="grid")
tuner = CrossValidatedTuner(
    build, objective="val_accuracy", directory=sys.argv[1], trials=4, options=options
)
tuner.search(x, y, folds=3)
tuner.write_report(sys.argv[1] + "-report")  # every process calls it, the chief alone writes
if len(sys.argv) > 2:
    tuner.table().to_csv(sys.argv[2])
    print("best", len(tuner.best()[1].out_of_fold["y"]))
"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def start(name, port, *arguments):
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if port:
        env |= {
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": port,
        }
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, *map(str, arguments)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_chief_and_two_workers_find_what_one_process_finds(tmp_path):
    port = free_port()
    chief = start("chief", port, tmp_path / "shared", tmp_path / "shared.csv")
    workers = [start(f"tuner{k}", port, tmp_path / "shared") for k in range(2)]
    alone = start("alone", None, tmp_path / "alone", tmp_path / "alone.csv")
    for process in (*workers, chief, alone):
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err[-3000:]
    assert "best 80" in out
    trials = pd.read_csv(tmp_path / "shared-report" / "trials.csv")
    assert len(trials) == 4 and set(trials["status"]) == {"whole"}
    tables = [
        pd.read_csv(tmp_path / f"{name}.csv").set_index(["units", "layers"])
        for name in ("shared", "alone")
    ]
    columns = ["mean", "fold_1", "fold_2", "fold_3"]
    pd.testing.assert_frame_equal(
        tables[0][columns].sort_index(), tables[1][columns].sort_index(), atol=1e-6
    )
    assert len(list((tmp_path / "shared" / "folds").glob("*.npz"))) == 12
