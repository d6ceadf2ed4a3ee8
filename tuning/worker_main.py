"""A process beside another: it imports a module and answers calls until its input ends.

A message is 8 bytes of length and a pickle. A question is `(things, method, arguments, telling)`,
where `things` holds what to keep from now on, or nothing; an answer is `(True, value)` or
`(False, reason)`, and before it comes `(None, value)` for each value that a telling method tells.
"""

import os
import pickle
import signal
import sys
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from hybrid_zoo.pipelines.mapped import pickled

Answer = tuple[bool | None, Any]
_LONGEST_REASON = 200


def write_message(stream: IO[bytes], content: Any) -> None:
    """Write one message.

    Args:
        stream: Where to.
        content: Anything that pickles.
    """
    message = pickled(content)
    stream.write(len(message).to_bytes(8, "big"))
    stream.write(message)
    stream.flush()


def read_message(stream: IO[bytes]) -> Any:
    """Read one message.

    Args:
        stream: Where from.

    Raises:
        EOFError: If the stream ended.
    """
    return pickle.loads(_read(stream))


def _read(stream: IO[bytes]) -> bytes:
    length = stream.read(8)
    message = stream.read(int.from_bytes(length, "big"))
    if not message:
        raise EOFError
    return message


def main() -> None:
    """Answer calls."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what an estimator prints is no answer
    module, *cores = sys.argv[1:]
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, map(int, cores))  # first, since libraries count cores when imported
    import_module(module)  # no limit counts it

    def tell(value: Any) -> None:
        write_message(answers, (None, value))

    write_message(answers, (True, None))
    questions: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(questions,), daemon=True).start()
    thing = None
    while True:
        try:
            things, method, arguments, telling = pickle.loads(questions.get())
            thing = things[0] if things else thing
            arguments = (*arguments, tell) if telling else arguments
            write_message(answers, (True, getattr(thing, method)(*arguments)))
        except Exception as error:  # noqa: BLE001  an estimator is anybody's, and so is its error
            write_message(answers, (False, _reason(error)))


def _listen(questions: "SimpleQueue[bytes]") -> None:
    """Take questions in, and end with whoever asks them, also in the middle of a fit."""
    try:
        while True:
            questions.put(_read(sys.stdin.buffer))
    except (EOFError, OSError):
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)  # with what an estimator may have started
        os._exit(0)


def _reason(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0][:_LONGEST_REASON]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


if __name__ == "__main__":
    main()
