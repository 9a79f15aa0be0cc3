"""Which process an unfinished thing belongs to, and whether it still does.

What a killed process leaves, such as the folder of an unfinished export, carries the name of its
owner: whoever comes next clears it if the owner is dead, and leaves it alone if it is alive or
works on another machine.

A process that stood still for longer than what it holds is kept for it, as on a laptop that was
shut, finds out late that another took its work over. So it asks before it writes anything (the
fencing of distributed locks): writes of :mod:`pairlens.importers.store`,
:mod:`pairlens.importers.safe_writes` and :mod:`pairlens.importers.fo_internals` do, and what else
replaces or deletes.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from pairlens.importers.errors import StateError

_SURE = 30
"""Seconds after a renewal in which nobody can have taken over what is held: a write need not ask.
"""


class Hold:
    """What this process holds as long as it renews it in time.

    Args:
        renew: renews it; gives whether it still was this process' own
        lost: the sentence that tells that it was not
    """

    def __init__(self, renew: Callable[[], bool], lost: str) -> None:
        self._renew, self._sentence = renew, lost
        self._renewed, self._lost = _now(), False

    def renew(self) -> bool:
        """Renews it; gives whether it still was this process' own."""
        now = _now()
        self._lost = not self._renew()
        self._renewed = now
        return not self._lost

    def check(self) -> None:
        """Checks that it was not lost; asks only where it was not renewed lately.

        Raises:
            StateError: if another process took it over
        """
        if not self._lost and _now() - self._renewed > _SURE:
            self.renew()
        self.check_kept()

    def check_kept(self) -> None:
        """As :meth:`check`, by what is known."""
        if self._lost:
            raise StateError(self._sentence)


_held: ContextVar[tuple[Hold, ...]] = ContextVar("_held", default=())


@contextmanager
def holding(hold: Hold) -> Iterator[None]:
    """Within it, :func:`check_writing` checks what is held as well."""
    before = _held.set((*_held.get(), hold))
    try:
        yield
    finally:
        _held.reset(before)


def check_writing() -> None:
    """Checks that this process still has all that this code runs under, before it writes.

    Raises:
        StateError: if another process took one of them over
    """
    for one in _held.get():
        one.check()


def _now() -> float:
    """Seconds, with those in which the machine slept where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def this_process() -> str:
    """A name for this process that no other process ever has, of letters, digits and ``-``."""
    return _named(os.getpid())  # which a forked process has one of its own of


def is_dead(owner: str) -> bool:
    """Whether a process that :func:`this_process` named has ended; ``False`` if unknown."""
    machine, _, process = owner.partition("-")
    number, _, started = process.partition("-")
    if machine != _machine() or not number.isdigit():
        return False
    now = _started(int(number))
    return now != started and not (now == "" and _is_hidden(int(number)))


@cache
def _named(number: int) -> str:
    return f"{_machine()}-{number}-{_started(number)}"


def _started(number: int) -> str:
    """When a process was started, in ticks since the machine was; ``""`` where there is none."""
    try:
        facts = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return ""
    # After the name of the program, which can hold anything.
    state, *others = facts.rpartition(")")[2].split()
    return "" if state in "ZX" else others[18]


def _is_hidden(number: int) -> bool:
    """Whether a process of another user runs: ``/proc`` may be mounted so that it does not show."""
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False  # one's own, and shown: it ended, and its parent has not asked for it


@cache
def _machine() -> str:
    """A digest of where numbers of processes are unique: this machine's run, and its container."""
    parts = [socket.gethostname()]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(file)
        try:
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text())
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
