"""The process in which baselines are fitted."""

import os
import signal
import subprocess
import sys
import threading
import time

import own_estimators
import pytest

from hybrid_zoo.studies.beside import beside
from hybrid_zoo.tuning.worker import OutOfTimeError, Worker, WorkerError


@pytest.fixture(scope="module")
def worker():
    with Worker("hybrid_zoo.tuning.baseline_task") as worker:
        yield worker


def test_what_is_held_is_sent_once_and_answers_every_call(worker):
    worker.hold([])
    for _ in range(3):
        worker.call("append", 1, seconds=60)
    assert worker.call("count", 1, seconds=60) == 3
    worker.hold("abc")
    assert worker.call("upper", seconds=60) == "ABC"


def test_an_error_comes_back_as_its_class_and_first_line(worker):
    worker.hold(own_estimators.Raises())
    with pytest.raises(WorkerError, match=r"^ValueError: this one never learns$"):
        worker.call("fit", [[1]], [1], seconds=60)
    assert worker.call("get_params", seconds=60) == {"slow_above": 0}


def test_a_call_over_its_limit_is_ended_and_the_next_one_answered(worker):
    worker.hold(own_estimators.Hangs())
    worker.call("get_params", seconds=60)
    start = time.monotonic()
    with pytest.raises(OutOfTimeError, match=r"^reached its limit$"):
        worker.call("fit", [[1]], [1], seconds=0.3)
    assert time.monotonic() - start < 5
    assert worker.call("get_params", seconds=60) == {"slow_above": 0}
    with pytest.raises(OutOfTimeError):
        worker.call("get_params", seconds=0)


def test_a_process_that_dies_is_told_from_one_that_was_slow_and_replaced(worker):
    worker.hold(own_estimators.Crashes())
    with pytest.raises(WorkerError, match="ended with code 7; is there") as caught:
        worker.call("fit", [[1]], [1], seconds=60)
    assert not isinstance(caught.value, OutOfTimeError)
    assert worker.call("get_params", seconds=60) == {"slow_above": 0}


def test_what_an_estimator_prints_is_no_answer(worker):
    worker.hold(own_estimators.Prints())
    fitted = worker.call("fit", [[1], [2]], [0, 1], seconds=60)
    assert fitted.predict_proba([[1]]).tolist() == [[0.5, 0.5]]


def test_what_cannot_be_read_is_an_error_and_the_next_answer_is_in_its_place(worker):
    worker.hold(own_estimators.ReturnsWhatCannotBeRead())
    with pytest.raises(WorkerError, match=r"what it returned cannot be read \(KeyError\)"):
        worker.call("fit", [[1]], [1], seconds=60)
    assert worker.call("get_params", seconds=60) == {"slow_above": 0}


def test_what_is_fitted_beside_other_work_ends_when_that_fails():
    started, ended = threading.Event(), []

    def hang():
        worker.hold(own_estimators.Hangs())
        worker.call("get_params", seconds=60)
        started.set()
        try:
            worker.call("fit", [[1]], [1], seconds=600)
        except OSError as error:
            ended.append(str(error))

    def interrupt(worker):
        with beside(hang, worker.stop):
            started.wait(60)
            time.sleep(0.2)  # for the fit to begin
            raise KeyboardInterrupt

    with Worker("hybrid_zoo.tuning.baseline_task") as worker:
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupt(worker)
        assert time.monotonic() - start < 60
        assert "was stopped" in ended[0]
        with pytest.raises(OSError, match="was stopped"):
            worker.call("get_params", seconds=60)
    with worker:  # entered again, it answers again
        worker.hold([1])
        assert worker.call("count", 1, seconds=60) == 1


def test_an_error_of_what_is_done_beside_is_raised_where_it_is_waited_for():
    with (
        pytest.raises(ZeroDivisionError),
        beside(lambda: 1 / 0, lambda: None) as waited,
    ):
        waited.result()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups here")
def test_what_an_estimator_started_ends_with_it(worker, tmp_path):
    worker.hold(own_estimators.StartsAnother(str(tmp_path / "pid")))
    with pytest.raises(OutOfTimeError):
        worker.call("fit", [[1]], [1], seconds=3)
    assert _is_gone(int((tmp_path / "pid").read_text()))


SCRIPT = """
import sys
from hybrid_zoo.tuning.worker import Worker
print("ran", flush=True)
with Worker("hybrid_zoo.tuning.baseline_task") as worker:
    worker.hold([1])
    worker.call("count", 1, seconds=60)
    print(worker._process.pid, flush=True)
    sys.path.insert(0, sys.argv[1])
    from own_estimators import Hangs
    worker.hold(Hangs())
    worker.call("fit", [[1]], [1], seconds=600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
def test_a_script_without_main_runs_once_and_leaves_no_process_when_it_is_killed(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "script.py", os.path.dirname(own_estimators.__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout.readline() == "ran\n"
        pid = int(script.stdout.readline())
        script.kill()
    assert _is_gone(pid)


def _is_gone(pid):
    """Wait for at most ten seconds."""
    for _ in range(100):
        if not _runs(pid):
            return True
        time.sleep(0.1)
    return False


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return not status.stdout.startswith("Z")


def test_a_worker_knows_neither_keras_nor_tensorflow():
    code = """import sys, hybrid_zoo.tuning.baseline_task
print(sorted({'keras', 'tensorflow', 'pydantic'} & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
