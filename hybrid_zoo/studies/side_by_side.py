"""The networks of a study, trained side by side in processes of their own."""

import logging
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras

from hybrid_zoo.studies.beside import beside
from hybrid_zoo.studies.doctor.machine import memory, usable_cores
from hybrid_zoo.studies.entries import Entry
from hybrid_zoo.studies.networks import enter_network
from hybrid_zoo.studies.round import Round
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.worker import Worker, WorkerError

PROCESSES = 2  # the hybrid, which holds every encoder, takes as long as all others together
ROWS = 500
"""Rows of all fits of one network from which processes are worth their start."""
MEMORY = 6e9
"""Bytes that the machine must have: each process takes one or two thousand million of them."""

log = logging.getLogger("hybrid_zoo")


def are_worth_it(networks: Mapping[str, Network], rounds: Sequence[Round]) -> bool:
    """Return whether networks are trained in processes of their own.

    It does not depend on what else runs on the machine, so that a study can be repeated.

    Args:
        networks: Name to network.
        rounds: All rounds.
    """
    rows = sum(len(r.train) * (r.trials * r.settings.folds + r.settings.seeds) for r in rounds)
    total, _ = memory() or (MEMORY, 0)  # not every system tells
    enough = usable_cores() >= PROCESSES and total >= MEMORY
    return len(networks) > 1 and rows >= ROWS and enough


class SideBySide:
    """Train two networks at a time, each on half of the cores, where that is worth it.

    A context manager, to be entered around all rounds.

    Args:
        networks: Name to network, the one that takes longest first.
        rounds: All rounds.

    Source:
        Own design, because a step of a network of series and columns is no faster on two cores
        than on one; one with pictures is, and gains less.
    """

    def __init__(self, networks: Mapping[str, Network], rounds: Sequence[Round]) -> None:
        self._networks = networks
        self._sent = _Sent(networks, rounds, keras.config.dtype_policy().name)
        parts = range(PROCESSES if are_worth_it(networks, rounds) else 0)
        self._workers = [Worker(__name__, _allowed()[part::PROCESSES]) for part in parts]
        self._entered = ExitStack()

    def __enter__(self) -> "SideBySide":
        for worker in self._workers:
            self._entered.enter_context(worker).hold(self._sent)
        return self

    def __exit__(self, *_: object) -> None:
        self._entered.close()

    def enter(self, this: Round) -> dict[str, Entry]:
        """Enter every network in a round.

        Args:
            this: One of the rounds.

        Returns:
            Name to entry, in the order of the networks; of those that were trained elsewhere only
            the first has its model. What another process cannot do is done in this one.
        """
        waiting, found = deque(self._networks), dict[str, Entry]()
        with ExitStack() as stack:
            works = [
                stack.enter_context(beside(partial(self._work, worker, waiting, this), worker.stop))
                for worker in tuple(self._workers)
            ]
            for work in works:
                found |= work.result()
        return {
            name: found.get(name) or enter_network(name, network, this)
            for name, network in self._networks.items()
        }

    def _work(self, worker: Worker, waiting: deque[str], this: Round) -> dict[str, Entry]:
        """Let a process enter networks for as long as any wait."""

        def hear(told: tuple[str, float, float]) -> None:
            name, network = told[0], self._networks[told[0]]
            network.tracing, network.fitting = told[1:]
            this.on_fit(name)

        found: dict[str, Entry] = {}
        while name := _taken(waiting):
            try:
                found[name] = worker.call("enter", name, this.number, tell=hear)
            except (WorkerError, OSError) as error:
                log.warning("%s is not trained in a process of its own: %s", name, error)
                self._workers.remove(worker)
                break
        return found


@dataclass(frozen=True)
class _Sent:
    """What each process holds.

    Args:
        networks: Name to network.
        rounds: All rounds.
        policy: Keras's global dtype policy.
    """

    networks: Mapping[str, Network]
    rounds: Sequence[Round]
    policy: str

    def enter(self, name: str, number: int, tell: Callable[[Any], None]) -> Entry:
        """Enter a network in a round; of each fit are told name, seconds of tracing and of all."""
        keras.config.set_dtype_policy(self.policy)
        network, is_first = self.networks[name], name == next(iter(self.networks))

        def on_fit(name: str) -> None:
            tell((name, network.tracing, network.fitting))

        this = replace(self.rounds[number], on_fit=on_fit)
        entry = enter_network(name, network, this)
        return entry if is_first else replace(entry, artifact=None)

    def __getstate__(self) -> dict[str, Any]:
        rounds = [replace(this, on_fit=_nobody) for this in self.rounds]
        return {**vars(self), "rounds": rounds}  # who listens is known in the first process alone


def _allowed() -> list[int]:
    """The cores that this process may use; empty where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _taken(waiting: deque[str]) -> str | None:
    """Take a name; several threads do, and one is too late for the last."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _nobody(name: str) -> None:
    """Stands for the listener of a round that is sent."""
