"""One count at a time, and none that a later one has made needless.

Filters change faster than a million pairs are counted. A count that nobody waits for any more would
take the database from the grid, and could come back behind the one that is wanted.
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
    """A later count was asked for."""


class Turns:
    """The counts of one panel."""

    def __init__(self) -> None:
        self._one, self._changing = Lock(), Condition()
        self._last = 0
        self._session: Any = None

    @contextmanager
    def turn(self, wait: float = 0) -> Iterator[None]:
        """Within it, the only count, which :func:`session` can end; it ends those before it.

        Args:
            wait: seconds before anything is counted, for the grid, which asks at the same time

        Raises:
            Superseded: if a later count was asked for, before, meanwhile or right behind
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
        """Waits until a time, or a later count is asked for."""
        with self._changing:
            self._changing.wait_for(lambda: mine != self._last, until - time.monotonic())

    def check(self, mine: int) -> None:
        """Validates that the count of a number is the last that was asked for."""
        if mine != self._last:
            raise Superseded

    def _end_running(self) -> None:
        if self._session is not None:
            # A database that refuses counts to the end.
            with suppress(PyMongoError):
                ended = [self._session.session_id]
                fo_internals.database().client.admin.command("killSessions", ended)


_now: ContextVar[tuple[Turns, int, Any, float] | None] = ContextVar("_now", default=None)


def session() -> Any:
    """What queries of the count that has its turn run in; ``None`` outside of any.

    Waits as long as the count is to wait: what is known already is told without.

    Raises:
        Superseded: if a later count was asked for
    """
    now = _now.get()
    if now is None:
        return None
    turns, mine, found, begin = now
    turns.wait(mine, begin)
    turns.check(mine)
    return found
