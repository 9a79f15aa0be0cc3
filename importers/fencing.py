"""Fencing: a process that lost its lease while it was suspended writes nothing more.

A process that was suspended for longer than its lease lasts, as on a laptop that was shut, learns
late that another process took its work over. So each write checks first: those of
:mod:`pairlens.importers.store`, :mod:`pairlens.importers.safe_writes` and
:mod:`pairlens.importers.fo_internals` do, and whatever else replaces or deletes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pairlens.importers.errors import StateError

_SAFE_SECONDS = 30
"""Seconds after a renewal in which no other process can have taken over: a write need not ask."""


class Hold:
    """Something that this process holds as long as it renews it in time, such as a lease.

    Args:
        renew: renews it; returns whether it was still held
        lost: the message of the error where it was not
    """

    def __init__(self, renew: Callable[[], bool], lost: str) -> None:
        self._renew, self._message = renew, lost
        self._renewed, self._lost = _now(), False

    def renew(self) -> bool:
        """Renews it; returns whether it was still held."""
        now = _now()
        self._lost = not self._renew()
        self._renewed = now
        return not self._lost

    def check(self) -> None:
        """Checks that it is still held; renews it if the last renewal was long ago.

        Raises:
            StateError: if another process took it over
        """
        if not self._lost and _now() - self._renewed > _SAFE_SECONDS:
            self.renew()
        self.check_kept()

    def check_kept(self) -> None:
        """Checks that it was still held at the last renewal.

        Raises:
            StateError: if another process took it over
        """
        if self._lost:
            raise StateError(self._message)


_held: ContextVar[tuple[Hold, ...]] = ContextVar("_held", default=())


@contextmanager
def holding(hold: Hold) -> Iterator[None]:
    """Makes :func:`check_writing` check ``hold`` as well within the context."""
    before = _held.set((*_held.get(), hold))
    try:
        yield
    finally:
        _held.reset(before)


def check_writing() -> None:
    """Checks that this process still holds everything that this code runs under.

    Called before each write.

    Raises:
        StateError: if another process took one of the holds over
    """
    for one in _held.get():
        one.check()


def _now() -> float:
    """Seconds of a monotonic clock that goes on while the machine sleeps, if there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
