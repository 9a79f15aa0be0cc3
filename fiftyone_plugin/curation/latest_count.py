"""Runs one count at a time and cancels those that a later one supersedes.

Filters change faster than a million pairs are counted. A superseded count would slow the grid's
own queries down, and could return after the one that is wanted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Condition, Lock
from typing import Any

from pymongo.errors import PyMongoError

from pairlens.importers import fo_internals


class Superseded(Exception):
    """A later count was requested."""


class CountRunner:
    """The counts of one panel."""

    def __init__(self) -> None:
        self._one, self._changing = Lock(), Condition()
        self._last = 0
        self._session: Any = None

    @contextmanager
    def run(self, wait: float = 0) -> Iterator[None]:
        """Within this context, a count runs, in the database session of :func:`session`.

        Earlier counts are cancelled.

        Args:
            wait: seconds before anything is counted, since the grid queries the database at the
                same time

        Raises:
            Superseded: if a later count was requested before this one ended
        """
        begin = time.monotonic() + wait
        with self._changing:
            self._last += 1
            mine = self._last
            self._changing.notify_all()
            self._end_running()
        with self._one:
            with fo_internals.database().client.start_session() as session:
                with self._changing:
                    self.check(mine)
                    self._session = session
                token = _now.set((self, mine, session, begin))
                try:
                    yield
                except PyMongoError:
                    self.check(mine)
                    raise
                finally:
                    _now.reset(token)
                    with self._changing:
                        self._session = None
            self.check(mine)

    def wait(self, mine: int, until: float) -> None:
        """Waits until a time, or until a later count is requested."""
        with self._changing:
            self._changing.wait_for(lambda: mine != self._last, until - time.monotonic())

    def check(self, mine: int) -> None:
        """Validates that no later count than number ``mine`` was requested."""
        if mine != self._last:
            raise Superseded

    def _end_running(self) -> None:
        if self._session is not None:
            # A database that refuses to end the session finishes the count.
            with suppress(PyMongoError):
                ended = [self._session.session_id]
                fo_internals.database().client.admin.command("killSessions", ended)


_now: ContextVar[tuple[CountRunner, int, Any, float] | None] = ContextVar("_now", default=None)


def session() -> Any:
    """The database session of the count that runs here; ``None`` outside of any count.

    Waits as long as the count is to wait: what is known already is told without.

    Raises:
        Superseded: if a later count was requested
    """
    now = _now.get()
    if now is None:
        return None
    counts, mine, found, begin = now
    counts.wait(mine, begin)
    counts.check(mine)
    return found
