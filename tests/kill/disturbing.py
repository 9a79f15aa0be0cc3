"""What happens to a database while a command works in it, and how it is mended after that."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from pymongo import MongoClient

from tests.database import Server
from tests.kill.scenarios import make_sources
from tests.kill.trials import Trial, Trials
from tests.replicas import ReplicaSet

STOPPED = 5
"""Seconds for which a server is stopped."""


@dataclass(frozen=True)
class Disturbance:
    """What happens, and what makes the database whole again."""

    name: str
    begin: Callable[[], None]
    mend: Callable[[], None]


def of_server(server: Server) -> tuple[Disturbance, ...]:
    """What can happen to a server that is the only one."""

    def restart() -> None:
        server.kill()
        server.start()

    return Disturbance("killed", restart, lambda: None), _stopped(lambda: server)


def of_set(replicas: ReplicaSet) -> tuple[Disturbance, ...]:
    """What can happen to a replica set."""
    killed: list[Server] = []

    def kill() -> None:
        killed.append(replicas.primary)
        killed[0].kill()

    def mend() -> None:
        if killed:
            killed.pop().start()
        replicas.wait_until_whole()

    stopped = _stopped(lambda: replicas.primary)

    def go_on() -> None:
        stopped.mend()
        replicas.wait_until_whole()

    return (
        Disturbance("stepped down", replicas.step_down, mend),
        Disturbance("killed", kill, mend),
        Disturbance("stopped", stopped.begin, go_on),
    )


def _stopped(chosen: Callable[[], Server]) -> Disturbance:
    timers: list[Timer] = []

    def pause() -> None:
        server = chosen()
        server.pause()
        timers.append(Timer(STOPPED, server.go_on))
        timers[-1].start()

    def go_on() -> None:
        for timer in timers:
            timer.join()

    return Disturbance("stopped", pause, go_on)


@contextmanager
def trials_in(uri: str, base: Path) -> Iterator[Trials]:
    """A process that runs commands in a database, and what they read."""
    base.mkdir(parents=True, exist_ok=True)
    client: Any = MongoClient(uri)
    made = Trials(base / "work", base / "source", client, uri)
    make_sources(made)
    try:
        yield made
    finally:
        made.close()
        client.close()


def tried(trial: Trial, disturbance: Disturbance, count: int, seed: str) -> list[str]:
    """What differs after a disturbance at some of a command's writes, in lines."""
    name = trial.scenario.name
    rng = random.Random(f"{seed}:{name}:{disturbance.name}")
    lines: list[str] = []
    for point in rng.sample(range(1, trial.points + 1), min(count, trial.points)):
        try:
            found = trial.disturbed_at(point, disturbance.begin)
        finally:
            disturbance.mend()
        place = f"{name}, {disturbance.name} at {point} of {trial.points}"
        lines += [f"{place}: {difference}" for difference in found]
    return lines
