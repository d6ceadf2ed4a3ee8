"""Calls that may run for ever or take their process down, in a process that may be ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import TIMEOUT_MAX, Timer
from typing import IO, Any, cast

from hybrid_zoo.tuning.worker_main import Answer, read_message, write_message

START_SECONDS = 300  # on a busy machine the imports alone may take a minute
_MAIN = "hybrid_zoo.tuning.worker_main"


class WorkerError(Exception):
    """A call did not return; the message says why, as the end of a sentence."""


class OutOfTimeError(WorkerError):
    """A call reached its limit and was ended."""


class Worker:
    """A process that holds one object and calls its methods, replaced when it has to be ended.

    A context manager: the process starts on entering, beside whatever is done before the first
    call, and is gone on leaving. It is gone, too, as soon as the process that started it is.

    Args:
        module: Imported before the first call, so that no limit counts what that takes.
        cores: Numbers of those that the process may use, where the system lets one choose; none
            for all.

    Source:
        Own design, because a fit inside C cannot be interrupted. The pools at hand
        (concurrent.futures, loky) send their data anew with every call, run the user's script a
        second time, or go on fitting when the program that asked is no more.
    """

    def __init__(self, module: str, cores: Sequence[int] = ()) -> None:
        self._call = [sys.executable, "-P", "-m", _MAIN, module, *map(str, cores)]
        self._thing: Any = None
        self._ready = self._sent = self._timed_out = self._stopped = False

    def __enter__(self) -> "Worker":
        self._stopped = False
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def hold(self, thing: Any) -> None:
        """Say whose methods are called from now on.

        Args:
            thing: Anything that pickles; it is sent once, not with every call.
        """
        self._thing, self._sent = thing, False

    def wait(self) -> None:
        """Wait until the process is ready, so that no limit counts its start.

        Raises:
            OSError: If it does not start.
        """
        if self._ready:
            return
        self._ready = self._within(START_SECONDS, self._answer) is not None
        if not self._ready:
            raise OSError(f"A process beside this one does not start. Try: {' '.join(self._call)}")

    def call(
        self,
        method: str,
        *arguments: Any,
        seconds: float = TIMEOUT_MAX,
        tell: Callable[[Any], None] | None = None,
    ) -> Any:
        """Call a method of what is held.

        Args:
            method: Its name.
            arguments: Anything that pickles.
            seconds: The limit; the start of a process does not count.
            tell: Called here with whatever the method passes, before it returns, to a further
                last argument that it then gets.

        Returns:
            What the method returns.

        Raises:
            OutOfTimeError: If the limit was reached.
            WorkerError: If the method raised, or the process ended.
            OSError: If the process does not start, or was stopped.
        """
        if seconds <= 0:
            raise OutOfTimeError("reached its limit")
        self.wait()
        self._go_on()
        things = () if self._sent else (self._thing,)
        question = things, method, arguments, tell is not None
        answer = self._within(seconds, lambda: self._ask(question, tell))
        if answer is None:
            self._replace()
        done, value = answer or (False, None)
        self._sent = bool(done)
        if not self._sent:
            raise WorkerError(value)
        return value

    def stop(self) -> None:
        """End a call that another thread waits for, and answer no further one."""
        self._stopped = True
        self._kill()

    def _go_on(self) -> None:
        if self._stopped:
            raise OSError("The process beside this one was stopped.")

    def _start(self) -> None:
        # Modules beside the user's script are found there, too; -P: the folder where the user
        # happens to be is not searched first.
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
        self._process = subprocess.Popen(
            self._call,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # what an estimator starts ends with it; Ctrl-C is not for it
        )
        self._ready = self._sent = False

    def _end(self) -> None:
        self._kill()
        self._process.communicate()

    def _kill(self) -> None:
        self._process.kill()
        if hasattr(os, "killpg") and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # it was alone
                os.killpg(self._process.pid, signal.SIGKILL)

    def _within(self, seconds: float, ask: Callable[[], Answer]) -> Answer | None:
        """Return the answer, or None if the process ended, or was ended, before it."""
        self._timed_out = False
        timer = Timer(seconds, self._time_out)
        timer.start()
        try:
            answer = ask()
        except (EOFError, OSError):
            return None
        finally:
            timer.cancel()
            timer.join()
        return None if self._timed_out else answer  # ended in the moment after it answered

    def _time_out(self) -> None:
        self._timed_out = True
        self._kill()

    def _ask(self, question: Any, tell: Callable[[Any], None] | None) -> Answer:
        write_message(cast(IO[bytes], self._process.stdin), question)
        while (answer := self._answer())[0] is None and tell is not None:
            tell(answer[1])
        return answer

    def _answer(self) -> Answer:
        try:
            return read_message(cast(IO[bytes], self._process.stdout))
        except (EOFError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  an estimator is anybody's, as is how it unpickles
            return False, f"what it returned cannot be read ({type(error).__name__})"

    def _replace(self) -> None:
        """Start a new process and say what became of the old one."""
        self._go_on()
        self._end()
        code = self._process.returncode
        self._start()
        if self._timed_out:
            raise OutOfTimeError("reached its limit")
        raise WorkerError(f"its process ended with code {code}; is there enough memory?")
