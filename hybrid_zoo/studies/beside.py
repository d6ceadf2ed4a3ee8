"""Work that waits for another process, done beside the work of this one."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Found = TypeVar("Found")


@contextmanager
def beside(work: Callable[[], Found], stop: Callable[[], None]) -> Iterator["Future[Found]"]:
    """Start work in a thread of its own, and see to it that the thread ends.

    Args:
        work: What is done; it should wait more than it computes.
        stop: Makes `work` return or raise soon; called if what is done meanwhile raises.

    Yields:
        What waits for the work, `result()`, and returns what it found or raises what it raised.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        try:
            yield future
        except BaseException:
            stop()
            raise
