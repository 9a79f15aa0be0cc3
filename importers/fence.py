"""A fence before writes: what runs under a lease writes only while that lease is its own.

A process that stood still for longer than a lease lasts, as on a laptop that was shut, finds out
late that another took its work over. So it asks before it writes anything (the fencing of
distributed locks): writes of :mod:`pairlens.importers.store` and of
:mod:`pairlens.importers.fo_internals` do, and what else replaces or deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_checks: ContextVar[tuple[Callable[[], None], ...]] = ContextVar("_checks", default=())


def check() -> None:
    """Checks all leases under which this code runs; returns at once where they are surely its own.

    Raises:
        StateError: if another process took one of them over
    """
    for one in _checks.get():
        one()


@contextmanager
def before_writes(ask: Callable[[], None]) -> Iterator[None]:
    """Within it, :func:`check` calls a function as well.

    Args:
        ask: raises where nothing is to be written; called very often, and in threads that write
    """
    before = _checks.set((*_checks.get(), ask))
    try:
        yield
    finally:
        _checks.reset(before)
